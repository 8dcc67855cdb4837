"""The example of docs/new-loss.md: its edits are made in a copy of the tree, which is built, and the tests that the page names are run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from own_kernels import compiles

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "new-loss.md").read_text("utf-8")
EDITS = re.findall(r"^```\w+\n# (\S+?)(?:, in (\w+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
"""Of each a file, the name of a list in it or nothing, and the text to be put there."""
USE = """
import numpy as np
import pyloss

y, p = np.random.default_rng(0).normal(size=(2, 2000))
for delta in (0.25, 1.0, 3.0):
    loss = pyloss.ReverseHuber(delta=delta)
    truth = pyloss.reference.evaluate(loss, y, p)
    given = (*loss.value_and_grad(y, p), loss.grad_and_hess(y, p)[1])
    for ours, expected in zip(given, truth, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-14)
    assert pyloss.check(loss, y, p)
    assert pyloss.reverse_huber(y, p, delta=delta) == loss(y, p)
    assert np.isnan(loss.grad_and_hess([0.0], [np.nan])).all()
print(pyloss.__file__)
"""

pytestmark = [compiles, pytest.mark.large, pytest.mark.optimized]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The sources with the edits, built for one ISA level: a minute or two."""
    tree = tmp_path_factory.mktemp("tree")
    not_sources = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    for folder in ("csrc", "pyloss", "tests", "docs/_ext", "docs/formulas"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=not_sources)
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tree)
    for name, place, text in EDITS:
        edit(tree / name, place, text)
    run(tree, "setup.py", "--quiet", "build_ext", "--inplace", PYLOSS_LEVELS="v2")
    return tree


def edit(path: Path, place: str, text: str) -> None:
    """At the beginning of a list, or at the end of the file."""
    before = path.read_text("utf-8")
    opening = f"{place} = [\n"
    assert not place or opening in before
    path.write_text(before.replace(opening, opening + text) if place else f"{before}\n\n{text}", "utf-8")


def run(tree: Path, *command: str, **variables: str) -> str:
    """What Python prints then, which sees no other pyloss than that of the tree."""
    kept = {
        name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYLOSS_ISA", "PYLOSS_CHECKED")
    }
    done = subprocess.run(
        [sys.executable, *command], cwd=tree, env=kept | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_three_edits_and_three_of_the_tests():
    assert [Path(name).parts[:2] for name, _, _ in EDITS] == [
        ("csrc", "points"),
        ("pyloss", "losses"),
        ("pyloss", "reference"),
        ("tests", "oracles_regression.py"),
        ("tests", "test_edges_kinks.py"),
        ("docs", "formulas"),
    ]


def test_the_new_loss(tree):
    """And its tests, with what the page tells them. Its row of the family's page is not there."""
    assert Path(run(tree, "-c", USE).strip()) == tree / "pyloss" / "__init__.py"
    of_it = "(reverse_huber or ReverseHuber) and not convex"
    for name in ("test_oracle", "test_edges_kinks", "test_formulas", "test_values"):
        printed = run(tree, "-m", "pytest", "-q", "-k", of_it, f"tests/{name}.py", PYTHONPATH=str(tree))
        assert re.search(r"^\d+ passed", printed, re.MULTILINE), name
