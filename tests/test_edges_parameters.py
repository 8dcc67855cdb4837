"""Parameters and domains, rows 14, 16, 23, 58 to 70 and 74 of the contract: every one of every loss, as it is declared."""

import re
from dataclasses import fields
from math import inf, nan

import numpy as np
import pytest
from comparing import hint, methods
from everything import OTHERS, each, filled, parts, sample
from test_errors import outside, violations
from variants import ELEMENTWISE, EVERY, VARIANTS, Variant, another, data, goes

import pyloss
from pyloss import LOSSES

EACH = [(stem, f) for stem, cls in LOSSES.items() for f in fields(cls) if "each" in f.metadata]
NUMBERED = [(stem, f) for stem, cls in LOSSES.items() for f in fields(cls) if "domain" in f.metadata]
WHOLE = [(stem, f) for stem, cls in LOSSES.items() for f in fields(cls) if "integer" in f.metadata]
named = {"ids": lambda given: getattr(given, "name", given)}


def refused(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}")


@pytest.mark.parametrize(("stem", "parameter"), EACH, **named)
def test_rows_63_64_65_67_numbers_for_each_class(stem, parameter):
    """Every one of them is checked, and the message says which it is."""
    name, domain = parameter.name, parameter.metadata["each"]
    good = another(domain)
    for number in outside(domain):
        with refused(ValueError, f"{stem}: {name}[1] must be {domain}, got {number!r}"):
            LOSSES[stem](**{name: (good, number, good)})
    for number in ("1", None, True, 1j, [good]):
        with pytest.raises(TypeError, match=rf"^{stem}: {name}(\[1\])? must be "):
            LOSSES[stem](**{name: (good, number)})
    for given in (0.5, "half", np.float64(1), {1.0}, np.ones((1, 1))):
        with refused(TypeError, f"{stem}: {name} must be a sequence of numbers, got "):
            LOSSES[stem](**{name: given})
    with refused(ValueError, f"{stem}: {name} must hold at least one number"):
        LOSSES[stem](**{name: ()})
    assert getattr(LOSSES[stem](**{name: np.array([good, good], np.float32)}), name) == (good, good)
    masked = np.ma.array([good, good], mask=[False, True])
    with refused(TypeError, f"{stem}: {name} must not be masked"):
        LOSSES[stem](**{name: masked})
    masked._mask = np.zeros((3, 1), bool)  # no mask any more, and NumPy cannot walk it
    assert getattr(LOSSES[stem](**{name: masked}), name) == (good, good)


@pytest.mark.parametrize(("stem", "parameter"), WHOLE, **named)
def test_rows_63_64_whole_numbers(stem, parameter):
    for given in (1.0, "0", 1j, True, np.ones(1, int), nan):
        with refused(TypeError, f"{stem}: {parameter.name} must be an integer, got {given!r}"):
            LOSSES[stem](**{parameter.name: given})


@pytest.mark.parametrize(("stem", "parameter"), WHOLE, **named)
def test_rows_63_64_whole_numbers_that_are_no_floats(stem, parameter):
    """A label is compared as a float: 2^53 + 1 would ignore 2^53."""
    for given in (2**53, -(2**53) - 1, 10**400):
        with pytest.raises(ValueError, match=f"^{stem}: {parameter.name} must be "):
            LOSSES[stem](**{parameter.name: given})


def test_row65_a_number_beyond_the_range_of_floats_is_not_infinite():
    for given in (np.longdouble("1e4000"), -np.longdouble("1e4000"), 10**400):
        with refused(ValueError, "huber: delta must be a number within the range of floats"):
            pyloss.Huber(delta=given)
    assert pyloss.Huber(delta=np.longdouble(inf)) == pyloss.Huber(delta=inf)


def test_choices_may_be_scalars_of_numpy():
    loss = pyloss.MultiMargin(p=np.int64(2), reduction=np.str_("sum"))
    assert loss == pyloss.MultiMargin(p=2, reduction="sum")
    assert (type(loss.p), type(loss.reduction)) == (int, str)
    with refused(ValueError, "multi_margin: p must be 1 or 2, got np.int64(3)"):
        pyloss.MultiMargin(p=np.int64(3))
    with refused(ValueError, "multi_margin: check must be True or False, got np.int64(1)"):
        pyloss.MultiMargin(check=np.int64(1))


@pytest.mark.parametrize(
    ("stem", "accepted", "refused"),
    [
        ("cce", {"class_weight": (1.0, 2.0)}, {"class_weight": (True, 2.0)}),
        ("dice", {"axis": (0,)}, {"axis": (0.0,)}),
        ("dice", {"axis": 0}, {"axis": 0.0}),
        ("huber", {"delta": 1.0}, {"delta": True}),
        ("huber", {"delta": np.float64(1)}, {"delta": np.bool_(1)}),
        ("bce", {"check": True}, {"check": 1}),
    ],
    ids=str,
)
def test_what_a_function_takes_does_not_depend_on_earlier_calls(stem, accepted, refused):
    """Though a loss that was made before is used again."""
    y, p = (np.zeros(3, int) if stem == "cce" else np.zeros((3, 2))), np.full((3, 2), 0.5)
    for _ in range(2):
        getattr(pyloss, stem)(y, p, **accepted)
        with pytest.raises((TypeError, ValueError), match=rf"^{stem}: {next(iter(refused))}(\[0\])? must be "):
            getattr(pyloss, stem)(y, p, **refused)


def test_lists_within_a_sequence_of_a_function():
    with refused(TypeError, "cce: class_weight must be a sequence of numbers, got ([1.0], 2.0)"):
        pyloss.cce([0], [[0.5, 0.5]], class_weight=([1.0], 2.0))


def form_with(stem, name, number):
    """The first form of a loss that takes this number for a parameter; None where no form does."""
    for variant in EVERY:
        if variant.stem == stem and isinstance(variant.parameters.get(name), float):
            parameters = {**variant.parameters, name: number}
            if goes(LOSSES[stem], parameters):
                return Variant(stem, parameters, variant.labels)
    return None


ENDS = [(stem, f, end) for stem, f in NUMBERED for end in (f.metadata["domain"].low, f.metadata["domain"].high)]
CLOSED = [(stem, f, end) for stem, f, end in ENDS if f.metadata["domain"].contains(end)]


@pytest.mark.parametrize(("stem", "parameter", "end"), CLOSED, **named)
def test_row65_an_end_that_belongs_to_the_domain(stem, parameter, end):
    """Infinite or not, it is taken, and what the loss says of ordinary numbers is not nan."""
    variant = form_with(stem, parameter.name, end)
    loss = variant(reduction="mean")
    assert getattr(loss, parameter.name) == end
    y, p = sample(variant)
    value, grad = loss.value_and_grad(y, p)
    assert not np.isnan(value)
    assert not any(np.isnan(part).any() for part in parts(grad))


def test_row65_an_infinite_delta_is_half_the_squared_error():
    y, p = np.random.default_rng(0).normal(size=(2, 100))
    assert pyloss.Huber(delta=inf)(y, p) == pyloss.MSE()(y, p) / 2
    np.testing.assert_array_equal(pyloss.Huber(delta=inf).grad(y, p), pyloss.MSE().grad(y, p) / 2)


SIZES = (1e-300, 1e-50, 1e-40, 1e50, 1e300)
INSIDE = [(stem, f, size) for stem, f in NUMBERED for size in SIZES if f.metadata["domain"].contains(size)]
INSIDE = [(stem, f, size) for stem, f, size in INSIDE if form_with(stem, f.name, size)]


@pytest.mark.parametrize(("stem", "parameter", "size"), INSIDE, **named)
def test_rows_63_69_parameters_beyond_float32(stem, parameter, size):
    """Where float32 would make 0 or inf of a parameter, the computation is in float64: nothing is rounded to another loss."""
    variant = form_with(stem, parameter.name, size)
    loss = variant(reduction="mean")
    y, p = sample(variant)
    narrow = each(lambda a: a.astype(np.float32), p)
    truth = y.astype(np.float32) if y is not None and y.dtype.kind == "f" else y
    got, expected = loss.value_and_grad(truth, narrow), loss.value_and_grad(y, p)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-6, atol=1e-44)  # a value below float32's least is 0
    for one, other in zip(parts(got[1]), parts(expected[1]), strict=True):
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(one, other.astype(np.float32), rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("stem", "parameter"), EACH, **named)
def test_rows_63_69_numbers_for_each_class_beyond_float32(stem, parameter, size):
    if not parameter.metadata["each"].contains(size):
        with pytest.raises(ValueError, match=f"^{stem}: {parameter.name}"):
            LOSSES[stem](**{parameter.name: (size,) * 4})
        return
    variant = next(v for v in EVERY if v.stem == stem and parameter.name in v.parameters)
    loss = variant(**{parameter.name: (size,) * 4})
    y, p = sample(variant)
    for reduction in ("mean", "sum"):
        loss = variant(**{parameter.name: (size,) * 4}, reduction=reduction)
        truth = y.astype(np.float32) if y.dtype.kind == "f" else y
        got, expected = loss.value_and_grad(truth, p.astype(np.float32)), loss.value_and_grad(y, p)
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-6)
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(got[1], expected[1].astype(np.float32), rtol=1e-5, atol=1e-37)


# Domains of the data --------------------------------------------------------------------------------------------------


def beyond(domain):
    """Numbers outside a domain, an open end among them."""
    ends = [domain.low] * (domain.low_open and domain.low > -inf) + [domain.high] * (
        domain.high_open and domain.high < inf
    )
    return [*violations(domain), *ends]


CHECKED = [
    (variant, place, number)
    for variant in OTHERS
    for place, domain in enumerate(list(variant().predictions.values()) or [variant().y_pred_domain])
    for number in beyond(domain)
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize(("variant", "place", "number"), CHECKED, ids=str)
def test_rows_14_69_70_predictions_out_of_their_domain(variant, place, number, dtype):
    """A variance of 0 among them: no floor is put under it in silence."""
    y, p = sample(variant)
    bad = [part.astype(dtype) for part in parts(p)]
    row = (7, *[1] * (bad[place].ndim - 1))
    if y is not None and y.ndim < bad[place].ndim and variant.labels:
        row = (7, int(y[7]))
    bad[place][row] = number
    pred = tuple(bad) if isinstance(p, tuple) else bad[0]
    at = re.escape(f", got {dtype(number)} at index {row}{hint(variant(), 'y_pred')}")
    for ask in methods(variant()):
        with pytest.raises(ValueError, match=rf"^{variant.stem}: y_pred.* must be .*{at}$"):
            getattr(variant(), ask)(y, pred)
        getattr(variant(check=False), ask)(y, pred)


TRUTHS = [
    (v, n) for v in OTHERS if v().labels in ("never", "maybe") and not v.labels for n in beyond(v().y_true_domain)
]


@pytest.mark.parametrize(("variant", "number"), TRUTHS, ids=str)
def test_rows_16_23_68_truths_out_of_their_domain(variant, number):
    y, p = sample(variant)
    place = (7, *[1] * (y.ndim - 1))
    y = filled(y, number, place)
    for ask in methods(variant()):
        with pytest.raises(
            ValueError, match=rf"^{variant.stem}: y_true must be .*, got {re.escape(str(y[place]))} at index \(7"
        ):
            getattr(variant(), ask)(y, p)


SIGNED = [variant for variant in EVERY if variant().y_true_domain.integral]


@pytest.mark.parametrize("variant", SIGNED, ids=str)
def test_row68_zero_stands_for_minus_one(variant):
    """In every dtype, and as a bool; what is neither is refused."""
    y, p = sample(variant)
    y = np.where(y > 0, 1.0, -1.0)
    expected = variant().value_and_grad(y, p)
    for truth in (np.maximum(y, 0), y.astype(np.int8), (y > 0).astype(np.uint64), y > 0):
        value, grad = variant().value_and_grad(truth, p)
        assert value == expected[0]
        for one, other in zip(parts(grad), parts(expected[1]), strict=True):
            np.testing.assert_array_equal(one, other)
    for number in (0.5, 2, -2, inf):
        with refused(ValueError, f"{variant.stem}: y_true must be one of -1, 0, 1, got {float(number)} at index "):
            variant()(filled(y, number, 3), p)


PROBABLE = [v for v in ELEMENTWISE if v().y_pred_domain.high == 1 and v.stem in ("bce", "binary_focal")]


@pytest.mark.parametrize("variant", PROBABLE, ids=str)
def test_row14_unchecked_probabilities(variant):
    """The logarithm of a negative number: nan, where the truth reads it."""
    loss = variant(
        check=False, reduction="none", **({"label_smoothing": 0.0} if hasattr(variant(), "label_smoothing") else {})
    )
    assert np.isnan(loss([0.0, 1.0], [3.0, -3.0])).all()


def test_row23_an_unchecked_negative_target_is_what_the_formula_gives():
    """t log(t / p) has no value at t < 0. With logarithms on both sides there is none that is negative."""
    for cls in (pyloss.KLDivergence, pyloss.GeneralizedKL, pyloss.JSDivergence):
        assert np.isnan(cls(check=False)([[-0.5, 1.0]], [[0.5, 0.5]]))
    assert np.isnan(pyloss.KLDivergence(log_pred=True, check=False)([[-0.5, 1.0]], [[-1.0, -1.0]]))


def test_row74_unchecked_logarithms_of_negative_numbers():
    for y, p in ((-1.5, 0.0), (0.0, -1.5)):
        value, grad = pyloss.MSLE(check=False).value_and_grad([y], [p])
        assert np.isnan(value)
        assert np.isnan(grad).all()


SHARES = [
    v for v in VARIANTS if v.rowwise and v().y_true_domain.low == 0 and v().y_pred_domain.low == 0 and not v.labels
]


@pytest.mark.parametrize("variant", SHARES, ids=str)
def test_rows_60_61_nothing_is_normalised(variant):
    """Neither truths nor probabilities: what a row sums to is the caller's own."""
    y, p = data(variant, (20, 4))
    p = p / 8
    for scaled in ((y * 4, p), (y, p / 2)):
        expected = pyloss.reference.evaluate(variant(), *scaled)
        value, grad = variant().value_and_grad(*scaled)
        assert value == pytest.approx(expected.value, rel=1e-12, abs=1e-14)
        np.testing.assert_allclose(grad, expected.grad, rtol=1e-11, atol=1e-14)
    assert value != variant()(y, p)


PROBABILITIES = [variant for variant in VARIANTS if variant.rowwise and variant().y_pred_domain.low == 0]


@pytest.mark.parametrize("variant", PROBABILITIES, ids=str)
def test_row62_a_row_of_zeros(variant):
    """Probabilities of 0 everywhere cost what the formula says: inf, or what it has for a limit, and never what others cost."""
    y, p = data(variant, (20, 4))
    clean = p.copy()
    p[7] = 0
    loss = variant(reduction="none")
    expected = pyloss.reference.evaluate(loss, y, p)
    for got, truth in zip(loss.value_and_grad(y, p), (expected.value, expected.grad), strict=True):
        np.testing.assert_allclose(got, truth, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(np.delete(loss(y, p), 7), np.delete(loss(y, clean), 7))
