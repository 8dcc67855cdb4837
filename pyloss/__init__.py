"""pyloss: loss functions for NumPy arrays, compiled. Value, gradient and diagonal Hessian in one pass over memory.

    loss = pyloss.Huber(delta=1.0)
    value, grad = loss.value_and_grad(y_true, y_pred)

`pyloss.LOSSES` lists every loss by its stem; `pyloss.Loss` says what all of them have in common.
"""

from importlib.metadata import version as _version

from . import losses, reference
from ._check import check
from ._from_kernel import from_kernel
from ._functions import FUNCTIONS as _FUNCTIONS
from ._information import cross_entropy, entropy
from ._loss import LOSSES, Loss
from ._runtime import get_include, get_num_threads, set_num_threads, show_runtime, threads
from ._sum import Sum

__version__ = _version("pyloss")

_CLASSES = {loss.__name__: loss for loss in LOSSES.values()}
globals().update(_CLASSES, **_FUNCTIONS)

__all__ = [
    "LOSSES",
    "Loss",
    "Sum",
    "check",
    "cross_entropy",
    "entropy",
    "from_kernel",
    "get_include",
    "get_num_threads",
    "losses",
    "reference",
    "set_num_threads",
    "show_runtime",
    "threads",
    *_CLASSES,
    *_FUNCTIONS,
]
