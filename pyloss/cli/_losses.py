"""Losses as they are written on the command line: NAME, or NAME:parameter=value,parameter=value."""

import ast
import re
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from math import inf
from typing import Any

from pyloss import LOSSES, Loss

METRICS = {
    "brier_score_loss": "brier",
    "log_loss": "bce",
    "mean_absolute_error": "mae",
    "mean_pinball_loss": "pinball",
    "mean_squared_error": "mse",
    "mean_squared_log_error": "msle",
    "root_mean_squared_error": "rmse",
}
"""Names of `pyloss.metrics` that are those of a loss."""

NAMES = {
    **LOSSES,
    **{loss.__name__: loss for loss in LOSSES.values()},
    **{name: LOSSES[stem] for name, stem in METRICS.items()},
}
WORDS: dict[str, object] = {"true": True, "false": False, "none": None, "inf": inf, "infinity": inf}
"""What a shell's user writes without capitals; any other bare word is a string, so that reduction=sum needs no quotes."""


def parse(text: str) -> Loss:
    """One that a file can be scored with."""
    loss, arguments = read(text)
    if loss.predictions or loss.labels == "none":
        raise ValueError(f"{loss.name} compares several arrays of predictions, and Y_PRED is one")
    check_names(loss, arguments, [declared.name for declared in fields(loss)])
    if arguments.get("reduction", "mean") in (None, "none"):
        raise ValueError(f"{loss.name}: a score is one number, and reduction=none gives many")
    return loss(**arguments)


def read(text: str) -> tuple[type[Loss], dict[str, Any]]:
    """The loss and its parameters."""
    name, _, options = text.partition(":")
    if name not in NAMES:
        raise ValueError(f"there is no loss {name!r}{_near(name)}")
    return NAMES[name], _arguments(text, options)


def check_names(loss: type[Loss], arguments: Iterable[str], own: list[str]) -> None:
    for name in arguments:
        if name not in own:
            has = f"its parameters are {', '.join(own)}" if own else "it has none"
            raise ValueError(f"{loss.name} has no parameter {name!r}; {has}")


def _near(name: str) -> str:
    known = {spelt.lower(): spelt for spelt in reversed(NAMES)}
    near = [known[spelt] for spelt in get_close_matches(name.lower(), known)]
    return f"; did you mean {' or '.join(near)}?" if near else "; pyloss.LOSSES lists them all"


def _arguments(text: str, options: str) -> dict[str, Any]:
    """As the keywords of a call, so that values may hold commas: class_weight=(1,1,5)."""
    try:
        literals = re.sub(r"=\s*raise\b", "='raise'", options)  # the one word that Python does not take for a name
        given = _keywords(ast.parse(f"loss({literals})", mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise ValueError(f"a loss is NAME:parameter=value,parameter=value with literal values, got {text!r}") from None
    arguments = dict(given)
    if len(arguments) < len(given):
        raise ValueError(f"{text!r} gives a parameter twice")
    return arguments


def _keywords(call: ast.expr) -> list[tuple[str, Any]]:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise ValueError("not a list of keywords")
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** names no parameter")
    return [(str(keyword.arg), _value(keyword.value)) for keyword in call.keywords]


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return WORDS.get(node.id.lower(), node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _value(node.operand) == inf:
        return -inf
    return ast.literal_eval(node)
