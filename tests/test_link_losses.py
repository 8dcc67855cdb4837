"""What is claimed of the losses of the softmax's probabilities alone: their limits, their tails, their weights of classes."""

import numpy as np
import pytest
from mpmath import log1p, mp, mpf

import pyloss

FOCAL, POLY, GCE = pyloss.CategoricalFocal, pyloss.Poly1, pyloss.GeneralizedCE
LOGITS = [FOCAL(from_logits=True), POLY(), GCE(from_logits=True)]
"""Each from logits. A row costs nothing where the label has all of the probability."""

every_loss = pytest.mark.parametrize("loss", LOGITS, ids=lambda loss: loss.name)
both_sizes = pytest.mark.parametrize("classes", [5, 300])


def unreduced(loss):
    return type(loss)(**{**loss.parameters, "reduction": "none"})


def rows(classes=5, n=67, from_logits=True, spread=3.0):
    rng = np.random.default_rng(classes)
    z = rng.normal(size=(n, classes)) * spread
    p = z if from_logits else np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    t = rng.random((n, classes)) * (rng.random((n, classes)) < 0.6)
    return t / np.maximum(t.sum(axis=1, keepdims=True), 1e-300), rng.integers(0, classes, n), p


def answers(loss, y, p):
    loss = unreduced(loss)
    return *loss.value_and_grad(y, p), loss.grad_and_hess(y, p)[1]


def assert_same(one, other, y, p, rtol=1e-14):
    for got, want in zip(answers(one, y, p), answers(other, y, p), strict=True):
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-15)


# One loss as the limit of another -------------------------------------------------------------------------------------


@both_sizes
@pytest.mark.parametrize("from_logits", [False, True])
def test_focal_without_focus_is_cross_entropy(from_logits, classes):
    t, label, p = rows(classes, from_logits=from_logits)
    for y in (t, label):
        assert_same(FOCAL(gamma=0, from_logits=from_logits), pyloss.CCE(from_logits=from_logits), y, p)
        assert FOCAL(gamma=0, from_logits=from_logits)(y, p) == pytest.approx(
            pyloss.CCE(from_logits=from_logits)(y, p), rel=1e-15, abs=0
        )


@both_sizes
def test_poly1_with_the_epsilon_0_is_cross_entropy(classes):
    t, label, z = rows(classes)
    for y in (t, label):
        assert_same(POLY(epsilon=0), pyloss.CCE(from_logits=True), y, z)


@pytest.mark.parametrize("from_logits", [False, True])
def test_generalized_ce_lies_between_the_absolute_error_and_cross_entropy(from_logits):
    t, label, p = rows(from_logits=from_logits)
    q = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True) if from_logits else p
    at_label = q[np.arange(len(q)), label]
    np.testing.assert_allclose(unreduced(GCE(q=1, from_logits=from_logits))(label, p), 1 - at_label, rtol=1e-13)
    for y in (t, label):
        cross_entropy = pyloss.CCE(from_logits=from_logits)
        assert GCE(q=1e-12, from_logits=from_logits)(y, p) == pytest.approx(cross_entropy(y, p), rel=1e-10)
        assert_same(GCE(q=1e-300, from_logits=from_logits), cross_entropy, y, p, rtol=3e-15)


@both_sizes
@every_loss
def test_labels_are_one_hot_distributions(loss, classes):
    _, label, z = rows(classes)
    for got, want in zip(answers(loss, label, z), answers(loss, np.eye(classes)[label], z), strict=True):
        np.testing.assert_allclose(got, want, rtol=5e-15, atol=1e-300)


@pytest.mark.parametrize("classes", [2, 7, 32, 33, 300])
@every_loss
def test_logits_and_their_probabilities_cost_the_same(loss, classes):
    if loss.name == "poly1":
        return
    t, label, z = rows(classes)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    from_p = type(loss)(**{**loss.parameters, "from_logits": False})
    for y in (t, label):
        assert loss(y, z) == pytest.approx(from_p(y, p), rel=1e-12)


@every_loss
def test_a_shift_of_all_logits_changes_nothing(loss):
    t, label, z = rows(spread=8.0)
    z = np.round(z * 64) / 64
    for y in (t, label):
        for shift in (-1000.0, 1000.0):
            for got, want in zip(answers(loss, y, z + shift), answers(loss, y, z), strict=True):
                np.testing.assert_array_equal(got, want)


@every_loss
def test_gradients_of_a_row_sum_to_nothing(loss):
    t, label, z = rows()
    for y in (t, label):
        np.testing.assert_allclose(loss.grad(y, z).sum(axis=1), 0, atol=1e-15)


# Weights of classes ---------------------------------------------------------------------------------------------------

ALPHA = (0.5, 0.0, 2.0, 0.25, 1.0)


@pytest.mark.parametrize("from_logits", [False, True])
def test_one_alpha_for_all_classes_is_a_factor(from_logits):
    """Keras' alpha=0.25."""
    t, label, p = rows(from_logits=from_logits)
    for y in (t, label):
        for got, want in zip(
            answers(FOCAL(alpha=(0.25,) * 5, from_logits=from_logits), y, p),
            answers(FOCAL(from_logits=from_logits), y, p),
            strict=True,
        ):
            np.testing.assert_array_equal(got, want * 0.25)


@pytest.mark.parametrize("from_logits", [False, True])
def test_alpha_multiplies_the_truth(from_logits):
    t, label, p = rows(from_logits=from_logits)
    loss = FOCAL(alpha=ALPHA, from_logits=from_logits)
    assert_same_answers = [(answers(loss, t, p), answers(FOCAL(from_logits=from_logits), t * ALPHA, p))]
    weighted = FOCAL(from_logits=from_logits, reduction="none")
    assert_same_answers += [([unreduced(loss)(label, p)], [weighted(label, p) * np.array(ALPHA)[label]])]
    for got, want in assert_same_answers:
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-15, atol=0)


@pytest.mark.parametrize("classes", [4, 40])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_mean_divides_by_the_rows_and_not_by_alpha(from_logits, classes):
    t, label, p = rows(classes, from_logits=from_logits)
    loss = FOCAL(alpha=tuple(np.arange(classes) / 8), from_logits=from_logits)
    for y in (t, label):
        assert loss(y, p) == pytest.approx(unreduced(loss)(y, p).mean(), rel=1e-15, abs=0)


@pytest.mark.parametrize("from_logits", [False, True])
def test_as_many_alphas_as_classes(from_logits):
    loss = FOCAL(alpha=(1.0, 2.0, 3.0, 4.0), from_logits=from_logits)
    text = r"categorical_focal: alpha must hold one number per class, 3 for the shape \(5, 3\), got 4"
    for y in (np.zeros((5, 3)), np.zeros(5, int)):
        with pytest.raises(ValueError, match=text):
            loss(y, np.full((5, 3), 0.25))


def test_alpha_goes_with_the_class_axis():
    t, label, z = rows()
    loss, turned = FOCAL(alpha=ALPHA, from_logits=True), FOCAL(alpha=ALPHA, from_logits=True, axis=0)
    np.testing.assert_array_equal(turned.grad(t.T, z.T), loss.grad(t, z).T)
    np.testing.assert_array_equal(turned.grad(label, z.T), loss.grad(label, z).T)


# Tails ----------------------------------------------------------------------------------------------------------------


@every_loss
def test_huge_logits(loss):
    z = np.array([[1e4, -1e4, -1e4]])
    value, grad, hess = answers(loss, [0], z)
    np.testing.assert_array_equal(value, 0)
    np.testing.assert_array_equal(grad, np.zeros((1, 3)))
    np.testing.assert_array_equal(hess, np.zeros((1, 3)))
    value, grad, hess = answers(loss, [1], z)
    far = {"categorical_focal": 2e4, "poly1": 2e4 + 2, "generalized_ce": 1 / 0.7}[loss.name]
    np.testing.assert_allclose(value, far, rtol=1e-15)
    np.testing.assert_array_equal(grad, [[0, 0, 0] if loss.name == "generalized_ce" else [1, -1, 0]])
    np.testing.assert_array_equal(hess, np.zeros((1, 3)))


@pytest.mark.parametrize("padding", [1, 100])
def test_the_label_far_above_the_others(padding):
    """Logits of 40 against 0: 1 - q of 4e-18, and its powers, with all their digits."""
    z = np.array([[40.0, *[0.0] * padding]])
    with mp.workdps(60):
        odds = padding * mp.exp(-40)
        rest, cost = odds / (1 + odds), log1p(odds)
        q = 1 - rest
        focal = rest**2 * cost, -(rest**3) * (1 + 2 * q * cost / rest)
        poly = cost + 2 * rest, -rest * (1 + 2 * q)
        generalized = -mp.expm1(mpf(0.7) * -cost) / mpf(0.7), -rest * q ** mpf(0.7)
    for loss, (value, grad) in zip(LOGITS, (focal, poly, generalized), strict=True):
        for y in ([0], np.eye(padding + 1)[:1]):
            got, slope, _ = answers(loss, y, z)
            assert got[0] == pytest.approx(float(value), rel=1e-15, abs=0)
            assert slope[0, 0] == pytest.approx(float(grad), rel=1e-15, abs=0)
            assert slope[0, 1] == pytest.approx(float(-grad / padding), rel=1e-15, abs=0)


def test_a_small_exponent_reaches_far_into_the_tail():
    """q^Q is seen long after q has left the range."""
    grad = GCE(q=2.0**-10, from_logits=True).grad([1], [[1e4, 0.0]])
    np.testing.assert_allclose(grad, [[np.exp(-1e4 / 1024), -np.exp(-1e4 / 1024)]], rtol=1e-14)


@pytest.mark.parametrize("classes", [3, 100])
@every_loss
def test_one_infinite_logit_takes_all(loss, classes):
    z = np.zeros((1, classes))
    z[0, 1] = np.inf
    value, grad, hess = answers(loss, [1], z)
    assert (value == 0).all()
    assert not grad.any()
    assert not hess.any()
    value, grad, _ = answers(loss, [0], z)
    if loss.name == "generalized_ce":
        assert value == 1 / 0.7
        assert not grad.any()
    else:
        assert value == np.inf
        np.testing.assert_array_equal(grad[0, :3], [-1, 1, 0])
    value, grad, hess = answers(loss, np.eye(classes)[[1]], z)
    assert (value == 0).all()
    assert not grad.any()
    assert not hess.any()


@pytest.mark.parametrize("classes", [3, 100])
@every_loss
def test_two_infinite_logits_are_nan_and_stay_in_their_row(loss, classes):
    _, label, z = rows(classes)
    clean = answers(loss, label, z)
    z[5, :2] = np.inf
    z[9, 2] = np.nan
    z[11] = -np.inf
    bad = [5, 9, 11]
    for y in (label, np.eye(classes)[label]):
        for got, want in zip(answers(loss, y, z), clean, strict=True):
            assert np.isnan(got[bad]).all()
            np.testing.assert_allclose(np.delete(got, bad, 0), np.delete(want, bad, 0), rtol=5e-15, atol=1e-300)
        weight = np.ones(len(label))
        weight[bad] = 0
        assert np.isfinite(loss(y, z, weight))
        assert not loss.grad(y, z, weight)[bad].any()


@pytest.mark.parametrize("classes", [3, 100])
@every_loss
def test_a_class_that_is_not_true_may_be_impossible(loss, classes):
    t, label, z = rows(classes)
    label[:], t[:, 2] = 0, 0
    z[:, 2] = -np.inf
    for y in (label, t):
        value, grad, hess = answers(loss, y, z)
        small = [np.delete(a, 2, 1) if np.ndim(a) > 1 else a for a in (y, z)]
        for got, want in zip((value, grad, hess), answers(loss, *small), strict=True):
            assert got.ndim == 1 or not got[:, 2].any()
            np.testing.assert_allclose(got if got.ndim == 1 else np.delete(got, 2, 1), want, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 1.5, 2.0, 5.0])
def test_focal_at_certain_probabilities(gamma):
    loss = FOCAL(gamma=gamma)
    for y in ([0], [[1.0, 0.0]]):
        value, grad, hess = answers(loss, y, [[1.0, 0.0]])
        assert value == 0
        np.testing.assert_array_equal(grad, [[-1.0 if gamma == 0 else 0.0, 0]])
        np.testing.assert_array_equal(hess, [[{0: 1.0, 0.5: np.inf, 1: 2.0}.get(gamma, 0.0), 0]])
        value, grad, hess = answers(loss, y, [[0.0, 1.0]])
        assert value == np.inf
        np.testing.assert_array_equal(grad, [[-np.inf, 0]])
        np.testing.assert_array_equal(hess, [[np.inf, 0]])


@pytest.mark.parametrize("q", [0.25, 0.7, 1.0])
def test_generalized_ce_at_certain_probabilities(q):
    for y in ([0], [[1.0, 0.0]]):
        value, grad, hess = answers(GCE(q=q), y, [[1.0, 0.0]])
        np.testing.assert_allclose([value[0], *grad[0], *hess[0]], [0, -1, 0, 1 - q, 0], rtol=1e-15)
        value, grad, hess = answers(GCE(q=q), y, [[0.0, 1.0]])
        assert value == 1 / q
        np.testing.assert_array_equal(grad, [[-1.0 if q == 1 else -np.inf, 0]])
        np.testing.assert_array_equal(hess, [[0.0 if q == 1 else np.inf, 0]])


def test_gradients_of_probabilities_that_nearly_vanish():
    """p^Q / p where p^Q and p alone would leave no digits behind."""
    p = np.array([[5e-324, 1.0]])
    with mp.workdps(40):
        wanted = -(mpf(5e-324) ** (mpf(0.25) - 1))
    assert GCE(q=0.25).grad([0], p)[0, 0] == pytest.approx(float(wanted), rel=1e-15, abs=0)


def test_a_power_of_0_of_a_probability_that_nearly_vanishes():
    """1 / p^2 is beyond the range, and without a power nothing times infinity is added to it."""
    grad, hess = FOCAL(gamma=0).grad_and_hess([[0.0, 1.25]], np.array([[0.0, 5e-324]]))
    np.testing.assert_array_equal(grad, [[0, -np.inf]])
    np.testing.assert_array_equal(hess, [[0, np.inf]])


# Parameters -----------------------------------------------------------------------------------------------------------


def test_parameters():
    with pytest.raises(ValueError, match="generalized_ce: q must be in \\(0, 1\\], got 0"):
        GCE(q=0)
    with pytest.raises(ValueError, match=r"poly1: epsilon must be in \[-1, inf\), got -1.5"):
        POLY(epsilon=-1.5)
    with pytest.raises(ValueError, match="categorical_focal: gamma"):
        FOCAL(gamma=-1)
    with pytest.raises(ValueError, match=r"categorical_focal: y_pred must be in \[0, 1\], got 1.5 at index \(0, 1\)"):
        FOCAL()([[0.0, 1.0]], [[0.5, 1.5]])
    with pytest.raises(IndexError, match=r"poly1: class labels must be in 0 \.\.\. 2, got 3 at index 1"):
        POLY()([0, 3], np.zeros((2, 3)))
    assert POLY(epsilon=-1)([0], [[40.0, 0.0]]) == pytest.approx(np.exp(-80) / 2, rel=1e-15, abs=0)


def test_float32_is_computed_in_float64():
    t, label, z = rows()
    z = z.astype(np.float32)
    for loss in LOGITS:
        for y in (t.astype(np.float32), label):
            got, want = loss.grad(y, z), loss.grad(np.asarray(y, float) if np.ndim(y) > 1 else y, z.astype(float))
            np.testing.assert_array_equal(got, want.astype(np.float32), strict=True)
