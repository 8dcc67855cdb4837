"""What is compared: losses that most libraries have, over calls, dtypes and shapes; and how a library is asked for them."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

from cases import DTYPES, SIZES, Case, Data, few, has_rows

import pyloss

CALLS = ("value", "value_and_grad", "value_and_grad_fresh")
"""The gradient goes into an array that is there already, or into a new one."""

FORMS = {
    "mse": pyloss.MSE(),
    "mae": pyloss.MAE(),
    "huber": pyloss.Huber(),
    "pinball": pyloss.Pinball(quantile=0.9),
    "log_cosh": pyloss.LogCosh(),
    "poisson_nll": pyloss.PoissonNLL(),
    "bce_from_logits": pyloss.BCE(from_logits=True),
    "binary_focal_from_logits": pyloss.BinaryFocal(from_logits=True),
    "kl_divergence": pyloss.KLDivergence(),
    "sparse_cce_from_logits": pyloss.SparseCCE(from_logits=True),
}
SOFTMAX = "sparse_cce_from_logits"
SOFTMAX_SHAPES = ((1_000, 10), (100_000, 10), (10_000, 1_000), (512, 50_257))

PARALLEL_FROM = 10_000
"""Elements from which on a library that must be told uses all its threads: starting them takes microseconds."""


class Calls(NamedTuple):
    """A library's functions for a case, by the names of the calls. A gradient comes second."""

    value: Callable[[], Any]
    value_and_grad: Callable[[], Any]
    value_and_grad_fresh: Callable[[], Any]


Prepare = Callable[[Case, Data, int], Calls | None]
"""From a case, its data and a number of threads; None where the library has no such loss."""


def cases() -> Iterator[Case]:
    for (form, loss), dtype in product(FORMS.items(), DTYPES):
        for shape in shapes(form):
            yield Case(form, loss, dtype, shape)


def shapes(form: str) -> list[tuple[int, ...]]:
    if form == SOFTMAX:
        return list(SOFTMAX_SHAPES)
    if has_rows(FORMS[form]):
        return [(size // few(size), few(size)) for size in SIZES]
    return [(size,) for size in SIZES]


def name_of(case: Case, call: str) -> str:
    return f"{case.form}-{call}-{case.dtype.__name__}-{case.size}"


def chosen(only: str = "", sizes: str = "") -> Iterator[tuple[Case, list[str]]]:
    """Cases with their calls: those whose name has a match of `only`, and whose size (or number of elements) is one of `sizes`."""
    wanted = sizes.replace(",", " ").split()
    for case in cases():
        calls = [call for call in CALLS if re.search(only, name_of(case, call))]
        if calls and (not wanted or case.size in wanted or str(case.elements) in wanted):
            yield case, calls
