"""Losses as they are written on the command line: NAME, or NAME:parameter=value,parameter=value."""

import ast
import re
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from math import inf
from typing import Any

from pyloss import LOSSES, Loss

ALIASES = {"log_loss": "bce"}
WORDS: dict[str, object] = {"true": True, "false": False, "none": None, "inf": inf}
"""What a shell's user writes without capitals; any other bare word is a string, so that reduction=sum needs no quotes."""


def parse(text: str) -> Loss:
    name, _, options = text.partition(":")
    return _built(_class(name), _arguments(text, options))


def _class(name: str) -> type[Loss]:
    stem = ALIASES.get(name, name)
    if stem not in LOSSES:
        raise ValueError(f"there is no loss {name!r}{_near(name, [*LOSSES, *ALIASES])}")
    found = LOSSES[stem]
    if found.predictions or found.labels == "none":
        raise ValueError(f"{stem} compares several arrays of predictions, and Y_PRED is one")
    return found


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known)
    return f"; did you mean {' or '.join(near)}?" if near else "; pyloss.LOSSES lists them all"


def _arguments(text: str, options: str) -> dict[str, Any]:
    """As the keywords of a call, so that values may hold commas: class_weight=(1,1,5)."""
    try:
        literals = re.sub(r"=\s*raise\b", "='raise'", options)  # the one word that Python does not take for a name
        given = _keywords(ast.parse(f"loss({literals})", mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise ValueError(
            f"--loss takes NAME:parameter=value,parameter=value with literal values, got {text!r}"
        ) from None
    arguments = dict(given)
    if len(arguments) < len(given):
        raise ValueError(f"--loss {text!r} gives a parameter twice")
    return arguments


def _keywords(call: ast.expr) -> list[tuple[str, Any]]:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise ValueError("not a list of keywords")
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** names no parameter")
    return [(str(keyword.arg), _value(keyword.value)) for keyword in call.keywords]


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return WORDS.get(node.id, node.id)
    return ast.literal_eval(node)


def _built(loss: type[Loss], arguments: dict[str, Any]) -> Loss:
    own = [declared.name for declared in fields(loss)]
    for name in arguments:
        if name not in own:
            raise ValueError(f"{loss.name} has no parameter {name!r}; its parameters are {', '.join(own)}")
    if arguments.get("reduction", "mean") in (None, "none"):
        raise ValueError(f"{loss.name}: a score is one number, and reduction=none gives many")
    return loss(**arguments)
