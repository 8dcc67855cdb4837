"""Columns of .csv and .parquet files in pieces: with pyarrow, and .csv, slower, without it."""

import csv
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyloss.adapters._library import require

Array = NDArray[Any]
Kind = Literal["number", "label", "name"]
Batches = Iterator[tuple[Array, ...]]

FROM_TEXT: dict[Kind, Any] = {"number": np.float64, "label": np.int64, "name": object}

NUMBER = re.compile(
    r"[ \t]*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan))(?:(?<=nan)\(\w*\))?[ \t]*",
    re.ASCII | re.IGNORECASE,
)
"""What pyarrow takes for one: no 1_000, which Python does, but nan(1)."""
LABEL = re.compile(r"[ \t]*([+-]?\d+)[ \t]*", re.ASCII)
PLAIN_LABEL = "^-?[0-9]{1,18}$"
"""Nearly all labels are like this, and are read by pyarrow at once."""

MOST_NAMES = 30
PLAIN_ROWS = 8192
"""How many rows go from Python's own lists into arrays at a time."""


class Column(NamedTuple):
    """A column that is asked for, and as what."""

    name: str
    kind: Kind


class TableReader(ABC):
    """Some columns of a table."""

    rows: int | None = None

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.path, self.columns = path, tuple(columns)
        self.names = self._names()
        for column in columns:
            self._check(column.name)

    @abstractmethod
    def _names(self) -> list[str]:
        """Those of all columns of the file."""

    @property
    @abstractmethod
    def samples(self) -> tuple[Array, ...]:
        """The columns without a row: their dtypes."""

    @abstractmethod
    def _batches(self, rows: int) -> Batches:
        """The columns in pieces of any length."""

    def _check(self, name: str) -> None:
        count = self.names.count(name)
        if count != 1:
            found = "has no column" if not count else f"has {count} columns of the name"
            raise ValueError(f"{self.path} {found} {name!r}; its columns are {listed(self.names)}")

    def pieces(self, rows: int) -> Batches:
        """The columns in pieces of so many rows."""
        return recut(self._batches(rows), rows)

    def _told(self, error: Exception) -> ValueError:
        return ValueError(f"{self.path}: {error}")

    def _missing(self, column: Column, row: int) -> ValueError:
        return ValueError(f"{self.path}: column {column.name!r} has no value at index {row}")

    def _arrays(self, batches: Iterable[Any]) -> Batches:
        """From record batches of pyarrow."""
        before = 0
        for batch in batches:
            yield tuple(self._array(column, batch.column(column.name), before) for column in self.columns)
            before += batch.num_rows

    def _array(self, column: Column, values: Any, before: int) -> Array:
        if values.null_count:
            nulls = values.is_null().to_numpy(zero_copy_only=False)
            raise self._missing(column, before + int(np.argmax(nulls)))
        if hasattr(values, "dictionary_decode"):
            values = values.dictionary_decode()
        array: Array = values.to_numpy(zero_copy_only=False)
        return array


class ParquetReader(TableReader):
    """Only the pages of the columns are read."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._library = require("pyarrow", "files")
        try:
            self._file = require("pyarrow.parquet", "files").ParquetFile(path)
        except (self._library.ArrowException, OSError) as error:
            raise ValueError(f"{path} is no .parquet file that can be read: {error}") from None
        self.rows = self._file.metadata.num_rows
        super().__init__(path, columns)
        self._samples = tuple(map(self._sample, self.columns))

    def _names(self) -> list[str]:
        return list(self._file.schema_arrow.names)

    @property
    def samples(self) -> tuple[Array, ...]:
        return self._samples

    def _sample(self, column: Column) -> Array:
        types, held = self._library.types, self._file.schema_arrow.field(column.name).type
        value = held.value_type if types.is_dictionary(held) else held
        if column.kind == "name" and any(is_text(value) for is_text in _texts(types)):
            return np.empty(0, object)
        if types.is_integer(held) or types.is_floating(held) or types.is_boolean(held):
            return np.empty(0, held.to_pandas_dtype())
        rule = "integers or strings" if column.kind == "name" else "numbers"
        raise ValueError(f"{self.path}: column {column.name!r} must hold {rule}, got {held}")

    def _batches(self, rows: int) -> Batches:
        names = list(dict.fromkeys(column.name for column in self.columns))
        try:
            yield from self._arrays(self._file.iter_batches(batch_size=rows, columns=names))
        except (self._library.ArrowException, OSError) as error:
            raise self._told(error) from None


def _texts(types: Any) -> Iterable[Callable[[Any], bool]]:
    known = (getattr(types, name, None) for name in ("is_string", "is_large_string", "is_string_view"))
    return [is_text for is_text in known if is_text]


class CsvReader(TableReader):
    """A table with a line of names. Numbers are float64, class labels int64, groups are what is written there."""

    def _names(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            try:
                names = next(csv.reader(file), [])
            except (csv.Error, UnicodeDecodeError) as error:
                raise self._told(error) from None
        if not names:
            raise ValueError(f"{self.path}: there is no line of column names")
        return names

    @property
    def samples(self) -> tuple[Array, ...]:
        return tuple(np.empty(0, FROM_TEXT[column.kind]) for column in self.columns)

    def _batches(self, rows: int) -> Batches:
        """By pyarrow as far as it gets, the rest by Python's own reader: one of the two finds out what is wrong with a row, and where."""
        try:
            library, reader = require("pyarrow", "files"), require("pyarrow.csv", "files")
        except ImportError:
            yield from self._plain_batches()
            return
        before = 0
        try:
            for arrays in self._arrays(self._record_batches(library, reader)):
                yield arrays
                before += len(arrays[0])
        except (library.ArrowException, OSError):
            yield from self._plain_batches(before)

    def _record_batches(self, library: Any, reader: Any) -> Iterator[Any]:
        types = {"number": library.float64(), "label": library.string(), "name": library.string()}
        convert = reader.ConvertOptions(
            include_columns=[column.name for column in self.columns],
            column_types={column.name: types[column.kind] for column in self.columns},
            null_values=[""],
            strings_can_be_null=True,
        )
        parse = reader.ParseOptions(newlines_in_values=True)
        with reader.open_csv(self.path, parse_options=parse, convert_options=convert) as batches:
            yield from batches

    def _array(self, column: Column, values: Any, before: int) -> Array:
        if column.kind != "label":
            return super()._array(column, values, before)
        compute = require("pyarrow.compute", "files")
        if compute.all(compute.match_substring_regex(values, PLAIN_LABEL), skip_nulls=False).as_py():
            return super()._array(column, values.cast("int64"), before)
        array = super()._array(column, values, before)
        return np.array([self._value(column, text, before + row) for row, text in enumerate(array)], np.int64)

    def _plain_batches(self, before: int = 0) -> Batches:
        """All that comes behind so many rows."""
        places = [self.names.index(column.name) for column in self.columns]
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            lines = (line for line in csv.reader(file) if line)
            try:
                for _ in islice(lines, 1 + before):  # the names are a line, too
                    continue
                while batch := list(islice(lines, PLAIN_ROWS)):
                    yield tuple(
                        self._converted(batch, *asked, before) for asked in zip(self.columns, places, strict=True)
                    )
                    before += len(batch)
            except (csv.Error, UnicodeDecodeError) as error:
                raise self._told(error) from None

    def _converted(self, batch: list[list[str]], column: Column, place: int, before: int) -> Array:
        return np.array(
            [self._cell(line, column, place, before + row) for row, line in enumerate(batch)], FROM_TEXT[column.kind]
        )

    def _cell(self, line: list[str], column: Column, place: int, row: int) -> Any:
        if len(line) != len(self.names):
            raise ValueError(
                f"{self.path}: {len(line)} values at index {row}, where {len(self.names)} columns have names"
            )
        if not line[place]:
            raise self._missing(column, row)
        return self._value(column, line[place], row)

    def _value(self, column: Column, text: str, row: int) -> Any:
        if column.kind == "name":
            return text
        found = (NUMBER if column.kind == "number" else LABEL).fullmatch(text)
        if found and column.kind == "number":
            return float(found[1])
        if found and len(found[1]) <= 20 and -(2**63) <= int(found[1]) < 2**63:
            return int(found[1])
        rule = f"column {column.name!r} must hold {column.kind}s"
        raise ValueError(f"{self.path}: {rule}, got {text!r} at index {row}")


def listed(names: Sequence[str]) -> str:
    """As many as can be looked at; quoted, since a blank may be part of one."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(repr, names[:MOST_NAMES])) + more


def recut(batches: Batches, rows: int) -> Batches:
    """Pieces of so many rows from pieces of any length; the last one is what is left."""
    held: list[tuple[Array, ...]] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += len(batch[0])
        if count < rows:
            continue
        whole = _joined(held)
        cut = count - count % rows
        for first in range(0, cut, rows):
            yield tuple(array[first : first + rows] for array in whole)
        held, count = [tuple(array[cut:] for array in whole)], count - cut
    if count:
        yield _joined(held)


def _joined(held: list[tuple[Array, ...]]) -> tuple[Array, ...]:
    return held[0] if len(held) == 1 else tuple(map(np.concatenate, zip(*held, strict=True)))
