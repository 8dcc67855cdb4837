"""The function of every loss: `pyloss.huber(y_true, y_pred, delta=2.0)` is `pyloss.Huber(delta=2.0)(y_true, y_pred)`."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from inspect import Parameter, Signature, signature
from pkgutil import iter_modules
from typing import Any

import numpy as np

from . import losses
from ._loss import LOSSES, Loss, Value

# Not in the package of the losses itself: while it was imported, a thread that unpickles a loss would wait for it, and it for that thread.
for _module in iter_modules(losses.__path__, f"{losses.__name__}."):
    import_module(_module.name)


SCALARS = frozenset({float, int, bool, str, type(None), np.float64, np.float32, np.float16, np.int64, np.int32})
"""One that is equal to another of its type stands for the same loss. Of tuples (1.0,) and (True,) are equal, and one of them is none."""


def function_of(loss: type[Loss]) -> Callable[..., Value]:
    """The value of a loss as a function, with its parameters as keywords."""
    objects = lru_cache(maxsize=64, typed=True)(loss)

    def function(y_true: Any, y_pred: Any, sample_weight: Any = None, *, out: Any = None, **parameters: Any) -> Value:
        made = objects if SCALARS.issuperset(map(type, parameters.values())) else loss
        return made(**parameters)(y_true, y_pred, sample_weight, out=out)

    function.__name__ = function.__qualname__ = loss.name
    function.__module__ = "pyloss"
    function.__doc__ = f"The value of `{loss.__name__}`, which see: {loss.summary()}"
    function.__signature__ = signature_of(loss)  # type: ignore[attr-defined]
    return function


def signature_of(loss: type[Loss]) -> Signature:
    arrays = array_parameters(loss.__call__)
    keywords = [*signature(loss).parameters.values(), Parameter("out", Parameter.KEYWORD_ONLY, default=None)]
    return Signature(
        [*arrays, *sorted(keywords, key=lambda keyword: keyword.name in ("reduction", "on_empty", "check", "out"))]
    )


@cache
def array_parameters(call: Callable[..., Any]) -> list[Parameter]:
    return [parameter for name, parameter in signature(call).parameters.items() if name not in ("self", "out")]


FUNCTIONS = {stem: function_of(loss) for stem, loss in LOSSES.items()}
