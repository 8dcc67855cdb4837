"""The pages: every block of code is run, as a cell by the build of the site, or as an example by a test that takes it from its page."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from own_kernels import compiles, kernel

import pyloss

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


class Examples(NamedTuple):
    languages: set[str]
    tests: tuple[str, ...]


RUN_BY = {
    "README.md": Examples({"console", "cython", "python"}, ("tests/test_docs.py", "tests/peers/test_readme.py")),
    "docs/kernels.md": Examples({"c", "console", "cython", "python"}, ("tests/test_kernels_page.py",)),
    "docs/new-loss.md": Examples({"cython", "python", "toml"}, ("tests/test_docs_new_loss.py",)),
    "docs/score.md": Examples({"console", "python"}, ("tests/test_score_page.py",)),
    "docs/drop-ins/boosters.md": Examples({"python"}, ("tests/peers/test_boosters_page.py",)),
    "docs/drop-ins/dask.md": Examples({"python"}, ("tests/peers/test_dask_page.py",)),
    "docs/drop-ins/metrics.md": Examples({"python"}, ("tests/peers/test_metrics_page.py",)),
    "docs/drop-ins/scikit-learn.md": Examples({"python"}, ("tests/peers/test_sklearn_estimators.py",)),
    "docs/drop-ins/scipy.md": Examples({"python"}, ("tests/test_scipy_optimize.py",)),
    "docs/drop-ins/torch.md": Examples({"python"}, ("tests/peers/test_torch_adapter_page.py",)),
}
"""The pages that have examples, in which languages, and the tests that run these."""

FENCED = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<kind>[^`\n]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
CODE_DIRECTIVES = ("{code-block}", "{code}", "{sourcecode}", "{doctest}", "{testcode}")
TEXT = ("", "text")


class Block(NamedTuple):
    kind: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """All fenced blocks, those inside of directives too."""
    for match in FENCED.finditer(page):
        block = Block(match["kind"].strip(), match["text"])
        yield block
        if block.kind.startswith("{"):
            yield from blocks(block.text)


def is_example(block: Block) -> bool:
    """Whether a reader would run it, and the build of the site does not."""
    return block.kind.startswith(CODE_DIRECTIVES) if block.kind.startswith("{") else block.kind not in TEXT


def has_cells(page: str) -> bool:
    return any(block.kind.startswith("{code-cell}") for block in blocks(page))


def test_there_are_pages():
    assert len(PAGES) > 20
    assert sum(has_cells(path.read_text("utf-8")) for path in PAGES.values()) >= 3


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_code_is_run(name):
    page = PAGES[name].read_text("utf-8")
    languages = {block.kind for block in blocks(page) if is_example(block)}
    assert languages == (RUN_BY[name].languages if name in RUN_BY else set())


@pytest.mark.parametrize("name", PAGES)
def test_cells_are_run_by_the_build(name):
    """Without such a heading a page is no notebook, and its cells are only shown."""
    page = PAGES[name].read_text("utf-8")
    assert has_cells(page) == page.startswith("---\nfile_format: mystnb\n")


def test_what_is_to_be_installed_is_an_extra_of_the_clone():
    """pyloss is on no index, where `pip install 'pyloss[cli]'` would find nothing. Programs say the same as pages."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    said = [path.read_text("utf-8") for path in (*PAGES.values(), *Path(pyloss.__file__).parent.rglob("*.py"))]
    wanted = [found for text in said for found in re.findall(r"pip install '(.*?)\[(.+?)\]", text)]
    assert len(wanted) > 5
    assert "pyloss" not in dict(wanted)
    assert {extra for package, names in wanted if package == "." for extra in names.split(",")} <= {*extras, "{extra}"}


@pytest.mark.parametrize("name", RUN_BY)
def test_the_tests_of_a_page_read_it(name):
    assert name in PAGES
    for test in RUN_BY[name].tests:
        assert f'"{Path(name).name}"' in (ROOT / test).read_text("utf-8"), f"{test} does not read {name}"


# README ----------------------------------------------------------------------------------------------------------------

README = PAGES["README.md"].read_text("utf-8")
CODE = list(filter(is_example, blocks(README)))
PYTHON = [block.text for block in CODE if block.kind == "python"]


def test_the_blocks_of_the_readme():
    """The last python block but one is run by tests/peers/test_readme.py."""
    assert [block.kind for block in CODE] == ["console", *["python"] * 4, "cython", "python"]


def test_the_commands_are_targets_of_make():
    commands = [line.split() for line in CODE[0].text.splitlines()]
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {command[0] for command in commands} == {"make"}
    assert {command[1] for command in commands} <= set(targets)


def test_ten_lines(capsys):
    scope = {}
    exec(PYTHON[0], scope)
    value, *weights = re.findall(r"-?[\d.]+", capsys.readouterr().out)
    assert float(value) == pytest.approx(scope["loss"](scope["y_true"], scope["x"] @ scope["weights"]), abs=0.01)
    np.testing.assert_allclose(np.array(weights, float), [1.0, -2.0, 0.5], atol=0.1)


def test_what_a_loss_can_do(rng):
    scope = {"pyloss": pyloss, "buffer": np.empty(50), "sample_weight": rng.random(50)}
    scope |= {"y_true": rng.normal(size=50), "y_pred": rng.normal(size=50)}
    truth, prediction = scope["y_true"].copy(), scope["y_pred"].copy()
    exec(PYTHON[1], scope)
    loss = scope["loss"]
    assert scope["value"] == loss(truth, prediction) == pyloss.reference.evaluate(loss, truth, prediction).value
    np.testing.assert_array_equal(scope["buffer"], loss.grad(truth, prediction))
    np.testing.assert_array_equal(scope["y_pred"], loss.grad(truth, prediction))


@compiles
def test_more_losses(rng, capsys):
    y_true, y_pred, other = rng.random(2000), rng.random(2000), pyloss.Accumulator([pyloss.MSE(), pyloss.RMSE()])
    other.update(y_true[1024:], y_pred[1024:])
    scope = {"pyloss": pyloss, "other": other, "kernel": kernel("huber"), "y_true": y_true, "y_pred": y_pred}
    scope |= {"y": rng.normal(size=9), "mean": rng.normal(size=9), "variance": rng.random(9), "bias": np.zeros(7)}
    scope |= dict(zip(("anchor", "positive", "negative"), rng.normal(size=(3, 9, 4)), strict=True))
    scope |= {"masks": rng.integers(0, 2, (3, 4, 5)), "probabilities": rng.random((3, 4, 5))}
    scope |= {"labels": rng.integers(0, 7, 9), "hidden": rng.normal(size=(9, 4)), "weight": rng.normal(size=(7, 4))}
    exec(PYTHON[2], scope)
    logits = scope["hidden"] @ scope["weight"].T
    assert scope["value"] == pytest.approx(pyloss.sparse_cce(scope["labels"], logits, from_logits=True), rel=1e-12)
    assert (scope["mse"], scope["rmse"]) == (pyloss.mse(y_true, y_pred), pyloss.rmse(y_true, y_pred))
    assert scope["loss"].name == "mine"
    assert "agree" in capsys.readouterr().out


def test_the_sketch_of_three_edits_is_taken_from_the_sources():
    """Its first lines are those of the point and the class of a loss."""
    for sketch, source in zip(CODE[-2:], ("csrc/points/robust.pxi", "pyloss/losses/robust.py"), strict=True):
        assert sketch.text.splitlines()[0].strip() in (ROOT / source).read_text("utf-8")
