"""The compiled kernels: a module for each ISA level and precision, `v3_f32` and so on. One level is loaded, when pyloss is imported."""

import importlib
from typing import Any, Protocol, cast

from numpy.typing import NDArray

Array = NDArray[Any]


class Kernels(Protocol):
    """What each of the modules has. But for `table` they are probes: one kernel on plain arrays of the module's precision."""

    def table(self) -> object: ...
    def points(self) -> tuple[str, ...]: ...
    def point(
        self, number: int, y: Array, p: Array, parameters: Array, value: Array, grad: Array, hess: Array
    ) -> None: ...
    def exp(self, x: Array, out: Array) -> None: ...
    def exp_of_minus(self, x: Array, out: Array) -> None: ...
    def log(self, x: Array, out: Array) -> None: ...
    def log1p(self, x: Array, out: Array) -> None: ...
    def log1p_of_unit(self, x: Array, out: Array) -> None: ...


def load(level: str, bits: int) -> Kernels:
    """The kernels of one ISA level and precision."""
    return cast(Kernels, importlib.import_module(f"{__name__}.{level}_f{bits}"))
