"""What hypothesis draws for a form of a loss: any call of it, and how it must end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import strategies as st
from layouts import LAYOUTS, one_number, repeated
from variants import CONTRASTIVE, REDUCTIONS, SORTED, Variant, data

import pyloss

Array = np.ndarray
Domain = Any

FLOATS = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
INTEGERS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)
ON_EMPTY = ("nan", "zero", "raise")
WEIGHTS = ("none", "none", "element", "row", "zero", "float16", "integer", "bool", "negative", "nan")
CLASSES = (1, 2, 3, 10, 32, 33)
LONG = (64, 127, 1025)
LEAST = 1e-4


NO_LIMITS = {
    "binary_focal": "from logits, the textbook's derivatives of a mixed truth at infinity are those without the power",
    "crps_normal": "the textbook divides by the deviation, and where that is infinite its differences are nan or infinite",
    "js_divergence": "the textbook's quotient of the smallest number has no digits",
    "soft_mcc": "the textbook's squares of the smallest numbers are 0",
    "generalized_ce": "the textbook puts a small number in the place of a probability of 0, of which a small power is near 1",
}
"""What is not compared at infinities and at the smallest numbers."""

NO_TIES = {
    **dict.fromkeys({variant.stem for variant in SORTED}, "the gradient depends on the order of equal errors"),
}
"""What is compared at numbers of many digits alone."""

FLAT = {
    "tweedie_nll-log_input=False-power=0.0": "the second derivative is 1 whatever the numbers are",
    "bce-from_logits=True": "the second derivative does not depend on the truth",
    "binary_focal-from_logits=True-gamma=0.0": "the second derivative does not depend on the truth",
}
"""Where a nan of the textbook says nothing."""


@dataclass(frozen=True)
class Call:
    """A loss, its data in plain arrays, what it is given in their place, and the errors that it may and must end with."""

    loss: Any
    plain: tuple[Any, Any, Any]
    given: tuple[Any, Any, Any]
    limits: bool
    """Whether the textbook may come to inf - inf or 0 nan where the loss does not."""
    formula: bool
    """Whether unchecked data are out of their domain, or a choice hangs on rounding: what is answered there is nobody's."""
    may: frozenset[type]
    must: bool


def each(arrays: Any) -> tuple[Array, ...]:
    """One prediction or several; no truth is none."""
    if arrays is None:
        return ()
    return arrays if isinstance(arrays, tuple) else (arrays,)


def like(arrays: Any, parts: Iterator[Any]) -> Any:
    """Arrays in the place of others, tuple for tuple."""
    if arrays is None:
        return None
    return tuple(next(parts) for _ in arrays) if isinstance(arrays, tuple) else next(parts)


def edges(domain: Domain, dtype: Any) -> list[float]:
    """Zeros of both signs, the ends of a domain and their neighbours inside and outside; but not the smallest number above 0."""
    ends = [dtype(end) for end in (domain.low, domain.high) if np.isfinite(end)]
    found = [float(x) for end in ends for x in (end, *(np.nextafter(end, dtype(to)) for to in (-9, 9)))]
    return [-0.0, 0.0, *(x for x in found if not 0 < x < LEAST)]


def smallest(domain: Domain, dtype: Any) -> list[float]:
    """Where 0 is a border; elsewhere they are lost in a residual, which may be one at a kink. Their inverses, times a weight or by a
    count, are far beyond the range, or in it: of bfloat16's smallest they are beyond that of float32 only before they are divided."""
    info = ml_dtypes.finfo(dtype)
    least = [] if dtype is ml_dtypes.bfloat16 else [float(info.smallest_subnormal)]
    return [*least, 16 * float(info.tiny)] if domain.low == 0 else []


@st.composite
def numbers(draw: Any, array: Array, domain: Domain, special: list[float]) -> Array:
    """Numbers in some dtype, of which up to three are special or at an end of the domain."""
    array = np.asarray(array)
    dtype = draw(st.sampled_from(FLOATS[:3] * 3 + FLOATS[3:] + INTEGERS))
    if dtype in INTEGERS:
        whole = np.round(array) if np.dtype(dtype).kind == "i" else np.abs(np.round(array))
        return np.asarray(whole, dtype)
    array = array.astype(dtype)
    if special and array.size:
        choices = [*edges(domain, dtype), *special, *(smallest(domain, dtype) if np.inf in special else [])]
        for place in draw(st.lists(st.integers(0, array.size - 1), max_size=3)):
            array.reshape(-1)[place] = draw(st.sampled_from(choices))
    return array


def base(variant: Variant, shape: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Truth and prediction in float64."""
    rng = np.random.default_rng((seed, *shape))
    if variant in CONTRASTIVE:
        preds = tuple(rng.normal(size=shape) for _ in range(2))
        return (None, preds) if variant().predictions else (rng.integers(-2, 3, shape[0]), preds[0])
    if variant in SORTED:
        classes = has_classes(variant)
        truth = rng.integers(0, shape[-1] if classes else 2, shape[:-1] if classes else shape)
        return truth, rng.random(shape) if variant().kind == "probabilities" else rng.normal(size=shape)
    y, p = data(variant, shape, seed)
    return y, tuple(rng.normal(size=part.shape) for part in p) if variant.stem in NO_TIES else p


def has_classes(variant: Variant) -> bool:
    """Whether the last axis is that of the classes."""
    loss = variant()
    if loss.family == "sorted":
        return loss.kind != "hinge"
    return loss.family in ("rowwise", "paired") and hasattr(loss, "axis")


@st.composite
def shapes(draw: Any, variant: Variant) -> tuple[int, ...]:
    """From no dimension to three, one of them the classes where there are some."""
    if variant in CONTRASTIVE:
        return draw(st.integers(0, 9)), draw(st.integers(1, 5))
    least = int(variant.names_axes or variant in SORTED)
    dims = st.lists(st.integers(0, 5), min_size=least, max_size=3).map(tuple)
    dims = draw(dims | dims | st.sampled_from([(n,) for n in LONG]))
    return (*dims, *([draw(st.sampled_from(CLASSES))] if has_classes(variant) else ()))


@st.composite
def weights(draw: Any, shape: tuple[int, ...], seed: int, kinds: tuple[str, ...] = WEIGHTS) -> Any:
    kind = draw(st.sampled_from(kinds))
    if kind == "none":
        return None
    rng = np.random.default_rng((seed, 1))
    weight = np.asarray(np.round(rng.uniform(0, 3, shape[:1] if kind == "row" else shape) * 4) / 4)
    if kind == "zero":
        weight[...] = 0
    if kind in ("negative", "nan") and weight.size:
        weight.reshape(-1)[draw(st.integers(0, weight.size - 1))] = -0.5 if kind == "negative" else np.nan
    return weight.astype({"float16": np.float16, "integer": np.uint8, "bool": bool}.get(kind, np.float64))


@st.composite
def truths(draw: Any, variant: Variant, truth: Array, special: list[float]) -> Array:
    """Labels keep whole numbers, and a loss of two classes takes booleans."""
    loss, truth = variant(), np.asarray(truth)
    if variant.labels or variant in (*SORTED, *CONTRASTIVE):
        signed = variant.lists or truth.size == 0 or truth.min() < 0
        return truth.astype(draw(st.sampled_from(INTEGERS[::2] if signed else INTEGERS)))
    if draw(st.integers(0, 9)) == 0:
        return np.asarray(truth > 0.5)
    nans = [] if loss.y_true_domain.integral else [x for x in special if np.isnan(x)]
    return draw(numbers(truth, loss.y_true_domain, nans))


def domains(loss: Any) -> tuple[Domain, ...]:
    return tuple(loss.predictions.values()) or (loss.y_pred_domain,)


@st.composite
def calls(draw: Any, variant: Variant) -> Call:
    """Any call: dtypes, shapes, weights, reductions, layouts, and special numbers among the ordinary ones."""
    options = {"reduction": draw(st.sampled_from(REDUCTIONS)), "on_empty": draw(st.sampled_from(ON_EMPTY))}
    loss = variant(**options, check=draw(st.sampled_from([True, True, False])))
    shape, seed = draw(shapes(variant)), draw(st.integers(0, 2**32))
    y, p = base(variant, shape, seed)
    special = draw(st.sampled_from([[], [np.nan], *([] if variant.stem in NO_LIMITS else [[np.inf, -np.inf]])]))
    if variant not in CONTRASTIVE and variant.stem not in NO_TIES:
        made = [draw(numbers(part, domain, special)) for part, domain in zip(each(p), domains(loss), strict=True)]
        p = like(p, iter(made))
    y = None if y is None else draw(truths(variant, y, special))
    rows = np.shape(y) if variant in SORTED else np.shape(each(p)[0])
    lone = variant in CONTRASTIVE
    w = draw(weights(rows[:1], seed, WEIGHTS[:-1]) if lone else weights(variant.values_shape(rows), seed))
    plain, given = laid_out(draw, (y, p, w))
    limits = np.inf in special or has_limit(variant, *plain)
    formula = hangs_on_rounding(loss, plain[1]) or not (loss.check or within(variant, loss, *plain))
    return Call(loss, plain, given, limits, formula, *refusals(variant, loss, *plain))


def laid_out(draw: Any, arrays: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    """The arrays, and the same numbers in other layouts; of zero strides are few numbers."""
    layout = st.sampled_from([*LAYOUTS.values(), repeated, one_number])
    plain, given = [], []
    for argument in arrays:
        views = [draw(layout)(part) for part in each(argument)]
        given.append(like(argument, iter(views)))
        plain.append(like(argument, (native(view) for view in views)))
    return tuple(plain), tuple(given)


def native(array: Array) -> Array:
    """A copy in C order and the machine's byte order."""
    return np.array(array, array.dtype.newbyteorder("="), order="C")


def refusals(variant: Variant, loss: Any, y: Any, p: Any, w: Any) -> tuple[frozenset[type], bool]:
    """The errors that a call may end with, and whether it must: as the domains are declared."""
    if y is not None and y.dtype == bool and not loss.y_true_domain.accepts_bool:
        return frozenset([TypeError]), True
    weight = 1.0 if w is None else w.astype(float)
    empty = not (np.size(y if variant in SORTED else each(p)[0]) if w is None else np.any(weight))
    nothing = loss.on_empty == "raise" and loss.reduction in ("mean", "batchmean")
    wrong = loss.check and bool(outside(variant, loss, y, p))
    negative = loss.check and bool(np.any(weight < 0))
    # What is ignored, weighs nothing or has another label is not looked at; and what counts in a batch depends on more than weights.
    sure = not variant.labels and getattr(loss, "ignore_index", None) is None
    must = (wrong and sure and w is None) or (negative and sure)
    # Weights of both signs that cancel leave nothing only where a mean is divided by their sum, and by no class weights.
    must |= nothing and empty and loss.reduction == "mean" and variant not in (*SORTED, *CONTRASTIVE)
    return frozenset([ValueError] if wrong or nothing or negative else []), must


def outside(variant: Variant, loss: Any, y: Any, p: Any) -> list[Array]:
    """The arrays that hold numbers out of their domains."""
    checked = [*zip(each(p), domains(loss), strict=True)]
    if y is not None and not variant.labels:
        checked.append((y, loss.y_true_domain))
    return [array for array, domain in checked if not inside(array, domain)]


def has_limit(variant: Variant, y: Any, p: Any, w: Any) -> bool:
    """Whether there are ends of domains; or nans that spread, where the loss leaves a number that does not depend on them."""
    loss = variant()
    spreads = loss.family in ("total", "paired") or variant.labels or str(variant) in FLAT
    nans = any(np.isnan(part.astype(float)).any() for part in (*each(w), *(each(p) + each(y) if spreads else ())))
    return nans or any(near_end(array, domain) for array, domain in zip(each(p), domains(loss), strict=True))


def within(variant: Variant, loss: Any, y: Any, p: Any, w: Any) -> bool:
    """Whether data are in their domains; of negative weights a sum is made, but no ratio of sums, and nothing if it is 0."""
    weight = np.ones(1) if w is None else w.astype(float)
    ratios = loss.family in ("total", "sorted") or np.sum(weight) == 0
    return not outside(variant, loss, y, p) and not (ratios and bool(np.any(weight < 0)))


def hangs_on_rounding(loss: Any, p: Any) -> bool:
    """Whether a triplet is at its margin, or has two distances that are equal, but for what roots and powers are off."""
    if loss.name != "triplet" or loss.p in (1, 2, np.inf):
        return False
    far, close = 1e6, 1e-4
    anchor, positive, negative = (part.astype(float) for part in p)

    def difference(a: Array, b: Array) -> Array:
        distances = pyloss.reference.triplet(None, (a, b, negative), margin=far, p=loss.p, axis=loss.axis)
        return np.asarray(distances.value) - far

    by_anchor, by_positive = difference(anchor, positive), difference(positive, anchor)
    reach = np.maximum(by_anchor, by_positive) if loss.swap else by_anchor
    equal = loss.swap & (np.abs(by_anchor - by_positive) < close)
    return bool(np.any(equal | (np.abs(reach + loss.margin) < close)))


def near_end(array: Array, domain: Domain) -> bool:
    """Whether a number is an end of the domain; or next to 0, where its inverse is beyond the range."""
    numbers = array.astype(np.float64)
    tiny = (domain.low == 0) & (numbers > 0) & (numbers < LEAST)
    return bool(np.any(np.isin(numbers, [domain.low, domain.high]) | tiny))


def inside(array: Array, domain: Domain) -> bool:
    return all(np.isnan(x) or domain.contains(x) for x in array.astype(np.float64).reshape(-1))
