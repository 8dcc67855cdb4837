"""docs/drop-ins/metrics.md: its examples are run, by both libraries, and its list of functions is complete."""

import re
from pathlib import Path

import pytest

import pyloss.metrics

PAGE = (Path(__file__).parents[2] / "docs" / "drop-ins" / "metrics.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def said(code, capsys):
    exec(compile(code, "metrics.md", "exec"), {})
    return capsys.readouterr().out


def test_the_page_has_examples():
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example(code, capsys):
    """What it prints stands behind it in comments, and is what scikit-learn gives where the import line is changed back."""
    own = said(code, capsys)
    assert own.splitlines() == re.findall(r"print\(.*\)  # (.*)", code)
    if "Warning" not in code:  # which has another home there
        assert said(code.replace("from pyloss.metrics import", "from sklearn.metrics import"), capsys) == own


def test_all_functions_are_named():
    assert {name for name in pyloss.metrics.__all__ if name.islower()} <= set(re.findall(r"`(\w+)`", PAGE))
