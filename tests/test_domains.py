"""The quick look at a block's numbers: no violation is missed, and what is plainly inside is not looked at twice."""

import re
from itertools import product
from math import inf

import numpy as np
import pytest
from own_kernels import compiles, kernel

import pyloss
from pyloss._domains import Domain
from pyloss._kernels import load
from pyloss._runtime import available_levels

# Numbers alone: other tests walk the memory.
pytestmark = pytest.mark.optimized
WORDS = {32: (np.uint32, np.float32, 23), 64: (np.uint64, np.float64, 52)}
PLACES = (0, 31, 32, 63, 64, 69)
every_precision = pytest.mark.parametrize("bits", WORDS)
every_level = pytest.mark.parametrize("level", available_levels())


def all_kinds(bits: int) -> np.ndarray:
    """Every sign and exponent, with the mantissa's ends, single bits and some more."""
    word, real, mantissa = WORDS[bits]
    ends = [0, 1, 2**mantissa - 1, 2 ** (mantissa - 1), 2 ** (mantissa - 1) - 1, 0x2AAAA5]
    heads = np.arange(2 ** (bits - mantissa), dtype=word) << word(mantissa)
    return (heads[:, None] | np.array(ends, word)).ravel().view(real)


@every_level
@every_precision
@pytest.mark.parametrize(("low", "high", "integral"), [(0, 1, False), (0, inf, False), (0, 0.75, False), (-1, 1, True)])
def test_a_violation_is_never_missed(low, high, integral, bits, level):
    look, numbers = load(level, bits).surely_within, all_kinds(bits)
    inside = (numbers == 0) | (np.abs(numbers) == 1) if integral else (numbers >= low) & (numbers <= high)
    exact = integral or bits == 32 or high == inf
    others = np.zeros(70, numbers.dtype)
    for place in PLACES:
        x = others.copy()
        for number, allowed in zip(numbers, inside, strict=True):
            x[place] = number
            sure = look(x, low, high, integral)
            assert allowed or not sure or (np.isnan(number) and high == inf), (number, place)  # a nan is data
            plain = exact and not (number == 0 and np.signbit(number))
            assert sure or not (allowed and plain), (number, place)


@every_level
@every_precision
@pytest.mark.parametrize(("low", "high", "integral"), [(0, 1, False), (0, inf, False), (-1, 1, True)])
def test_every_place_is_looked_at(low, high, integral, bits, level):
    """Wherever lines of the cache begin, among zeros as among ones."""
    look, real = load(level, bits).surely_within, WORDS[bits][1]
    for start, n, number in product(range(16), (1, 15, 16, 17, 31, 33, 70, 100), (0, 1)):
        x = np.full(start + n, number, real)[start:]
        assert look(x, low, high, integral)
        for place in range(n):
            x[place] = -2
            assert not look(x, low, high, integral), (start, n, place)
            x[place] = number


@every_level
@every_precision
def test_labels_are_seen_at_a_look(bits, level):
    look, rng = load(level, bits).surely_within, np.random.default_rng(bits)
    for n in (0, 1, 33, 1024):
        labels = rng.integers(0, 2, n).astype(WORDS[bits][1])
        assert look(labels, 0, 1, False)
        assert look(labels, -1, 1, True)
        assert look(2 * labels - 1, -1, 1, True)
        assert look(100 * labels, 0, inf, False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("loss", [pyloss.Hinge(), pyloss.Brier(), pyloss.BCE(), pyloss.KLDivergence(axis=0)], ids=str)
def test_numbers_in_steps_are_checked(loss, dtype):
    """Those between the steps are none of the call's."""
    y, p = np.full((2, 5000), -7, dtype)
    y[::2], p[::2] = 1, 0.5
    assert np.isfinite(loss(y[::2], p[::2]))
    for name, place in product(("y_true", "y_pred"), (0, 1024, 2499)):
        bad = {"y_true": y.copy(), "y_pred": p.copy()}
        bad[name][2 * place] = -3
        if name == "y_true" or loss.y_pred_domain.bounded:
            with pytest.raises(ValueError, match=rf"{name} must .*, got -3\.0 at index {place}"):
                loss(bad["y_true"][::2], bad["y_pred"][::2])


def test_a_first_reading_is_checked():
    """Only a second one of the same data is not: chunks of dask arrays have their gradients from one."""
    plan, y, p = pyloss.GammaNLL()._plan, np.array([1.0, -1.0]), np.ones(2)
    with pytest.raises(ValueError, match=r"y_true must be > 0, got -1\.0 at index 1"):
        plan.scaled_grad(1.0, y, p)
    assert plan.scaled_grad(1.0, y, p, again=True).shape == (2,)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (Domain(), "any number"),
        (Domain(low_open=True), "> -inf"),
        (Domain(high_open=True), "< inf"),
        (Domain(low_open=True, high_open=True), "finite"),
        (Domain(low=0), ">= 0"),
        (Domain(low=0, low_open=True), "> 0"),
        (Domain(low=0, high_open=True), "in [0, inf)"),
        (Domain(high=0, low_open=True), "in (-inf, 0]"),
        (Domain(low=0, high=1), "in [0, 1]"),
        (Domain(low=-1, high=1, integral=True), "one of -1, 0, 1"),
    ],
)
def test_words(domain, words):
    assert str(domain) == words


HOLDING = {
    ("in [0, 1]", "in [0, 1]"): "bce brier binary_focal dice jaccard tversky soft_mcc",
    ("in [0, 1]", "any number"): "asymmetric_bce",
    (
        "one of -1, 0, 1",
        "any number",
    ): "logistic hinge squared_hinge modified_huber perceptron exponential hinge_embedding lovasz"
    " margin_ranking cosine_embedding",
    (">= 0", ">= 0"): "poisson_nll kl_divergence js_divergence total_variation cce sparse_cce",
    (">= 0", "in [0, 1]"): "categorical_focal generalized_ce",
    (">= 0", "any number"): "negative_binomial_nll generalized_kl sparsemax poly1",
    ("> 0", "> 0"): "gamma_nll inverse_gaussian_nll",
    ("any number", "> 0"): "tweedie_nll",
    ("> -1", "> -1"): "msle",
}
SCALES = {"gaussian_nll": "variance", "laplace_nll": "scale", "crps_normal": "std"}


@pytest.mark.parametrize("stem", pyloss.LOSSES)
def test_what_a_loss_takes(stem):
    """The other tests ask the loss itself where it is defined."""
    loss = pyloss.LOSSES[stem]
    words = [pair for pair, stems in HOLDING.items() if stem in stems.split()] or [("any number", "any number")]
    assert [(str(loss.y_true_domain), str(loss.y_pred_domain))] == words
    bounded = {name: str(domain) for name, domain in loss.predictions.items() if domain != Domain()}
    assert bounded == ({SCALES[stem]: "> 0"} if stem in SCALES else {})


def test_of_two_at_the_same_place_the_truth_is_told():
    """As everywhere the first: on one thread and on several, in a first reading and where all is summed at once."""
    y, p = np.zeros((2, 300_000))
    y[200_000] = p[200_000] = 2
    for threads in (1, 3):
        with pyloss.threads(threads):
            for ask in (pyloss.Brier(), pyloss.BCE(), pyloss.BCE().grad):
                with pytest.raises(ValueError, match=r"y_true must be in \[0, 1\], got 2\.0 at index 200000"):
                    ask(y, p)


ROWS = {
    "plain": np.copy,
    "gaps": lambda a: np.concatenate([a, a], axis=-1)[..., : a.shape[-1]],
    "fortran": np.asfortranarray,
    "classes first": lambda a: np.moveaxis(np.moveaxis(a, -1, 0).copy(), 0, -1),
    "turned": lambda a: a.swapaxes(0, 1).copy().swapaxes(0, 1),
}


@pytest.mark.parametrize("layout", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("classes", [5, 40, 1030])
def test_every_entry_of_rows_is_looked_at(classes, layout):
    """Tiles of few classes and rows of many, as they lie."""
    truth, z = layout(np.full((6, 13, classes), 0.5)), np.zeros((6, 13, classes))
    losses = pyloss.CCE(from_logits=True), pyloss.Sparsemax(), pyloss.CategoricalFocal(from_logits=True)
    for place in product((0, 5), (0, 6, 12), (0, 3, classes - 1)):
        truth[place] = -1
        for loss in losses:
            with pytest.raises(ValueError, match=re.escape(f"got -1.0 at index {place}")):
                loss(truth, z)
        assert np.isfinite(losses[0](truth, z, (truth >= 0).all(axis=-1).astype(float)))
        truth[place] = 0.5


def test_only_what_is_below_0_is_a_negative_weight():
    """Zeros of either sign and nans come before it."""
    weights = np.array([0.0, -0.0, np.nan, 1.0, 0.0])
    assert np.isnan(pyloss.mse(np.zeros(5), np.ones(5), weights))
    weights[4] = -1e-300
    with pytest.raises(ValueError, match="sample_weight must be >= 0, got -1e-300 at index 4"):
        pyloss.mse(np.zeros(5), np.ones(5), weights)


BOTH, TRUTH = ("y_true", "y_pred"), ("y_true",)
LOOKING = [
    (pyloss.Brier, BOTH, r"in \[0, 1\]", [(0, -1), (1, 2), (-inf, -inf), (inf, inf)], 0.5),
    (pyloss.TotalVariation, BOTH, r">= 0", [(0, -1), (-inf, -inf)], inf),
    (
        pyloss.Hinge,
        TRUTH,
        r"one of -1, 0, 1",
        [(1, 0), (1, 2), (-1, 0), (-1, -2), (0, 1), (0.5, 0.5), (-inf, -inf), (inf, inf)],
        -1.0,
    ),
]
LOOKING_AT = [(kind, taken, *rest) for kind, arrays, *rest in LOOKING for taken in arrays]


@pytest.mark.parametrize("size", [1, 31, 32, 33, 70, 1024, 1030])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("kind", "taken", "rule", "outside", "inside"), LOOKING_AT, ids=lambda part: getattr(part, "stem", None)
)
def test_a_sum_that_looks_finds_it_at_every_place(kind, taken, rule, outside, inside, dtype, size):
    """What is next to an edge on the wrong side, in rounds of lanes and in the rest; -0 is inside, and a nan is data."""
    loss, out = kind(), np.empty(size, dtype)
    for place in {*range(min(size, 70)), size // 2, size - 1}:
        given = {"y_true": np.ones(size, dtype), "y_pred": np.full(size, 0.25, dtype)}
        plain = given[taken].copy()
        for edge, towards in outside:
            given[taken][place] = np.nextafter(dtype(edge), dtype(towards))
            with pytest.raises(ValueError, match=rf"{taken} must be {rule}, got .* at index {place}\b"):
                loss.value_and_grad(**given, out=out)
            with pytest.raises(ValueError, match=rf"at index {place}\b"):
                loss(**given)
        for number, same in ((-0.0, 0.0), (np.nan, np.nan), (inside, inside)):
            given[taken][place] = number
            got = loss.value_and_grad(**given)
            other = plain.copy()
            other[place] = same
            expected = kind(check=False).value_and_grad(**(given | {taken: other}))
            assert np.array_equal(got[0], expected[0], equal_nan=True)
            np.testing.assert_array_equal(got[1], expected[1])


@compiles
@pytest.mark.parametrize(
    ("interval", "low"), [("(0.1, 1]", True), ("[0.1, 1]", True), ("[0, 0.1]", False), ("[0, 0.7)", True)]
)
def test_an_interval_is_judged_as_it_is_written(interval, low):
    """Ends that float32 does not hold: 0.1 in float32 is above 0.1, and 0.7 in float32 below 0.7."""
    number = np.float32(0.7 if "0.7" in interval else 0.1)
    loss = pyloss.from_kernel(
        kernel("huber"), kernel32=kernel("huber32"), name="huber", parameters={"delta": 1.0}, y_pred_domain=interval
    )
    for dtype in (np.float32, np.float64):
        given = np.zeros(1, dtype), np.array([number], dtype)
        if low:
            assert np.isfinite(loss(*given))
        else:
            with pytest.raises(ValueError, match=re.escape(f"y_pred must be in {interval}")):
                loss(*given)
