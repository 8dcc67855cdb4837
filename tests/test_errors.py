"""What is refused, and what the message says: the loss, the argument, the rule, what was got, and where."""

import re
from dataclasses import fields
from math import inf, nan

import numpy as np
import pytest
from comparing import hint, hint_at_label, methods
from layouts import LAYOUTS
from variants import ELEMENTWISE, EVERY, REDUCTIONS, ROWWISE, VARIANTS, data, weights

import pyloss
from pyloss import LOSSES

every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
LABELLED = [variant for variant in VARIANTS if variant.labels and variant.row_truth]
NUMBERED = [(stem, f) for stem, cls in LOSSES.items() for f in fields(cls) if "domain" in f.metadata]
CHOSEN = [(stem, f) for stem, cls in LOSSES.items() for f in fields(cls) if "choices" in f.metadata]


def refused(error: type, message: str):
    """The whole message, literally."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def ask_all(loss, *arguments, **keywords):
    """Each method as a call of no arguments."""
    return [lambda ask=ask: getattr(loss, ask)(*arguments, **keywords) for ask in methods(loss)]


# Parameters -----------------------------------------------------------------------------------------------------------


def outside(domain) -> list[float]:
    ends = [domain.low] * domain.low_open + [domain.high] * domain.high_open
    return [
        nan,
        *([domain.low - 1] if domain.low > -inf else []),
        *ends,
        *([domain.high + 1, inf] if domain.high < inf else []),
    ]


@pytest.mark.parametrize(("stem", "parameter"), NUMBERED, ids=lambda x: getattr(x, "name", x))
def test_rows_58_59_63_64_65_67_numbers_out_of_their_domain(stem, parameter):
    for number in outside(parameter.metadata["domain"]):
        with refused(ValueError, f"{stem}: {parameter.name} must be {parameter.metadata['domain']}, got {number!r}"):
            LOSSES[stem](**{parameter.name: number})
        with pytest.raises(ValueError, match=f"^{stem}: {parameter.name} must be "):
            getattr(pyloss, stem)([0.5], [0.5], **{parameter.name: number})


@pytest.mark.parametrize("given", ["1", None, True, [1.0], 1j, np.ones(1)], ids=repr)
@pytest.mark.parametrize(("stem", "parameter"), NUMBERED, ids=lambda x: getattr(x, "name", x))
def test_what_is_no_number(stem, parameter, given):
    if given is None and parameter.default is None:
        assert getattr(LOSSES[stem](**{parameter.name: given}), parameter.name) is None
        return
    with refused(TypeError, f"{stem}: {parameter.name} must be a number, got {given!r}"):
        LOSSES[stem](**{parameter.name: given})


@pytest.mark.parametrize(("stem", "parameter"), NUMBERED, ids=lambda x: getattr(x, "name", x))
def test_numbers_of_numpy_become_floats(stem, parameter):
    """Numbers that the loss takes, together with the choices that it takes them with."""
    name = parameter.name
    variant = next(v for v in EVERY if v.stem == stem and isinstance(v.parameters.get(name), float))
    loss = variant(**{name: np.float32(variant.parameters[name])})
    assert type(getattr(loss, name)) is float
    assert loss == variant()


@pytest.mark.parametrize("given", ["yes", 1, 1.0, 0, None, np.True_], ids=repr)
@pytest.mark.parametrize(("stem", "parameter"), CHOSEN, ids=lambda x: getattr(x, "name", x))
def test_choices(stem, parameter, given):
    """1 is no True, but may itself be a choice."""
    choices = parameter.metadata["choices"]
    if (type(given), given) in [(type(choice), choice) for choice in choices]:
        assert getattr(LOSSES[stem](**{parameter.name: given}), parameter.name) == given
        return
    rule = " or ".join(map(repr, choices))
    with refused(ValueError, f"{stem}: {parameter.name} must be {rule}, got {given!r}"):
        LOSSES[stem](**{parameter.name: given})


@pytest.mark.parametrize("stem", LOSSES)
def test_what_all_losses_have(stem):
    rules = {
        "reduction": "'mean' or 'sum' or 'batchmean' or 'none'",
        "on_empty": "'nan' or 'zero' or 'raise'",
        "check": "True or False",
    }
    for name, rule in rules.items():
        for given in ("avg", None, 3, np.zeros(2)):
            with refused(ValueError, f"{stem}: {name} must be {rule}, got {given!r}"):
                LOSSES[stem](**{name: given})
    with pytest.raises(TypeError, match=f"^{stem}: got an unexpected keyword argument 'delat': "):
        LOSSES[stem](delat=1)
    with pytest.raises(
        TypeError, match=f"^{LOSSES[stem].__name__}: parameters are given by name, got 1.0 without one$"
    ):
        LOSSES[stem](1.0)
    with pytest.raises(TypeError, match=f"^{stem}: got an unexpected keyword argument 'delat': "):
        getattr(pyloss, stem)([0.5], [0.5], delat=1)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("detla", "did you mean delta?"),
        ("reductoin", "did you mean reduction?"),
        ("sample_weights", "did you mean sample_weight, which goes with the arrays?"),
        ("q", "it takes reduction, on_empty, check, delta"),
    ],
)
def test_an_unknown_parameter_is_named_with_the_one_that_is_meant(name, hint):
    message = f"huber: got an unexpected keyword argument {name!r}: {hint}"
    with refused(TypeError, message):
        pyloss.Huber(**{name: 1})
    with refused(TypeError, message):
        pyloss.huber([1.0], [2.0], **{name: 1})


@pytest.mark.parametrize("stem", sorted({variant.stem for variant in ROWWISE}))
def test_axis(stem):
    for given in (1.0, "0", None, True):
        with refused(TypeError, f"{stem}: axis must be an integer, got {given!r}"):
            LOSSES[stem](axis=given)
    for axis in (2, -3):
        variant = next(v for v in ROWWISE if v.stem == stem)
        y, p = data(variant, (4, 3))
        for ask in ask_all(variant(axis=axis), y, p):
            with refused(ValueError, f"{stem}: axis must be an axis of y_pred, got {axis} for the shape (4, 3)"):
                ask()
    with pytest.raises(ValueError, match=f"^{stem}: axis must be an axis of y_pred, got -1 for the shape \\(\\)"):
        LOSSES[stem]()(0, 1.0)


# Dtypes ---------------------------------------------------------------------------------------------------------------

NO_NUMBERS = {
    "complex": np.ones(3, complex),
    "object": np.array([1, 2, 3], object),
    "string": np.array(["1", "2", "3"]),
    "datetime": np.zeros(3, "M8[s]"),
    "timedelta": np.zeros(3, "m8[s]"),
    "longdouble": np.ones(3, np.longdouble),
    "record": np.zeros(3, [("x", "f8")]),
    "bytes": np.zeros(3, "V8"),
    "two bytes": np.zeros(3, "V2"),
}


@every_variant
def test_rows_91_92_93_96_97_dtypes(variant):
    for bad in NO_NUMBERS.values():
        assert_no_numbers(variant, bad)


def assert_no_numbers(variant, bad):
    """As truth, prediction or weight."""
    y, p = data(variant, (3, 3) if variant.rowwise else (3,))
    truth, pred = np.broadcast_to(bad[:1], y.shape), np.broadcast_to(bad[:1], p.shape)
    rule = "real numbers (float16, float32, float64 or integers)"
    for ask in ask_all(variant(), y, pred):
        with refused(TypeError, f"{variant.stem}: y_pred must hold {rule}, got {bad.dtype}"):
            ask()
    for ask in ask_all(variant(), truth, p):
        with refused(
            TypeError,
            f"{variant.stem}: y_true must hold {'integer class labels' if variant.labels else rule}, got {bad.dtype}",
        ):
            ask()
    for ask in ask_all(variant(), y, p, bad):
        with refused(TypeError, f"{variant.stem}: sample_weight must hold {rule}, got {bad.dtype}"):
            ask()


@every_variant
def test_rows_50_90_bool(variant):
    """As truth of two classes only, and as weights; not as labels of several."""
    y, p = data(variant, (5, 4))
    with pytest.raises(TypeError, match=f"^{variant.stem}: y_pred must hold real numbers .* got bool$"):
        variant()(y, p > 0.5)
    if variant().y_true_domain.accepts_bool:
        variant()(y > 0.5, p)
    else:
        with pytest.raises(TypeError, match=f"^{variant.stem}: y_true must hold .* got bool$"):
            variant()(y > 0.5, p)


@pytest.mark.parametrize("labels", [[1.0, 0.0, 2.0], [nan, 0.0, 1.0], [1.7, 0, 1], [1e9, 0, 1]], ids=str)
@pytest.mark.parametrize("variant", LABELLED, ids=str)
def test_rows_47_and_48_float_labels(variant, labels):
    for check in (True, False):
        for ask in ask_all(variant(check=check), np.array(labels), np.full((3, 4), 0.25)):
            with refused(TypeError, f"{variant.stem}: y_true must hold integer class labels, got float64"):
                ask()


@every_variant
def test_row95_none(variant):
    y, p = data(variant, (5, 4))
    for arguments in ((None, p), (y, None)):
        for ask in ask_all(variant(), *arguments):
            with pytest.raises(TypeError, match=f"^{variant.stem}: y_(true|pred) must be an array, got None$"):
                ask()


@every_variant
def test_ragged_lists(variant):
    with pytest.raises(
        ValueError, match=f"^{variant.stem}: y_true must be an array, or lists that make one: .*inhomogeneous"
    ):
        variant()([[1, 2], [3]], [[1.0, 2], [3, 4]])


# Shapes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ELEMENTWISE, ids=str)
def test_rows_76_to_78_shapes(variant):
    for truth, pred in (
        ((3,), (3, 1)),
        ((3, 1), (3,)),
        ((2, 3), (6,)),
        ((3,), (2,)),
        ((2, 3), (3,)),
        ((), (3,)),
        ((3,), ()),
        ((1,), ()),
    ):
        message = f"{variant.stem}: y_true and y_pred must have the same shape, got {truth} and {pred}"
        if np.prod(truth) == np.prod(pred):
            message += f": write np.reshape(y_true, {pred})"
        for ask in ask_all(variant(), np.zeros(truth), np.full(pred, 0.5)):
            with refused(ValueError, message):
                ask()


@pytest.mark.parametrize("variant", LABELLED, ids=str)
def test_row76_labels_in_a_column(variant):
    with pytest.raises(ValueError, match=re.escape("got (4, 1) and (4, 3): write np.reshape(y_true, (4,))")):
        variant()(np.zeros((4, 1), int), np.full((4, 3), 0.5))


@pytest.mark.parametrize("variant", ROWWISE, ids=str)
def test_shapes_of_rows(variant):
    for truth in ((3,), (4, 2), (4, 3, 1), (), (1, 3), (3, 4)):
        with pytest.raises(ValueError, match=f"^{variant.stem}: y_true .* got {re.escape(str(truth))} and \\(4, 3\\)"):
            variant()(np.zeros(truth, int), np.full((4, 3), 0.5))


@every_variant
def test_shapes_of_weights(variant):
    y, p = data(variant, (4, 5, 3))
    shape = variant.values_shape(p.shape)
    for wrong in ((), (1,), (5,), (3,), (4, 1), (4, 5, 1), (1, 5), (*shape, 1), shape[1:]):
        message = f"{variant.stem}: sample_weight must have the shape {shape} or (4,) (one number per row), got {wrong}"
        for ask in ask_all(variant(), y, p, np.ones(wrong)):
            with refused(ValueError, message):
                ask()


# Domains --------------------------------------------------------------------------------------------------------------


def violations(domain):
    """Numbers outside a domain, and what float32 makes of the nearest."""
    if domain.integral:
        return [0.5, domain.high + 1, domain.low - 1, inf, -inf, 1.0000001, 1e30]
    nearest = (
        float(np.nextafter(np.float32(domain.low), np.float32(-inf))) if domain.low else -np.finfo(np.float32).tiny
    )
    below = [domain.low - 1, nearest, -inf] if domain.low > -inf else []
    return below + ([domain.high + 1, 1.0000001, inf] if domain.high < inf else [])


CHECKED = [
    (variant, argument, number)
    for variant in VARIANTS
    for argument in ("y_true", "y_pred")
    for number in violations(getattr(variant(), f"{argument}_domain"))
    if not (variant.labels and argument == "y_true")
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize(("variant", "argument", "number"), CHECKED, ids=str)
def test_rows_14_16_23_68_74_domains(variant, argument, number, dtype, rng):
    """The first offence is named: its index in the caller's array, in any layout, and its number."""
    shape = (9, 8, variant.classes or 5)
    y, p = data(variant, shape)
    y, p = (y if variant.labels else y.astype(dtype)), p.astype(dtype)
    wrong = y if argument == "y_true" else p
    for flat in (0, p.size - 1, int(rng.integers(1, p.size - 9))):
        first = tuple(int(i) for i in np.unravel_index(flat, shape))
        if variant.labels:
            first = (*first[:2], int(y[first[:2]]))
        kept = wrong.copy()
        wrong[first] = number
        wrong[8, 7, -1] = wrong[8, 7, int(y[8, 7])] if variant.labels else number
        rule = getattr(variant(), f"{argument}_domain")
        message = f"{variant.stem}: {argument} must be {rule}, got {dtype(number)} at index {first}{hint(variant(), argument)}"
        for layout in (np.array, *LAYOUTS.values()):
            arrays = layout(y), layout(p)
            for ask in ask_all(variant(), *arrays):
                with refused(ValueError, message):
                    ask()
            np.testing.assert_array_equal(arrays[0], y)
            np.testing.assert_array_equal(arrays[1], p)
        wrong[:] = kept


@pytest.mark.parametrize(("variant", "argument", "number"), CHECKED, ids=str)
def test_unchecked_domains(variant, argument, number):
    """The formula's own number is the answer, and no other element's changes."""
    y, p = data(variant, (6, 5))
    expected = variant(reduction="none", check=False).value_and_grad(y, p)
    (y if argument == "y_true" else p)[3, int(y[3]) if variant.labels else 2] = number
    for ask in ask_all(variant(reduction="none", check=False), y, p):
        ask()
    got = variant(reduction="none", check=False).value_and_grad(y, p)
    assert [np.shape(a) for a in got] == [np.shape(b) for b in expected]
    if variant().family != "total":  # in which all elements hang together
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(np.delete(a, 3, 0), np.delete(b, 3, 0))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("variant", [v for v in ROWWISE if not v.labels and v().y_true_domain.low == 0], ids=str)
def test_domains_along_an_axis(variant, axis):
    """The index is that of the caller's array."""
    y, p = data(variant, (4, 5, 6), axis=axis)
    y[1, 2, 3] = -1
    for reduction in REDUCTIONS:
        for ask in ask_all(variant(axis=axis, reduction=reduction), y, p):
            with pytest.raises(ValueError, match=r"y_true must be >= 0, got -1.0 at index \(1, 2, 3\)"):
                ask()


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v().y_pred_domain.high == 1 and not v.labels], ids=str)
def test_the_first_of_many_threads(variant):
    """Whatever thread finds whatever offence first. With labels only the label's probability is read."""
    y, p = data(variant, (500_000,))
    p[[200_000, 199_999, 400_000, 499_999]] = 2
    for number in (1, 2, 7):
        with pyloss.threads(number):
            for ask in ask_all(variant(), y, p) * 3:
                with pytest.raises(ValueError, match=r"got 2\.0 at index 199999"):
                    ask()


@pytest.mark.parametrize("variant", LABELLED, ids=str)
def test_rows_45_and_46_labels(variant):
    """Always checked, with `check=False` too: nothing is ever read out of bounds."""
    y, p = data(variant, (40, 6, 5))
    for label in (5, -1, 7, 2**40, -(2**62), 2**63 - 1):
        y[30, 2] = label
        y[31, 0] = 99
        message = f"{variant.stem}: class labels must be in 0 ... 4, got {label} at index (30, 2){hint_at_label(variant(), label)}"
        for check in (True, False):
            for layout in (np.array, np.asfortranarray, LAYOUTS["negative"]):
                for ask in ask_all(variant(check=check), layout(y), p):
                    with refused(IndexError, message):
                        ask()
    y[30, 2], y[31, 0] = 0, 0
    for dtype, label in ((np.uint64, 2**64 - 1), (np.uint8, 255), (np.int8, -128)):
        wrong = y.astype(dtype)
        wrong[0, 0] = label
        with pytest.raises(IndexError, match=f"got {label} at index \\(0, 0\\)"):
            variant()(wrong, p)


@pytest.mark.parametrize("variant", LABELLED, ids=str)
def test_a_label_without_dimensions(variant):
    with refused(IndexError, f"{variant.stem}: class labels must be in 0 ... 2, got 3"):
        variant()(3, [0.5, 0.25, 0.25])


@pytest.mark.parametrize("per", ["element", "row"])
@every_variant
def test_row43_negative_weights(variant, per):
    y, p = data(variant, (70, 4, 3))
    if variant.parameters.get("ignore_index") == 0:
        y = np.maximum(y, 1)  # of ignored rows the weight is not looked at
    shape = variant.values_shape(p.shape) if per == "element" else (70,)
    w = weights(shape)
    w[66] = w[68] = -0.5
    where = 66 if len(shape) == 1 else (66, *[0] * (len(shape) - 1))
    for ask in ask_all(variant(), y, p, w):
        with refused(ValueError, f"{variant.stem}: sample_weight must be >= 0, got -0.5 at index {where}"):
            ask()
    for ask in ask_all(variant(check=False), y, p, w):
        ask()


def test_row43_negative_weights_unchecked():
    """All weights count, on any number of threads: an unchecked weight is no fault that stops the sum."""
    p = np.random.default_rng(0).normal(size=3_000_000)
    w = np.ones(p.size)
    w[0] = -1
    truth = (w * p * p).sum() / w.sum()
    for count in (1, 2):
        with pyloss.threads(count):
            assert pyloss.MSE(check=False)(np.zeros(p.size), p, w) == pytest.approx(truth, rel=1e-13, abs=0)


@every_variant
def test_nan_weights_are_data(variant):
    y, p = data(variant, (5, 4))
    w = np.array([1, 1, nan, 1, 1])
    assert np.isnan(variant()(y, p, w))


# Outputs --------------------------------------------------------------------------------------------------------------

BAD_OUTPUTS = {
    "list": (lambda shape: [0.0], TypeError, "out must be a numpy.ndarray, got list"),
    "masked": (lambda shape: np.ma.zeros(shape), TypeError, "out must be a numpy.ndarray, got MaskedArray"),
    "shape": (lambda shape: np.zeros((*shape, 1)), ValueError, "out must have the shape {shape}, got {other}"),
    "flat": (lambda shape: np.zeros(int(np.prod(shape)) + 1), ValueError, "out must have the shape {shape}, got "),
    "integers": (
        lambda shape: np.zeros(shape, int),
        ValueError,
        "out must hold float16, float32 or float64, got int64",
    ),
    "bool": (lambda shape: np.zeros(shape, bool), ValueError, "out must hold float16, float32 or float64, got bool"),
    "complex": (
        lambda shape: np.zeros(shape, complex),
        ValueError,
        "out must hold float16, float32 or float64, got complex128",
    ),
    "longdouble": (
        lambda shape: np.zeros(shape, np.longdouble),
        ValueError,
        "out must hold float16, float32 or float64, got ",
    ),
    "read-only": (lambda shape: LAYOUTS["read_only"](np.zeros(shape)), ValueError, "out is read-only"),
    "zero strides": (
        lambda shape: np.lib.stride_tricks.as_strided(np.zeros(1), shape, (0,) * len(shape)),
        ValueError,
        "the elements of out share memory, with the strides ",
    ),
}


@pytest.mark.parametrize("kind", BAD_OUTPUTS)
@every_variant
def test_rows_81_84_100_outputs(variant, kind):
    """Refused before any work: nothing is written."""
    make, error, message = BAD_OUTPUTS[kind]
    y, p = data(variant, (6, 4))

    def refusal(shape):
        other = (*shape, 1)
        return pytest.raises(error, match=re.escape(f"{variant.stem}: {message.format(shape=shape, other=other)}"))

    loss, values = variant(reduction="sum"), variant.values_shape(p.shape)
    good, out = np.full(p.shape, 7.0), make(p.shape)
    with refusal(p.shape):
        loss.grad(y, p, out=out)
    with refusal(p.shape):
        loss.value_and_grad(y, p, out=out)
    if variant.has_hess:
        for pair in ((out, good), (good, out)):
            with refusal(p.shape):
                loss.grad_and_hess(y, p, out=pair)
    loss = variant(reduction="none")
    if loss.family != "total":  # whose values are one number, or one for each case
        with refusal(values):
            loss(y, p, out=make(values))
        with refusal(values):
            loss.value_and_grad(y, p, out=(make(values), good))
        with refusal(p.shape):
            loss.value_and_grad(y, p, out=(np.full(values, 7.0), out))
    assert (good == 7).all()
    assert not np.asarray(out).any()


@every_variant
def test_out_for_a_number(variant):
    y, p = data(variant, (6, 4))
    for reduction in ("mean", "sum", "batchmean"):
        with refused(
            TypeError, f"{variant.stem}: out= takes arrays, and with reduction='{reduction}' the value is a number"
        ):
            variant(reduction=reduction)(y, p, out=np.zeros(()))


@every_variant
def test_out_must_be_a_pair(variant):
    y, p = data(variant, (6, 4))
    for out in (np.zeros(p.shape), [None, None], (None,), (None, None, None)):
        with pytest.raises(TypeError, match=f"^{variant.stem}: out must be a pair of arrays"):
            variant(reduction="none").value_and_grad(y, p, out=out)
        if variant.has_hess:
            with pytest.raises(TypeError, match=f"^{variant.stem}: out must be a pair of arrays"):
                variant().grad_and_hess(y, p, out=out)
