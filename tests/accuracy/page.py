"""docs/accuracy.md, made from the records."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from oracle_ulps import PLACES

from accuracy import exceptions, functions, record
from accuracy.losses import gate

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
PRECISIONS = ("float32", "float64")
LEVELS = ("v2", "v3", "v4")
HEAD = """# Accuracy

The worst errors measured, in units in the last place (ULP) of the correctly rounded result. `make accuracy` measures them
again and writes this page and the records in `tests/accuracy/`, in which a figure may only become smaller; `make test` asks again what
was worst, and a sample of the functions.{missing}

## Losses

Value, gradient and Hessian of single elements, rows or cases, in every form of a loss: other parameters, labels and probabilities,
logits. The worst over the levels {levels}. The truth is computed with mpmath in 100 digits from the floats as they are, and
confirmed in 200; the points are random numbers of all sizes, tails, denormals, and kinks and ends of domains with their neighbours. A
result that is a sum of terms of both signs is measured in units of the sum of their absolute values (`tests/oracle_ulps.py` says for
which, and how). The values of losses of a whole case (Dice, RMSE and their like) are float64 in both precisions.

The gates are 2 ULP in float32 and 4 ULP in float64, for Hessians 4 and 6, and for values of a whole case 1e-14. What exceeds them is
in **bold**, and explained below.

"""
FUNCTIONS = """
## Vector functions

The functions that the losses are made of, over all 2^32 floats (in the function's domain), and over random doubles with the
borders. The truth is computed in float64 for float32, and in 80-bit numbers for float64. The gate is 1.5 ULP, for erf and
log_of_factorial 2; softplus and sigmoid are value and gradient of a loss, and have the gates of losses. What exceeds them is in **bold**.

"""


def levels_of(record_of: record.Tree) -> tuple[str, ...]:
    """Those that something has been measured at."""
    found = {level for entry in record_of.values() for by_level in entry.values() for level in by_level}
    return tuple(sorted(found))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def worst_of_levels(by_level: record.Tree, place: str) -> float | None:
    found = [entry[place]["ulp"] for entry in by_level.values() if place in entry]
    return max(found, default=None)


def cell(number: float | None, bold: bool) -> str:
    if number is None:
        return ""
    return f"**{number:.2f}**" if bold else f"{number:.2f}"


def figure(ulp: float, limit: float) -> str:
    return f"**{ulp:.3f}**" if ulp > limit else f"{ulp:.3f}"


def loss_rows(losses: record.Tree) -> Iterator[list[str]]:
    for stem, by_precision in sorted(losses.items()):
        cells = [f"`{stem}`"]
        for precision in PRECISIONS:
            for place in PLACES:
                number = worst_of_levels(by_precision.get(precision, {}), place)
                cells.append(cell(number, number is not None and number > gate(stem, place, precision)))
        yield cells


def function_rows(measured: record.Tree) -> Iterator[list[str]]:
    for name in functions.NAMES:
        cells = [f"`{name}`"]
        for precision in PRECISIONS:
            by_level: dict[str, Any] = measured.get(name, {}).get(precision, {})
            limit = functions.gate(name, precision)
            cells += [figure(by_level[level]["ulp"], limit) if level in by_level else "not run" for level in LEVELS]
            counts = {entry["count"] for entry in by_level.values()}
            cells.append(f"{max(counts):,}" if counts else "")
        yield cells


def page() -> str:
    losses, measured = record.read(record.LOSSES), record.read(record.FUNCTIONS)
    levels = levels_of(losses)
    absent = ", ".join(level for level in LEVELS if level not in levels)
    missing = f" Of these levels of the processor's instructions nothing has been run: {absent}." if absent else ""
    head = ["loss", *(f"{precision} {place}" for precision in PRECISIONS for place in PLACES)]
    text = HEAD.format(levels=", ".join(levels), missing=missing) + table(head, loss_rows(losses))
    text += "\n" + "".join(f"- {line}\n" for line in exceptions.lines())
    head = ["function", *(f"{p} {x}" for p in PRECISIONS for x in (*LEVELS, "numbers"))]
    text += FUNCTIONS + table(head, function_rows(measured))
    return text + "\n" + "".join(f"- {line}\n" for line in exceptions.lines_of_functions())
