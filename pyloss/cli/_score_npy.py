"""Arrays of .npy files in pieces: read into one buffer again and again, since pages of a memory map would count as resident."""

from collections.abc import Iterator
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Array = NDArray[Any]


class NpyReader:
    """One array, which is its only column. Nothing in it is ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.shape, self.by_columns, self.dtype = _header(path, file)
            self.start = file.tell()
        if self.dtype.hasobject:
            raise ValueError(f"{path} holds pickled Python objects, which are not loaded")
        if not self.shape or min(self.shape) < 0:
            raise ValueError(f"{path}: the array must have rows, got the shape {self.shape}")
        self.rows: int | None = self.shape[0]
        self._check_size()

    def _check_size(self) -> None:
        promised = self.start + prod(self.shape) * self.dtype.itemsize
        found = self.path.stat().st_size
        if found != promised:
            kind = "is cut short" if found < promised else "has bytes behind its array"
            raise ValueError(f"{self.path} {kind}: by its header it has {promised} bytes, and it has {found}")

    @property
    def samples(self) -> tuple[Array, ...]:
        return (np.empty((0, *self.shape[1:]), self.dtype),)

    def pieces(self, rows: int) -> Iterator[tuple[Array, ...]]:
        """The array in pieces of so many rows; each is gone when the next is there."""
        runs, length = (prod(self.shape[1:]), 1) if self.by_columns else (1, prod(self.shape[1:]))
        buffer = np.empty((runs, rows * length), self.dtype)
        with FileIO(self.path) as file:
            for first in range(0, self.shape[0], rows):
                count = min(rows, self.shape[0] - first)
                piece = buffer[:, : count * length]
                for number, run in enumerate(piece):
                    self._fill(file, (number * self.shape[0] + first) * length, run)
                yield (self._shaped(piece, count),)

    def _shaped(self, piece: Array, count: int) -> Array:
        tail = self.shape[1:]
        return piece.reshape(*tail[::-1], count).T if self.by_columns else piece.reshape(count, *tail)

    def _fill(self, file: FileIO, place: int, run: Array) -> None:
        """With the elements of the file that begin behind so many others."""
        file.seek(self.start + place * self.dtype.itemsize)
        rest = run.view(np.uint8).data
        while len(rest):
            count = file.readinto(rest)
            if not count:
                raise ValueError(f"{self.path} became shorter while it was read")
            rest = rest[count:]


def _header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether it is in Fortran order, and the dtype."""
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        version = npy.read_magic(file)
        if version not in headers:  # the only other one is for names of fields that are not in Latin-1
            raise ValueError(f"arrays of format {version} have fields")
        shape, by_columns, dtype = headers[version](file)
    except Exception as error:  # what garbage makes of NumPy's parser is not told
        raise ValueError(f"{path} is no .npy file that can be read: {error}") from None
    return shape, by_columns and len(shape) > 1, dtype
