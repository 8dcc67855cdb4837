"""The examples of docs/drop-ins/torch.md: taken from the page and run."""

import re
from pathlib import Path

import pytest

from pyloss.adapters import torch as ours

PAGE = (Path(__file__).parents[2] / "docs" / "drop-ins" / "torch.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SAID = ["1.0\n", "1.5600 torch.Size([2, 2])\n"]


@pytest.mark.parametrize(("example", "said"), list(zip(EXAMPLES, SAID, strict=True)))
def test_an_example(example, said, capsys):
    exec(compile(example, "torch.md", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out == said


def test_every_function_is_in_the_table():
    functions = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    own = {name for name in ours.__all__ if name.islower()} - {
        "nll_loss",
        "multi_margin_loss",
        "multilabel_margin_loss",
    }
    assert sorted(functions) == sorted(own)
