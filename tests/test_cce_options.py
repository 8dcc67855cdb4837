"""The options of cross-entropy, in any combination: against the reference, against each other, and what they mean."""

from itertools import product

import numpy as np
import pytest
from comparing import check

import pyloss

CLASSES = 5
WEIGHTS = (0.5, 2.0, 0.0, 1.25, 3.0)
FROM_LOGITS = [
    {"from_logits": True, "class_weight": weight, "ignore_index": ignored, "label_smoothing": smoothing, **extra}
    for weight, ignored, smoothing, extra in product(
        (None, WEIGHTS),
        (None, 1, -100),
        (0.0, 0.25),
        (
            {},
            {"z_loss": 0.125},
            {"softcap": 3.0},
            {"temperature": 0.5},
            {"z_loss": 0.125, "softcap": 3.0, "temperature": 2.0},
        ),
    )
]
FROM_PROBABILITIES = [
    {"class_weight": weight, "ignore_index": ignored, "label_smoothing": smoothing, "eps": eps}
    for weight, ignored, smoothing, eps in product((None, WEIGHTS), (None, 1, -100), (0.0, 0.25), (0.0, 0.0625))
]
every_option = pytest.mark.parametrize(
    "options",
    [*FROM_LOGITS, *FROM_PROBABILITIES],
    ids=lambda o: (
        "-".join(f"{name}={given}" for name, given in o.items() if given and name != "class_weight")
        + "-weighted" * bool(o["class_weight"])
    ),
)


def data(options, n, labels, dtype, seed=0):
    rng = np.random.default_rng((seed, n))
    p = rng.normal(size=(n, CLASSES)) * 2 if options.get("from_logits") else rng.dirichlet(np.ones(CLASSES), n)
    y = rng.integers(0, CLASSES, n) if labels else rng.dirichlet(np.ones(CLASSES), n).astype(dtype)
    if labels and options["ignore_index"] == -100:
        y[::3] = -100
    return y, p.astype(dtype)


@pytest.mark.parametrize("labels", [True, False], ids=("labels", "distributions"))
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@every_option
def test_against_the_reference(options, dtype, labels):
    weight = np.round(np.random.default_rng(1).uniform(0, 2, 100) * 4) / 4
    for n, reduction in ((0, "mean"), (1, "mean"), (70, "mean"), (100, "sum"), (100, "none"), (100, "batchmean")):
        y, p = data(options, n, labels, dtype)
        check(pyloss.CCE(**options, reduction=reduction), y, p)
        check(pyloss.CCE(**options, reduction=reduction), y, p, weight[:n])


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("options", FROM_LOGITS, ids=str)
def test_many_classes(options, dtype):
    """Up to 32 are taken in tiles, more row by row."""
    rng = np.random.default_rng(0)
    for classes in (1, 32, 33, 1024, 1030):
        more = {**options, "class_weight": options["class_weight"] and tuple(rng.uniform(0, 2, classes))}
        z = rng.normal(size=(7, classes)).astype(dtype)
        check(pyloss.CCE(**more), rng.integers(0, classes, 7), z)
        check(pyloss.CCE(**more), rng.dirichlet(np.ones(classes), 7).astype(dtype), z)


@pytest.mark.parametrize("classes", [1023, 1025, 2050])
def test_many_weighted_classes_of_probabilities(classes):
    """The mean divides by the weights under the truth, which are gathered a block at a time."""
    rng = np.random.default_rng(0)
    p, truth = rng.dirichlet(np.ones(classes), (2, 5))
    loss = pyloss.CCE(class_weight=tuple(rng.uniform(0, 2, classes)))
    check(loss, truth, p)
    check(loss, truth, p, np.arange(5.0))
    check(loss, rng.integers(0, classes, 5), p)


@pytest.mark.parametrize("classes", [10, 32, 33, 100])
def test_values_of_smoothed_labels_keep_their_digits(classes, rng):
    """In tiles as row by row: many terms of a size, each of them rounded."""
    y, z = rng.integers(0, classes, 400), 8 * rng.normal(size=(400, classes))
    smoothing = 0.3
    truth = np.longdouble((1 - smoothing) * np.eye(classes)[y] + smoothing / classes)
    below = np.longdouble(z) - np.longdouble(z.max(axis=1, keepdims=True))
    expected = truth.sum(axis=1) * np.log(np.exp(below).sum(axis=1)) - (truth * below).sum(axis=1)
    value = pyloss.CCE(from_logits=True, reduction="none", label_smoothing=smoothing)(y, z)
    assert (np.abs(value - expected) <= 4 * np.spacing(value)).all()


@pytest.mark.parametrize("options", FROM_LOGITS[::7])
def test_labels_are_one_hot_distributions(options):
    """But for those that are ignored."""
    options = {**options, "ignore_index": None}
    y, z = data(options, 50, True, np.float64)
    one, other = (pyloss.CCE(**options).value_and_grad(t, z) for t in (y, np.eye(CLASSES)[y]))
    assert one[0] == pytest.approx(other[0], rel=1e-14, abs=0)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-13, atol=1e-17)


def test_the_mean_divides_by_the_weights_of_the_rows_that_count():
    y, z = np.array([0, 1, 2, 3, 4, -100]), np.random.default_rng(0).normal(size=(6, CLASSES))
    rows = pyloss.CCE(from_logits=True, reduction="none")(y[:5], z[:5])
    loss = pyloss.CCE(from_logits=True, class_weight=WEIGHTS, ignore_index=-100)
    assert loss(y, z) == pytest.approx(np.average(rows, weights=WEIGHTS), rel=1e-14, abs=0)
    weight = np.arange(6.0)
    assert loss(y, z, weight) == pytest.approx(np.average(rows, weights=weight[:5] * WEIGHTS), rel=1e-14, abs=0)


def test_a_truth_that_is_nan_takes_the_mean_with_it_but_no_row_of_weight_0():
    """The mean divides by weights of the classes times the truth."""
    y = np.full((3, CLASSES), 1 / CLASSES)
    y[0, 0] = np.nan
    loss = pyloss.CCE(from_logits=True, class_weight=WEIGHTS)
    value, grad = loss.value_and_grad(y, np.zeros((3, CLASSES)), [1.0, 0.0, 2.0])
    assert np.isnan(value)
    assert np.isnan(grad[[0, 2]]).all()
    np.testing.assert_array_equal(grad[1], 0)


def test_ignored_rows_may_hold_anything():
    y, z = np.array([0, -1, 2]), np.zeros((3, CLASSES))
    z[1] = np.nan
    for loss in (pyloss.CCE(from_logits=True, ignore_index=-1), pyloss.NLL(ignore_index=-1)):
        value, grad = loss.value_and_grad(y, z)
        assert np.isfinite(value)
        assert not grad[1].any()
        assert loss(y[[0, 2]], z[[0, 2]]) == value
        with pytest.raises(IndexError, match="got -2 at index 0"):
            loss(y - 2, z)


def test_rows_38_39_everything_ignored_is_nothing():
    y, z = np.full(4, -1), np.ones((4, CLASSES))
    for loss in (pyloss.CCE, pyloss.SparseCCE):
        value, grad = loss(from_logits=True, ignore_index=-1).value_and_grad(y, z)
        assert np.isnan(value)
        assert not grad.any()
        assert loss(from_logits=True, ignore_index=-1, reduction="sum")(y, z) == 0
        assert loss(from_logits=True, ignore_index=-1, on_empty="zero")(y, z) == 0


def test_trap_6_an_ignored_class_stays_in_the_softmax():
    """pytorch#63004."""
    z = np.array([[0.0, 0.0]])
    assert pyloss.CCE(from_logits=True, ignore_index=1)([0], z) == pytest.approx(np.log(2), rel=1e-15, abs=0)


def test_trap_8_ignored_rows_are_not_smoothed():
    """pytorch#73205."""
    y, z = np.array([0, 1, -100]), np.random.default_rng(0).normal(size=(3, CLASSES))
    loss = pyloss.CCE(from_logits=True, label_smoothing=0.5, ignore_index=-100)
    assert loss(y, z) == pyloss.CCE(from_logits=True, label_smoothing=0.5)(y[:2], z[:2])


@pytest.mark.parametrize("given", [-0.1, 1.5, np.nan])
def test_rows_58_59_smoothing_is_a_share(given):
    with pytest.raises(ValueError, match=r"^cce: label_smoothing must be in \[0, 1\], got"):
        pyloss.CCE(label_smoothing=given)


@pytest.mark.parametrize("option", [{"z_loss": 0.5}, {"softcap": 2.0}, {"temperature": 2.0}])
def test_what_is_about_logits(option):
    with pytest.raises(ValueError, match="with probabilities: it is about logits"):
        pyloss.CCE(**option)


def test_a_temperature_divides_the_logits():
    y, z = np.array([0, 1, 2]), np.random.default_rng(0).normal(size=(3, CLASSES))
    value, grad = pyloss.CCE(from_logits=True, temperature=4.0).value_and_grad(y, z)
    other, slope = pyloss.CCE(from_logits=True).value_and_grad(y, z / 4)
    assert value == other
    np.testing.assert_allclose(grad, slope / 4, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
def test_a_temperature_keeps_the_tails(dtype):
    """A division that rounds would be seen as many times as the gap is large."""
    z = np.array([[dtype(70.3), dtype(0.7), dtype(-1.9)]])
    heat = dtype(0.9)
    gaps = [(np.longdouble(z[0, 0]) - np.longdouble(x)) / np.longdouble(heat) for x in z[0]]
    e = np.exp(-np.array(gaps))
    expected = e / e.sum() / np.longdouble(heat)
    grad = pyloss.CCE(from_logits=True, temperature=float(heat)).grad([0], z)
    np.testing.assert_allclose(grad[0, 1:], expected[1:].astype(float), rtol=3 * np.finfo(dtype).eps)


def test_a_cap_on_infinite_logits():
    value, grad = pyloss.CCE(from_logits=True, softcap=2.0).value_and_grad([0], [[np.inf, -np.inf, 0.0]])
    assert value == pytest.approx(np.log1p(np.exp(-4) + np.exp(-2)), rel=1e-15, abs=0)
    assert grad[0, :2].tolist() == [0, 0]


def test_z_loss_is_the_square_of_the_log_sum():
    y, z = np.array([0, 1, 2]), np.random.default_rng(0).normal(size=(3, CLASSES))
    plain, with_z = (pyloss.CCE(from_logits=True, z_loss=lam)(y, z) for lam in (0.0, 0.5))
    size = np.log(np.exp(z).sum(axis=1))
    assert with_z - plain == pytest.approx(0.5 * np.mean(size**2), rel=1e-13, abs=0)


LAST = [2, 16, 17, 31, 32, 33, 63, 64, 65, 127, 1023, 1024, 1025, 1056, 1057]


@pytest.mark.parametrize("special", [9.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("classes", LAST)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
def test_the_last_class_counts_as_the_first(dtype, classes, special, rng):
    """Whatever is left over by the lanes: the largest logit, or what is not finite, at either end of rows that are else the same."""
    logits = rng.normal(size=(3, classes)).astype(dtype)
    logits[:, -1] = special
    labels = np.array([0, classes // 2, classes - 1])
    loss = pyloss.SparseCCE(from_logits=True, reduction="none")
    value, grad = loss.value_and_grad(labels, logits)
    mirrored, mirrored_grad = loss.value_and_grad(classes - 1 - labels, logits[:, ::-1].copy())
    tolerance = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(value, mirrored, rtol=tolerance)
    np.testing.assert_allclose(grad, mirrored_grad[:, ::-1], rtol=tolerance, atol=tolerance * 1e-3)
    alone = [loss.value_and_grad(labels[i : i + 1], logits[i : i + 1]) for i in range(3)]
    np.testing.assert_array_equal(value, np.concatenate([value for value, _ in alone]))
    np.testing.assert_array_equal(grad, np.concatenate([grad for _, grad in alone]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("labels", [True, False], ids=("labels", "distributions"))
@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.5}, {"z_loss": 3.0}, {"z_loss": 0.125, "temperature": 2.0}], ids=str
)
def test_classes_that_no_mass_can_reach_change_nothing(options, labels, dtype, rng):
    """A tile of few classes and a row of many give the same, at the limits too."""
    y, z = rng.integers(0, 6, 400), 3 * rng.normal(size=(400, 6)).astype(dtype)
    for special in (-np.inf, -np.inf, np.inf, 1e38, -1e38):
        z[rng.random(z.shape) < 0.04] = special
    more = np.concatenate([z, np.full((400, 40), -np.inf, dtype)], axis=1)
    loss = pyloss.CCE(from_logits=True, reduction="none", **options)
    few, many = (
        (loss(t, x), *loss.grad_and_hess(t, x))
        for x, t in ((x, y if labels else np.eye(x.shape[1], dtype=dtype)[y]) for x in (z, more))
    )
    for kind in (np.isinf, np.isnan, np.isfinite):
        assert kind(few[0]).any()
    eps = np.finfo(dtype).eps  # the z-loss's slope cancels that of the rest
    for a, b in zip(few, many, strict=True):
        np.testing.assert_allclose(a, b[:, :6] if a.ndim > 1 else b, rtol=16 * eps, atol=4 * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("truth", ["labels", "distributions"])
@pytest.mark.parametrize("classes", [2, 40])
def test_z_loss_of_a_certain_row_keeps_its_digits(classes, truth, dtype):
    """The gradient by the top is what little is left: q - 1 and the z-loss's slope, neither of which is rounded beside 1."""
    z = np.full((3, classes), -np.inf, dtype)
    z[:, :2] = [[0, -30], [0, -35], [1e-16, -60]]
    y = np.zeros(3, int) if truth == "labels" else np.eye(classes, dtype=dtype)[[0, 0, 0]]
    grad = pyloss.CCE(from_logits=True, z_loss=0.125, reduction="none").grad(y, z)
    gap = z[:, 0].astype(float) - z[:, 1]
    log_sum = z[:, 0] + np.log1p(np.exp(-gap))
    expected = 0.25 * log_sum / (1 + np.exp(-gap)) - 1 / (1 + np.exp(gap))
    np.testing.assert_allclose(grad[:, 0], expected, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("classes", [2, 40])
def test_a_tiny_temperature_tells_capped_logits_apart(classes, dtype):
    """tanh(20) and tanh(25) are 1 in every float."""
    z = np.full((1, classes), -25, dtype)
    z[0, :2] = 25, 20
    loss = pyloss.SparseCCE(from_logits=True, softcap=1.0, temperature=3e-18, reduction="none")
    gap = 2 * (np.exp(-40.0) - np.exp(-50.0)) / 3e-18
    np.testing.assert_allclose(loss([0], z), np.log1p(np.exp(-gap)), rtol=16 * np.finfo(dtype).eps)
    np.testing.assert_allclose(loss([1], z), np.log1p(np.exp(gap)), rtol=16 * np.finfo(dtype).eps)
    both = np.eye(classes, dtype=dtype)[:2].mean(axis=0, keepdims=True)
    value = pyloss.CCE(from_logits=True, softcap=1.0, temperature=3e-18, reduction="none")(both, z)
    np.testing.assert_allclose(value, gap / 2 + np.log1p(np.exp(-gap)), rtol=16 * np.finfo(dtype).eps)


def test_the_largest_capped_logit_may_come_late():
    """What rounding took from the top of earlier classes is not that of the top."""
    loss = pyloss.SparseCCE(from_logits=True, softcap=1.0, temperature=3e-18)
    z = np.full((1, 2100), -25.0)
    z[0, 1500] = 20
    for before in np.linspace(0.1, 0.9, 30):
        z[0, 7] = before
        value, grad = loss.value_and_grad([1500], z)
        assert value == 0
        assert not grad.any()


@pytest.mark.parametrize("classes", [3, 40])
def test_a_nan_beside_an_infinite_logit_stays(classes):
    z = np.zeros((2, classes))
    z[0, :2] = np.inf, np.nan
    value, grad = pyloss.SparseCCE(from_logits=True, reduction="none").value_and_grad([0, 0], z)
    assert np.isnan(value).tolist() == [True, False]
    assert np.isnan(grad[0, 1])
    assert np.isfinite(grad[1]).all()


@pytest.mark.parametrize("classes", [2, 40])
def test_without_z_loss_the_weight_of_a_row_changes_no_logarithm(classes):
    """An infinite weight in a row would be 0 times infinity."""
    y, z = np.zeros((2, 1, classes))
    y[0, :2], z[0, 0] = (1, 2), np.inf
    assert (
        pyloss.CCE(from_logits=True, temperature=2.0, class_weight=(2.0,) * classes, reduction="none")(y, z) == np.inf
    )


@pytest.mark.parametrize("classes", [3, 40])
def test_in_place(classes):
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, classes, 9), rng.normal(size=(9, classes))
    loss = pyloss.CCE(from_logits=True, softcap=3.0, label_smoothing=0.1, z_loss=0.1)
    expected = loss.grad_and_hess(y, z)
    copy, hess = z.copy(), np.empty_like(z)
    loss.grad_and_hess(y, copy, out=(copy, hess))
    np.testing.assert_array_equal(copy, expected[0])
    np.testing.assert_array_equal(hess, expected[1])
    copy, grad = z.copy(), np.empty_like(z)
    loss.grad_and_hess(y, copy, out=(grad, copy))
    np.testing.assert_array_equal(copy, expected[1])


def test_the_weights_must_be_as_many_as_the_classes():
    with pytest.raises(
        ValueError, match=r"^cce: class_weight must hold one number per class, 5 for the shape \(3, 5\), got 2$"
    ):
        pyloss.CCE(class_weight=(1, 2))(np.zeros(3, int), np.full((3, 5), 0.2))
    with pytest.raises(ValueError, match=r"^cce: class_weight\[1\] must be in \[0, inf\), got -1$"):
        pyloss.CCE(class_weight=(1, -1))
