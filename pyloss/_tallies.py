"""What a loss keeps of a stream of data: exact sums, which can be added to, merged and sent to other processes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from math import gcd, lcm, prod
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._cases import SUMS, Cases, divisor_of_rows
from ._engine import Sums

if TYPE_CHECKING:
    from ._loss import Loss
    from ._overlap import OverlapLoss
    from ._sorted import SortedLoss
    from ._sum import Sum
    from ._total import TotalLoss

Kind = TypeVar("Kind")

BLOCK = 1024
"""Where data are cut at multiples of so many rows, or elements, the sums have the same bits as of the whole."""


class Tally(ABC, Generic[Kind]):
    """What one loss keeps."""

    def __init__(self, loss: Kind) -> None:
        self.loss = loss

    def fresh(self) -> Self:
        """One of the same loss that has seen nothing."""
        return type(self)(self.loss)

    @abstractmethod
    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Take in data. After an error the tally is of no more use."""

    @abstractmethod
    def merge(self, other: Any) -> None:
        """Take in what another of the same loss has seen."""

    @abstractmethod
    def value(self) -> float:
        """What the loss of all these data is."""

    @abstractmethod
    def step(self, shape: tuple[int, ...]) -> int:
        """At which multiples of rows data of a shape may be cut; 0 where they may not."""

    @property
    def readings(self) -> int:
        """How often the data are read."""
        return 1

    @property
    def predictions(self) -> int:
        """How many there are, if they come as a tuple; else 0."""
        return 0


class ReducedTally(Tally["Loss"]):
    """Of a loss whose value is a sum over elements or rows."""

    def __init__(self, loss: "Loss") -> None:
        super().__init__(loss)
        self.sums, self.rows = Sums(), 0
        self.form: tuple[int, int] | None = None
        """Of rows along the first axis, which is that of pieces as a rule: how many axes there are, and how long a row is."""

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        self.rows += self.loss._plan.add_to(self.sums, y_true, y_pred, sample_weight)
        axis = getattr(self.loss, "axis", None)
        shape = () if axis is None else shape_of(y_pred[0] if self.predictions else y_pred)
        if prod(shape) and axis in (0, -len(shape)):
            self.take_form((len(shape), shape[0]))

    def merge(self, other: "ReducedTally") -> None:
        self.take_form(other.form)
        self.sums.merge(other.sums)
        self.rows += other.rows

    def take_form(self, form: tuple[int, int] | None) -> None:
        if self.form is not None and form is not None:
            for what, own, other in zip(("number of axes", "length of rows"), self.form, form, strict=True):
                agree(self.loss, what, own, other)
            if form[0] == 1:
                raise ValueError(
                    f"{self.loss.name}: the rows of a stream come in arrays of 2 axes or more, also one row alone, "
                    "got a second piece of 1 axis, which may be more of the first row or another"
                )
        self.form = self.form or form

    def value(self) -> float:
        return self.loss._plan.value_of(self.sums, self.rows)

    @property
    def predictions(self) -> int:
        return len(self.loss.predictions)

    def step(self, shape: tuple[int, ...]) -> int:
        axis = getattr(self.loss, "axis", None)
        if axis is None:
            return step_of_elements(shape)
        return BLOCK if axis not in (0, -len(shape)) else 0


class TotalTally(Tally["TotalLoss"]):
    """Of a total of everything: the sums of each of its readings."""

    def __init__(self, loss: "TotalLoss") -> None:
        super().__init__(loss)
        self.sums = {reading: Sums() for reading in loss._readings}

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        for reading, sums in self.sums.items():
            self.loss._plan.add_to(sums, y_true, y_pred, sample_weight, reading)

    def merge(self, other: "TotalTally") -> None:
        for reading, sums in self.sums.items():
            sums.merge(other.sums[reading])

    def value(self) -> float:
        return self.loss._reduced(self.gathered())

    def gathered(self) -> tuple[Any, ...]:
        """All that value and gradient follow from."""
        return self.loss._gathered(lambda reading: self.loss._counted(self.sums[reading].rounded()))

    @property
    def readings(self) -> int:
        return len(self.sums)

    def step(self, shape: tuple[int, ...]) -> int:
        return step_of_elements(shape)


class CasesTally(Tally["OverlapLoss"]):
    """Of a total in separate cases. A case lies in one row, or all rows are in all cases, which are then kept apart."""

    def __init__(self, loss: "OverlapLoss") -> None:
        super().__init__(loss)
        self.axes: int | None = None
        self.whole = WholeCases(loss)
        self.shape: tuple[int, ...] | None = None
        self.open: list[TotalTally] = []

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        cases = Cases(self.loss, self.loss.axis or 0, y_true, y_pred, sample_weight)
        self.take_form(cases.pred.ndim, None if cases.in_rows else cases.shape)
        if cases.in_rows:
            self.whole.add(*self.loss._values_of(cases), len(cases.pred))
            return
        try:
            for tally, case in zip(self.open, cases.apart(), strict=True):
                tally.add(*case)
        except ValueError:
            cases.name_offence(self.loss._plan)
            raise

    def take_form(self, axes: int | None, shape: tuple[int, ...] | None) -> None:
        """The number of axes decides what a case is, and cases that go on keep their shape; None where nothing is known yet."""
        agree(self.loss, "number of axes", self.axes, axes)
        agree(self.loss, "shape of cases", self.shape, shape)
        if self.axes is None:
            self.axes = axes
        if self.shape is None and shape is not None:
            self.shape = shape
            self.open = [TotalTally(self.loss) for _ in np.ndindex(shape)]

    def merge(self, other: "CasesTally") -> None:
        self.take_form(other.axes, other.shape)
        self.whole.merge(other.whole)
        for tally, further in zip(self.open, other.open, strict=other.shape is not None):
            tally.merge(further)

    def value(self) -> float:
        if self.shape is None:
            return self.whole.value()
        if not self.shape:
            return self.open[0].value()
        value: float = self.loss._averaged(self.shape, self.loss._sums_of(self.shape, self.read))
        return value

    def read(self, reading: tuple[float, ...]) -> tuple[Any, ...]:
        sums = [tally.sums[reading].rounded() for tally in self.open]
        return tuple(np.array(sums).reshape(-1, SUMS).T)

    def step(self, shape: tuple[int, ...]) -> int:
        return BLOCK


class SortedTally(Tally["SortedLoss"]):
    """Of sorted errors in cases of which each lies in one row."""

    def __init__(self, loss: "SortedLoss") -> None:
        super().__init__(loss)
        self.whole = WholeCases(loss)

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        self.whole.add(*self.loss._values_of(y_true, y_pred, sample_weight))

    def merge(self, other: "SortedTally") -> None:
        self.whole.merge(other.whole)

    def value(self) -> float:
        return self.whole.value()

    def step(self, shape: tuple[int, ...]) -> int:
        return 0


class WholeCases:
    """The values of cases that are complete, added up."""

    def __init__(self, loss: "Loss") -> None:
        self.loss, self.sums, self.rows = loss, Sums(), 0

    def add(self, values: NDArray[np.float64], counts: NDArray[np.bool_], rows: int) -> None:
        self.sums.add_terms(values[counts])
        self.rows += rows

    def merge(self, other: "WholeCases") -> None:
        self.sums.merge(other.sums)
        self.rows += other.rows

    def value(self) -> float:
        total, *_, counted = self.sums.rounded()
        number = divisor_of_rows(self.loss, self.rows, int(counted))
        return total / number if number else self.loss._empty


class SumTally(Tally["Sum"]):
    """Of a weighted sum of losses."""

    def __init__(self, loss: "Sum") -> None:
        super().__init__(loss)
        self.tallies: list[Tally[Any]] = [term._tally() for _, term in loss.terms]

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        for tally in self.tallies:
            tally.add(y_true, y_pred, sample_weight)

    def merge(self, other: "SumTally") -> None:
        for tally, further in zip(self.tallies, other.tallies, strict=True):
            tally.merge(further)

    def value(self) -> float:
        return self.loss._added_up([tally.value() for tally in self.tallies])

    @property
    def readings(self) -> int:
        return sum(tally.readings for tally in self.tallies)

    @property
    def predictions(self) -> int:
        return max(tally.predictions for tally in self.tallies)

    def step(self, shape: tuple[int, ...]) -> int:
        return common_step(self.tallies, shape)


def shape_of(given: Any) -> tuple[int, ...]:
    """Of lists by their first entries: they have been read, and are not made an array once more."""
    if isinstance(given, list | tuple):
        return (len(given), *(shape_of(given[0]) if given else ()))
    return np.shape(given)


def agree(loss: "Loss", what: str, own: object, other: object) -> None:
    """Two pieces of a stream; None is what says nothing."""
    if None not in (own, other) and own != other:
        raise ValueError(f"{loss.name}: the arrays of a stream have one {what}, got {other} after {own}")


def step_of_elements(shape: tuple[int, ...]) -> int:
    return BLOCK // gcd(BLOCK, prod(shape[1:]))


def common_step(tallies: Iterable[Tally[Any]], shape: tuple[int, ...]) -> int:
    """0 where any of them may not be cut."""
    return lcm(*(tally.step(shape) for tally in tallies))
