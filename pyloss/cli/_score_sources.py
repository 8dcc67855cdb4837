"""What is scored, by role: where each array is, and all of them read side by side in the same pieces."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from pyloss import Loss
from pyloss._tallies import BLOCK

from ._score_npy import NpyReader
from ._score_tables import Column, CsvReader, Kind, ParquetReader, TableReader, listed

Array = NDArray[Any]
Reader = NpyReader | TableReader
Roles = Mapping[str, Array]

TRUTH, PREDICTION, WEIGHT, GROUP = "Y_TRUE", "Y_PRED", "--weights", "--by"
PIECE = 65_536
"""Elements of the largest array in a piece: all arrays of a piece stay in the cache from the file to the last loss."""


class Source(NamedTuple):
    """FILE or FILE:COLUMN."""

    path: Path
    ending: str
    column: str | None


def parse(text: str) -> Source:
    """The column begins behind the first ending that is known: a drive's colon, or one in a column's name, is none."""
    match = re.fullmatch(r"(.+?\.(npy|csv|parquet))(?::(.+))?", text, re.IGNORECASE | re.DOTALL)
    if not match:
        raise ValueError(f"{text!r} is no FILE.npy, FILE.csv, FILE.csv:COLUMN, FILE.parquet or FILE.parquet:COLUMN")
    name, ending, column = match.groups()
    source = Source(Path(name), ending.lower(), column)
    if source.ending == "npy" and column:
        raise ValueError(f"{name} has no columns, got {text!r}")
    if not source.path.is_file():
        raise FileNotFoundError(f"there is no file {name}")
    return source


class Table:
    """The columns of all readers, each under its role."""

    def __init__(self, sources: Mapping[str, Source], losses: list[Loss]) -> None:
        self._readers: list[Reader] = []
        self._places: dict[str, tuple[int, int]] = {}
        arrays = {role: source for role, source in sources.items() if source.ending == "npy"}
        for role, source in arrays.items():
            self._readers.append(NpyReader(source.path))
            self._places[role] = (len(self._readers) - 1, 0)
        labels = PREDICTION in arrays and any(loss.labels in ("maybe", "always") for loss in losses)
        self._open_tables({role: source for role, source in sources.items() if role not in arrays}, labels)
        self.rows = self._common_length()
        self.samples = self._by_role([reader.samples for reader in self._readers])

    def _open_tables(self, sources: Mapping[str, Source], labels: bool) -> None:
        """Each file once; but where a column of a .csv file is wanted both as numbers and as names, once for each."""
        kinds: dict[str, Kind] = {GROUP: "name", TRUTH: "label" if labels else "number"}
        asked: dict[tuple[Path, str, int], dict[str, Column]] = {}
        found: dict[str, tuple[tuple[Path, str, int], str]] = {}
        for role, source in sources.items():
            column = Column(source.column or _only_column(source), kinds.get(role, "number"))
            reading = 0
            while asked.setdefault((source.path, source.ending, reading), {}).setdefault(column.name, column) != column:
                reading += 1
            found[role] = (source.path, source.ending, reading), column.name
        first = len(self._readers)
        for (path, ending, _), columns in asked.items():
            self._readers.append((CsvReader if ending == "csv" else ParquetReader)(path, list(columns.values())))
        for role, (key, name) in found.items():
            self._places[role] = first + list(asked).index(key), list(asked[key]).index(name)

    def _common_length(self) -> int | None:
        """How many rows there are, as far as is known before they are read."""
        known = [reader for reader in self._readers if reader.rows is not None]
        for reader in known:
            if reader.rows != known[0].rows:
                raise _unequal((known[0], known[0].rows), (reader, reader.rows))
        return known[0].rows if known else None

    def _by_role(self, columns: list[tuple[Array, ...]]) -> dict[str, Array]:
        return {role: columns[reader][place] for role, (reader, place) in self._places.items()}

    def pieces(self) -> Iterator[dict[str, Array]]:
        """All columns in pieces of a multiple of 1024 rows, at which no loss can tell that they were cut."""
        widest = max(prod(sample.shape[1:]) for sample in self.samples.values())
        rows = max(1, PIECE // max(1, widest) // BLOCK) * BLOCK
        seen = 0
        for pieces in zip_longest(*(reader.pieces(rows) for reader in self._readers)):
            lengths = [0 if piece is None else len(piece[0]) for piece in pieces]
            if len(set(lengths)) > 1:
                self._refuse(lengths, seen)
            seen += lengths[0]
            yield self._by_role(list(pieces))
        if self.rows not in (None, seen):
            raise ValueError(f"{self._readers[0].path} has {seen} rows, and {self.rows} were expected")

    def _refuse(self, lengths: list[int], seen: int) -> None:
        shortest, longest = (self._readers[lengths.index(pick(lengths))] for pick in (min, max))
        raise _unequal((shortest, seen + min(lengths)), (longest, longest.rows or f"at least {seen + max(lengths)}"))


def _only_column(source: Source) -> str:
    reader = (CsvReader if source.ending == "csv" else ParquetReader)(source.path, [])
    if len(reader.names) != 1:
        names = listed(reader.names)
        raise ValueError(f"{source.path} has several columns: write {source.path}:COLUMN with one of {names}")
    return reader.names[0]


def _unequal(one: tuple[Reader, object], other: tuple[Reader, object]) -> ValueError:
    (first, rows), (second, others) = one, other
    return ValueError(f"the files must have equally many rows: {first.path} has {rows}, {second.path} has {others}")


def check_groups(sample: Array) -> None:
    """Before the first row is read."""
    if sample.ndim != 1 or sample.dtype.kind not in "biuUO":
        axes = "" if sample.ndim == 1 else f" in {sample.ndim} axes"
        raise ValueError(f"--by takes one integer or string for each row, got {sample.dtype}{axes}")
