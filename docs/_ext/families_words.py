"""What the docstring of a loss says, part by part."""

import re
from dataclasses import dataclass
from inspect import cleandoc

import pyloss
from pyloss import Loss

SENTENCE = re.compile(r"(?<=\.)\s+")
FORMULA = re.compile(
    r"(^|[:;,] |by z: )(value|gradients?|diagonal|second derivatives?) (?!and\b)|^(They are by p, where|The diagonal second)"
)
"""A sentence with what is typeset: it names the value or a derivative without an article, and then comes its formula."""
NAME = re.compile(r"`([^`]+)`")
CODE = re.compile(r"\b(y_true|y_pred|\w+=(\"\w+\"|[A-Z]\w+|\d+))(?!\w)")
"""What is code without being in backticks."""
PARAMETER = re.compile(r"^(\w+) : (.*), default (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Words:
    """A docstring without its formulas, which are typeset."""

    summary: str
    notes: tuple[str, ...]
    parameters: tuple[tuple[str, str, str], ...]
    """Name, what it may be, default."""
    reference: str


def words(loss: type[Loss]) -> Words:
    text, _, parameters = cleandoc(loss.__doc__ or "").partition("\n\nParameters\n----------\n")
    summary, *notes = text.split("\n\n")
    reference = notes.pop().removeprefix("Reference: ")
    kept = (_markdown(note, loss) for note in map(_without_formulas, notes) if note)
    found = tuple((match[1], match[2], match[3]) for match in PARAMETER.finditer(parameters))
    return Words(_markdown(summary, loss), tuple(kept), found, _in_one_line(reference))


def _in_one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _without_formulas(note: str) -> str:
    if note.startswith("- "):  # a list has no formulas of the whole loss
        return note
    return " ".join(sentence for sentence in SENTENCE.split(_in_one_line(note)) if not FORMULA.search(sentence))


def _markdown(text: str, loss: type[Loss]) -> str:
    """Code is marked as such, and names of other losses are links to them."""
    parts = NAME.split(text)  # every second one was in backticks
    parts[::2] = [CODE.sub(r"`\1`", part) for part in parts[::2]]
    parts[1::2] = [_linked(name, loss) for name in parts[1::2]]
    return "".join(parts)


def _linked(name: str, loss: type[Loss]) -> str:
    other = getattr(pyloss, name.partition("(")[0], None)
    if isinstance(other, type) and issubclass(other, Loss) and other.name and other is not loss:
        return f"[`{name}`](#loss-{other.name})"
    return f"`{name}`"
