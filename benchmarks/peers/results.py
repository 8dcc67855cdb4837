"""What was measured: a line of JSON for each cell, and what they say about pyloss and the fastest of the others."""

import json
from collections.abc import Iterable
from contextlib import suppress
from math import exp, log
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]


CONDITIONS = ("build", "processor", "versions")
"""What cells must share to be comparable."""


def read_records(path: Path) -> list[Record]:
    """The last of each cell. A line that an interruption cut off is no record."""
    lines = path.read_text().splitlines() if path.exists() else []
    records = {}
    for line in lines:
        with suppress(json.JSONDecodeError):
            record = json.loads(line)
            records[record["threads"], record["level"], record["name"]] = record
    return list(records.values())


def of_one_run(records: list[Record]) -> list[Record]:
    """Those under the conditions of the last one."""
    return [record for record in records if all(record[name] == records[-1][name] for name in CONDITIONS)]


class Row(NamedTuple):
    """One cell: median seconds of pyloss, of the others by name, and of the memory floor."""

    threads: int
    level: str
    form: str
    call: str
    dtype: str
    size: str
    elements: int
    bytes: int
    pyloss: float
    peers: dict[str, float]
    floor: float

    @property
    def best(self) -> str:
        """The fastest of the others."""
        return min(self.peers, key=self.peers.__getitem__)

    @property
    def speed(self) -> float:
        """How many times as fast as that."""
        return self.peers[self.best] / self.pyloss

    @property
    def over_floor(self) -> float:
        return self.pyloss / self.floor


def row_of(record: Record) -> Row:
    peers = dict(record["seconds"])
    ours = peers.pop("pyloss")
    return Row(*(record[name] for name in Row._fields[:8]), ours, peers, min(record["floor"].values()))


def compared(records: Iterable[Record]) -> list[Row]:
    """The cells in which pyloss and one other at least have a time."""
    return [row_of(record) for record in records if "pyloss" in record["seconds"] and len(record["seconds"]) > 1]


def geometric_mean(rows: list[Row]) -> float:
    return exp(sum(log(row.speed) for row in rows) / len(rows))
