"""The examples of docs/score.md: taken from the page and run."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pyloss.cli.app import app

PAGE = (Path(__file__).parents[1] / "docs" / "score.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
EXAMPLES = [text.partition("\n") for language, text in BLOCKS if language == "console"]

pytestmark = pytest.mark.optimized  # files and tables: Python alone


def words(text: str) -> list[list[str]]:
    """Of each line: how wide columns are, and the rule below the headings, is the terminal's business."""
    lines = [line.split() for line in text.splitlines()]
    return [line for line in lines if set("".join(line)) - {"─"}]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for program in PROGRAMS:
        exec(program, {})


def test_the_page_has_the_examples():
    assert len(PROGRAMS) == 1
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize(("command", "output"), [(command, output) for command, _, output in EXAMPLES])
def test_an_example(command, output, folder):
    dollar, pyloss, *arguments = shlex.split(command)
    assert (dollar, pyloss) == ("$", "pyloss")
    result = CliRunner().invoke(app, arguments)
    if "--json" in arguments:
        assert json.loads(result.stdout) == json.loads(output)
    else:
        assert words(result.output) == words(output)
    assert result.exit_code == (2 if output.startswith("pyloss score: ") else 0)
