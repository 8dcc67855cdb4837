from collections.abc import Sequence
from types import ModuleType
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from ._loss import Array, Loss, Value

def supported_levels() -> list[str]: ...
def use_kernels(module32: ModuleType, module64: ModuleType) -> None: ...
def set_thread_count(count: int) -> None: ...
def get_thread_count() -> int: ...
def set_shared_work(elements: int) -> None: ...
def count_shares() -> int: ...
def restored_sums(states: tuple[tuple[Any, ...], ...]) -> Sums: ...

C_API: object

def capsule_contents(given: object) -> tuple[int, str, int] | None: ...
def is_tame(total: float) -> bool: ...
def exact_sum(terms: NDArray[np.float64]) -> float: ...
def sum_cases(
    plan: Plan,
    order: tuple[int, ...],
    size: int,
    sums: NDArray[np.float64],
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    weight: NDArray[Any] | None,
    masks: tuple[NDArray[Any], ...],
    parameters: tuple[float, ...],
) -> None: ...
def grad_cases(
    plan: Plan,
    order: tuple[int, ...],
    size: int,
    parameters: NDArray[np.float64],
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    weight: NDArray[Any] | None,
    masks: tuple[NDArray[Any], ...],
    out: NDArray[Any] | None,
) -> NDArray[Any]: ...

@final
class Sums:
    def merge(self, other: Sums) -> None: ...
    def add_terms(self, terms: NDArray[np.float64]) -> None: ...
    def rounded(self) -> tuple[float, ...]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Results: ...

@final
class Plan:
    """The derivatives are arrays; of losses of several predictions, tuples of arrays."""

    @property
    def loss(self) -> Loss: ...
    @property
    def double_only(self) -> bool: ...
    def __init__(
        self,
        loss: Loss,
        kernel: str,
        *,
        parameters: tuple[float, ...] = (),
        rowwise: bool = False,
        labels: str = "never",
        axis: int = -1,
        statistics: bool = False,
        double_only: bool = False,
        class_factors: str | None = None,
        factors: tuple[float, ...] | None = None,
        weighs_rows: bool = False,
        ignored: int | None = None,
        smoothing: float = 0,
        own: tuple[int, int] | None = None,
    ) -> None: ...
    def add_to(
        self,
        sums: Sums,
        y_true: ArrayLike | None,
        y_pred: ArrayLike | Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        parameters: Sequence[float] = (),
    ) -> int: ...
    def sums_of(
        self,
        y_true: ArrayLike | None,
        y_pred: ArrayLike | Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        parameters: Sequence[float] = (),
    ) -> tuple[float, ...]: ...
    def value_of(self, sums: Sums, rows: int) -> float: ...
    def scaled_grad(
        self,
        scale: float,
        y_true: ArrayLike | None,
        y_pred: ArrayLike | Sequence[ArrayLike],
        sample_weight: ArrayLike | None = None,
        out: Any = None,
        parameters: Sequence[float] = (),
        again: bool = False,
    ) -> NDArray[Any]: ...

@disjoint_base
class Calls:
    _plan: Plan
    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Value: ...
    def grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, out: Array | None = None
    ) -> Array: ...
    def value_and_grad(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]: ...

class CurvedCalls(Calls):
    def grad_and_hess(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Array, Array]: ...
