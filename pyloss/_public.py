"""What pyloss offers, beside its submodules."""

from typing import Any

from ._accumulator import Accumulator
from ._check import check
from ._from_kernel import from_kernel
from ._functions import FUNCTIONS
from ._information import cross_entropy, entropy
from ._linear import LinearCCE, linear_cce
from ._loss import LOSSES, Loss
from ._runtime import get_include, get_num_threads, set_num_threads, show_runtime, threads
from ._sum import Sum

NAMES: dict[str, Any] = {
    "LOSSES": LOSSES,
    "Accumulator": Accumulator,
    "Loss": Loss,
    "Sum": Sum,
    "LinearCCE": LinearCCE,
    "linear_cce": linear_cce,
    **{named.__name__: named for named in (check, cross_entropy, entropy, from_kernel)},
    **{named.__name__: named for named in (get_include, get_num_threads, set_num_threads, show_runtime, threads)},
    **{loss.__name__: loss for loss in LOSSES.values()},
    **FUNCTIONS,
}
