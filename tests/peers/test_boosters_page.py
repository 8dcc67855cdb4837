"""The examples of docs/drop-ins/boosters.md, taken from the page and run; and what its figures are measured with."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "drop-ins" / "boosters.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SAID = [("xgboost", 0.9, 1.0), ("lightgbm", 0.6, 0.9), ("xgboost", 0.6, 0.9), ("catboost", 30, 50)]
"""The library of each, and the least and the most that it may print."""


def test_the_page_has_the_examples():
    assert len(EXAMPLES) == len(SAID)
    assert all(f"import {library}\n" in example for (library, *_), example in zip(SAID, EXAMPLES, strict=True))


@pytest.mark.parametrize(("said", "example"), list(zip(SAID, EXAMPLES, strict=True)))
def test_an_example(said, example, capsys):
    library, least, most = said
    exec(compile(example, library, "exec"), {})
    assert least <= float(capsys.readouterr().out) <= most


@pytest.fixture(scope="module")
def measuring():
    spec = importlib.util.spec_from_file_location("boosters", ROOT / "benchmarks" / "dropins" / "boosters.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["boosters"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["boosters"]


@pytest.mark.parametrize("library", ["XGBoost", "LightGBM", "CatBoost"])
def test_what_is_measured_agrees(measuring, library):
    """NumPy's objectives give the same, or there would be no row."""
    for name in measuring.CASES if library == "CatBoost" else measuring.EVERY:
        row = measuring.compare(library, name, rows=2000, rounds=2, repeats=1)
        assert re.fullmatch(rf"\| {library}, {name} (\| [\d.]+ m?s( \([\d.]+x\))? ){{4}}\|", row)
        assert row.split("|")[1] in PAGE
