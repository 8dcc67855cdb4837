"""What `pyloss score` found: as a table, and as JSON."""

import json
from math import isfinite
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 10_000
"""The columns of what is no terminal: a table that goes into a file is not folded."""


class Score(NamedTuple):
    """The losses of so many rows, under the names by which they were asked for."""

    rows: int
    losses: dict[str, float]


class Scores(NamedTuple):
    """Of all rows, and of each group, where there are groups."""

    whole: Score
    groups: dict[str, Score] | None


def to_json(scores: Scores) -> str:
    """One object. JSON has no nan and no infinities: they are strings."""
    answer = _jsonable(scores.whole)
    if scores.groups is not None:
        answer["groups"] = {name: _jsonable(score) for name, score in scores.groups.items()}
    return json.dumps(answer)


def _jsonable(score: Score) -> dict[str, Any]:
    losses = {name: value if isfinite(value) else str(value) for name, value in score.losses.items()}
    return {"rows": score.rows, "losses": losses}


def print_table(scores: Scores) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    console.print(_of_losses(scores.whole) if scores.groups is None else _of_groups(scores.whole, scores.groups))


def _of_losses(whole: Score) -> Table:
    """A line for each loss."""
    table = _table("loss", f"of {whole.rows} rows")
    for name, value in whole.losses.items():
        table.add_row(Text(name), _written(value))
    return table


def _of_groups(whole: Score, groups: dict[str, Score]) -> Table:
    """A line for each group, and the last for all rows."""
    table = _table("group", "rows", *whole.losses)
    for name, score in groups.items():
        table.add_row(Text(name), *_cells(score))
    table.add_section()
    table.add_row(Text("all rows", style="bold"), *_cells(whole))
    return table


def _cells(score: Score) -> list[str]:
    return [str(score.rows), *map(_written, score.losses.values())]


def _written(value: float) -> str:
    return f"{value:.10g}"


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for heading in others:
        table.add_column(Text(heading), justify="right", overflow="fold")
    return table
