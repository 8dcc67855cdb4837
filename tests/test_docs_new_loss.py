"""The example of docs/new-loss.md: its three edits are made in a copy of the tree, which is built, and the new loss is asked."""

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
EDITS = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
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
    for folder in ("csrc", "pyloss"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=not_sources)
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tree)
    for name, text in EDITS.items():
        with (tree / name).open("a") as file:
            file.write(f"\n\n{text}")
    environment = {**os.environ, "PYLOSS_LEVELS": "v2"}
    environment.pop("PYLOSS_CHECKED", None)
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def test_there_are_three_edits():
    assert [Path(name).parts[:2] for name in EDITS] == [
        ("csrc", "points"),
        ("pyloss", "losses"),
        ("pyloss", "reference"),
    ]


def test_the_new_loss(tree):
    environment = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYLOSS_ISA")}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(done.stdout.strip()) == tree / "pyloss" / "__init__.py"
