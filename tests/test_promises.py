"""docs/promises.md: every promise names its tests, and they are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "promises.md").read_text("utf-8")
PROMISES = re.findall(r"^\| (?!promise|---)(.+) \| (.+) \|$", PAGE, re.MULTILINE)


@cache
def names_in(file: str) -> list[str]:
    return [node.name for node in ast.parse((HERE / file).read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]


def test_the_page_makes_promises():
    assert len(PROMISES) > 30
    assert len(PROMISES) == PAGE.count("\n| ") - 2 * PAGE.count("\n| promise")


@pytest.mark.parametrize(("promise", "tests"), PROMISES, ids=range(len(PROMISES)))
def test_a_promise_has_tests(promise, tests):
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", tests)
    assert named, promise
    for file, test in named:
        assert test in names_in(file), f"{file} has no {test}"
