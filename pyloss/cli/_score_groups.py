"""The losses of each group: rows wait until a group has a block of them, so that its result has the bits of one call."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyloss import Accumulator, Loss
from pyloss._tallies import BLOCK

Array = NDArray[Any]
Arrays = tuple[Any, ...]


class Group:
    """One group's losses, and its rows that wait."""

    def __init__(self, losses: list[Loss]) -> None:
        self._losses = Accumulator(losses)
        self._waiting: list[Arrays] = []
        self._count = self.rows = 0

    def take(self, arrays: Arrays, rows: Array) -> None:
        """Take in the rows of a piece that belong to the group."""
        self._waiting.append(_rows(arrays, rows))
        self._count += len(rows)
        self.rows += len(rows)
        if self._count >= BLOCK:
            self._add(self._count - self._count % BLOCK)

    def results(self) -> tuple[float, ...]:
        self._add(self._count)
        return self._losses.result()

    def _add(self, count: int) -> None:
        """The first of the rows that wait."""
        if not count:
            return
        truth, pred, weight = map(_joined, zip(*self._waiting, strict=True))
        self._losses.update(*_rows((truth, pred, weight), slice(count)))
        rest = np.arange(count, self._count)  # copied: a slice would keep all of the rows
        self._waiting, self._count = [_rows((truth, pred, weight), rest)], len(rest)


class Groups:
    """The groups by their values."""

    def __init__(self, losses: list[Loss], most: int) -> None:
        self._losses = losses
        self._codes = _Codes(most)
        self._groups: list[Group] = []

    def update(self, values: Array, arrays: Arrays) -> None:
        """Take in a piece: the group of each row, and the rows."""
        codes = self._codes.of(values)
        order = codes.argsort(kind="stable")
        self._groups += [Group(self._losses) for _ in range(len(self._codes) - len(self._groups))]
        ends = np.bincount(codes, minlength=len(self._groups)).cumsum()
        for group, rows in zip(self._groups, np.split(order, ends[:-1]), strict=True):
            if len(rows):
                group.take(arrays, rows)

    def items(self) -> list[tuple[str, Group]]:
        """In the order of the values."""
        return [(str(value), self._groups[code]) for value, code in sorted(self._codes.items())]


class _Codes(dict[Any, int]):
    """A small number for each value, given when it is first met."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, value: Any) -> int:
        if len(self) == self._most:
            raise ValueError(f"--by: there are more than {self._most} groups; --max-groups allows more")
        self[value] = code = len(self)
        return code

    def of(self, values: Array) -> Array:
        """Of 16 bits, which sort fastest."""
        return np.fromiter(map(self.__getitem__, values.tolist()), np.uint16, len(values))


def _rows(arrays: Arrays, rows: Any) -> Arrays:
    return tuple(None if array is None else array[rows] for array in arrays)


def _joined(parts: Arrays) -> Any:
    return None if parts[0] is None else np.concatenate(parts)
