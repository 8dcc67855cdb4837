"""`pyloss score`: losses of files that need not fit into memory, all of them from one reading."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress

import pyloss
from pyloss import Accumulator, Loss
from pyloss._tallies import ReducedTally, Tally

from ._losses import parse as parse_loss
from ._score_groups import Groups
from ._score_report import Score, Scores
from ._score_sources import GROUP, PREDICTION, TRUTH, WEIGHT, Roles, Table, check_groups
from ._score_sources import parse as parse_source

INDEX = re.compile(r"(?<= at index )(\(?)(\d+)")
FAULTS = (ValueError, TypeError, IndexError, OSError, ImportError, MemoryError)
"""What a file or an argument can be the reason of."""


def score(
    y_true: str, y_pred: str, losses: Sequence[str], weights: str | None, by: str | None, most_groups: int
) -> Scores:
    """The losses of files, written as on the command line."""
    if not losses:
        raise ValueError("name at least one loss, as in --loss mse")
    named = {text: parse_loss(text) for text in losses}
    given = {TRUTH: y_true, PREDICTION: y_pred, WEIGHT: weights, GROUP: by}
    sources = {role: parse_source(text) for role, text in given.items() if text is not None}
    chosen = list(named.values())
    table = Table(sources, chosen)
    _rehearse(chosen, table)
    groups = Groups(chosen, most_groups) if by is not None else None
    with pyloss.threads(1):  # pieces are too small to be shared
        return _run(list(named), Accumulator(chosen), groups, table)


def _run(names: list[str], whole: "Accumulator[tuple[float, ...]]", groups: Groups | None, table: Table) -> Scores:
    rows = 0
    for piece in _watched(table):
        arrays = piece[TRUTH], piece[PREDICTION], piece.get(WEIGHT)
        try:
            whole.update(*arrays)
        except (ValueError, IndexError) as error:
            raise ValueError(_placed(str(error), rows)) from None
        if groups is not None:
            groups.update(piece[GROUP], arrays)
        rows += len(piece[PREDICTION])

    def named(count: int, values: tuple[float, ...]) -> Score:
        return Score(count, dict(zip(names, values, strict=True)))

    apart = {name: named(group.rows, group.results()) for name, group in groups.items()} if groups is not None else None
    return Scores(named(rows, whole.result()), apart)


def _rehearse(losses: list[Loss], table: Table) -> None:
    """On no rows: what is wrong with the losses, dtypes and shapes is said before anything is read."""
    samples = table.samples
    shape = samples[PREDICTION].shape
    for loss in losses:
        tally = _tally(loss)
        if isinstance(tally, ReducedTally) and not tally.step(shape):
            raise ValueError(
                f"{loss.name} is a loss of rows: Y_PRED must be an array of {max(2, len(shape))} axes or more, "
                "of which the first is that of the rows and no axis of classes"
            )
    try:
        Accumulator(losses).update(samples[TRUTH], samples[PREDICTION], samples.get(WEIGHT))
    except ValueError as error:
        rows = "rows" if table.rows is None else table.rows
        told = str(error).partition(": write ")[0]  # advice about arrays of no rows
        raise ValueError(told.replace("(0", f"({rows}")) from None
    if GROUP in samples:
        check_groups(samples[GROUP])


def _tally(loss: Loss) -> Tally[Any]:
    try:
        return loss._tally()
    except ValueError:
        if loss.family != "sorted":
            raise
        raise ValueError(
            f"{loss.name}: its errors are sorted together, and a file is read in pieces of rows: a case must lie in one row, "
            f"as in --loss {loss.name}:axis=1"
        ) from None


def _placed(message: str, before: int) -> str:
    """The index in a piece becomes that in the file."""
    return INDEX.sub(lambda found: f"{found[1]}{int(found[2]) + before}", message)


def _watched(table: Table) -> Iterator[Roles]:
    """The pieces, with a bar on the terminal, if there is one."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("scoring", total=table.rows)
        for piece in table.pieces():
            yield piece
            progress.advance(task, len(piece[PREDICTION]))
