"""Losses of data that come piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _errors
from ._tallies import Tally, common_step

if TYPE_CHECKING:
    from ._loss import Loss
    from ._sum import Sum

PIECE = 131_072
"""How many elements go through all losses while they are in the cache."""

Arrays = tuple[Any, Any, Any]
Result = TypeVar("Result")


class Accumulator(Generic[Result]):
    """The losses of a stream of data, or of data in many places: `update` takes a piece in, `merge` what another one has seen.

    `result()` is what the losses of all the data at once are. Sums are kept exactly, so the order of updates and merges does not
    matter; and where data are cut at multiples of 1024 rows, the result has the same bits as that of one call on the whole. An
    accumulator takes a few kilobytes for each loss whatever it has seen, and can be pickled (if its losses can: those of `from_kernel`
    cannot). So a cluster sends accumulators, not data.

    An update of any size takes its arrays through all losses some 131,072 elements at a time, so that they come from memory once: a whole
    `np.memmap` may be given. It costs some microseconds more than the losses themselves, which pieces of 10,000 rows and more do not feel.
    An error leaves the accumulator as it was. Several threads may update one accumulator.

    Where a loss is one of rows, a piece has two axes or more, also that of one row: of one axis it is a whole. Rows that lie along the
    first axis have one length in all pieces.
    Totals such as `RMSE` and `Dice` are those of all data. Where a total has an `axis`, a case lies in one row (the first axis is not
    summed over), or it goes on through all rows: then the cases of all updates have one shape, and each takes some kilobytes of its own.
    Products of weights and values are added up as they are: where they leave the range of floats, the mean is lost.
    `Lovasz` must have its cases in rows; `NTXent` and `InfoNCE`, which compare the rows of a batch, have no accumulator.

    Parameters
    ----------
    losses : loss, or sequence of losses
        With reductions other than "none". For one loss alone `result()` is a float, for a sequence a tuple of floats in its order.

    Raises
    ------
    TypeError
        for what is no loss of pyloss, for a loss that cannot be added up, and for merging with something else.
    ValueError
        for reduction="none", for merging with an accumulator of other losses, and all that the losses raise.
    """

    __slots__ = ("_alone", "_lock", "_losses", "_tallies")

    @overload
    def __init__(self: "Accumulator[float]", losses: "Loss | Sum") -> None: ...
    @overload
    def __init__(self: "Accumulator[tuple[float, ...]]", losses: "Sequence[Loss | Sum]") -> None: ...
    def __init__(self, losses: "Loss | Sum | Sequence[Loss | Sum]") -> None:
        self._alone = hasattr(losses, "_tally")
        given = [losses] if self._alone else losses
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise TypeError(f"Accumulator: losses must be a loss or a sequence of losses, got {given!r}")
        self._losses: tuple[Any, ...] = tuple(given)
        if not self._losses:
            raise ValueError("Accumulator: losses must hold at least one loss")
        self._tallies = [_tally(k, loss) for k, loss in enumerate(self._losses)]
        self._lock = Lock()

    @property
    def losses(self) -> "tuple[Loss | Sum, ...]":
        """The losses that are added up."""
        return self._losses

    def update(self, y_true: ArrayLike | None, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Take a piece of the data in."""
        fresh = [tally.fresh() for tally in self._tallies]
        arrays = (y_true, y_pred, sample_weight)
        try:
            for piece in _pieces(fresh, arrays):
                for tally in fresh:
                    tally.add(*piece)
        except (ValueError, IndexError, TypeError, RuntimeError):
            for tally in self._tallies:
                tally.fresh().add(*arrays)  # which names the argument, and the first offence by its place in the whole
            raise
        self._merge(fresh)

    def merge(self, other: "Accumulator[Result]") -> None:
        """Take in what another accumulator of the same losses has seen. The other stays as it is; merged with itself, all counts twice."""
        if not isinstance(other, Accumulator):
            raise TypeError(f"Accumulator: only an accumulator can be merged, got {other!r}")
        if other._losses != self._losses:
            raise ValueError(f"Accumulator: only one of the same losses can be merged, got {other!r} for {self!r}")
        self._merge(other._tallies)

    def result(self) -> Result:
        """The value of the loss of all data so far; a tuple of values where there is a sequence of losses."""
        values = tuple(tally.value() for tally in self._tallies)
        return values[0] if self._alone else values  # type: ignore[return-value]

    def __repr__(self) -> str:
        inside = repr(self._losses[0]) if self._alone else f"[{', '.join(map(repr, self._losses))}]"
        return f"Accumulator({inside})"

    def __getstate__(self) -> dict[str, Any]:
        return {"losses": self._losses[0] if self._alone else self._losses, "tallies": self._tallies}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["losses"])  # type: ignore[misc]
        self._tallies = state["tallies"]

    def _merge(self, tallies: list[Tally[Any]]) -> None:
        """All of them or, where one cannot be, none. What can be seen never changes: whoever reads needs no lock."""
        while True:
            before = self._tallies
            merged = [tally.fresh() for tally in before]
            for parts in (before, tallies):
                for tally, part in zip(merged, parts, strict=True):
                    tally.merge(part)
            with self._lock:
                if self._tallies is before:
                    self._tallies = merged
                    return


def _tally(k: int, loss: Any) -> Tally[Any]:
    _errors.check_loss(loss, f"Accumulator: losses[{k}] must be")
    if loss._unreduced:
        raise ValueError(f"{loss.name}: an accumulator keeps one number, and reduction='none' gives many")
    tally: Tally[Any] = loss._tally()
    return tally


def _pieces(tallies: list[Tally[Any]], arrays: Arrays) -> Iterator[Arrays]:
    """All at once; where many rows are read several times, cut where no loss can tell."""
    if sum(tally.readings for tally in tallies) == 1:
        yield arrays
        return
    y_true, y_pred, sample_weight = arrays
    several = isinstance(y_pred, tuple | list) and any(tally.predictions for tally in tallies)
    preds = tuple(map(_arrays.sliceable, y_pred if several else (y_pred,)))
    others = tuple(map(_arrays.sliceable, (y_true, sample_weight)))
    rows = _rows(tallies, preds, others)
    if not rows:
        yield arrays
        return
    for first in range(0, len(preds[0]), rows):
        piece = slice(first, first + rows)
        truth, weight = (None if array is None else array[piece] for array in others)
        cut = tuple(pred[piece] for pred in preds)
        yield truth, cut if several else cut[0], weight


def _rows(tallies: list[Tally[Any]], preds: tuple[Any, ...], others: tuple[Any, ...]) -> int:
    """How many rows a piece has; 0 where there is nothing to cut."""
    shape = np.shape(preds[0])
    if prod(shape) <= PIECE:
        return 0
    if any(np.shape(array)[:1] != shape[:1] for array in (*preds, *others) if array is not None):
        return 0
    step = common_step(tallies, shape)
    return step and -(-PIECE // (step * prod(shape[1:]))) * step
