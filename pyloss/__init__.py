"""pyloss: loss functions for NumPy arrays, compiled. Value, gradient and diagonal Hessian in one pass over memory.

    loss = pyloss.Huber(delta=1.0)
    value, grad = loss.value_and_grad(y_true, y_pred)

`pyloss.LOSSES` lists every loss by its stem; `pyloss.Loss` says what all of them have in common.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from . import _runtime as _runtime  # chooses the kernels

__version__ = "0.1.0"

_SUBMODULES = ("losses", "metrics", "reference")


def __getattr__(name: str) -> _Any:
    """Public names come with the first that is asked for, so that importing pyloss costs little more than importing NumPy."""
    if name in _SUBMODULES:
        return _import_module(f".{name}", __name__)
    if name == "__all__" or not name.startswith("_"):
        names = _import_module("._public", __name__).NAMES
        for public, given in {**names, "__all__": [*names, *_SUBMODULES]}.items():
            globals().setdefault(public, given)  # what somebody has put in a name's place stays
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__getattr__("__all__"), *globals()})
