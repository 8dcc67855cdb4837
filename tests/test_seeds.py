"""The numbers of the five documents that the project rebuilds, to the last digit printed."""

import numpy as np
import pytest

import pyloss
from pyloss import BCE, CCE, LOSSES, MAE, MSE, RMSE, SSE, Huber, SparseCCE

# The losses for which a prediction that hits every sample costs something, or that see more than one truth and one prediction.
WITHOUT_ZERO = {
    **dict.fromkeys(("logistic", "exponential", "poly1", "nll"), "more than right costs still less"),
    **dict.fromkeys(("hinge_embedding",), "a distance, of which 0 is a hit for one label alone"),
    **dict.fromkeys(
        ("poisson_nll", "negative_binomial_nll", "tweedie_nll", "generalized_kl"), "the prediction is a logarithm"
    ),
    **dict.fromkeys(("gamma_nll", "inverse_gaussian_nll"), "the prediction is a logarithm, and 0 is no truth"),
    **dict.fromkeys(("nt_xent", "info_nce"), "a batch against itself"),
    **dict.fromkeys(("perceptron",), "every prediction on the right side hits"),
    **dict.fromkeys(("asymmetric_bce",), "the prediction is a logit"),
    **dict.fromkeys(("mape",), "relative to a truth that is not 0"),
    **dict.fromkeys(("multi_quantile",), "one truth for several predictions"),
    **dict.fromkeys(("msle",), "-1 is no truth"),
    **dict.fromkeys((stem for stem, cls in LOSSES.items() if cls.predictions), "several predictions"),
}
DIE = np.full(6, 1 / 6)
LOADED = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_entropy_of_a_die():
    assert f"{pyloss.entropy(DIE):.4f}" == "1.7918"
    assert f"{pyloss.cross_entropy(DIE, LOADED):.4f}" == "2.0343"


def test_entropies_of_many():
    """Over the last axis; a float for one distribution."""
    assert isinstance(pyloss.entropy(DIE), float)
    assert pyloss.entropy([0.0, 1]) == 0
    assert pyloss.entropy([0, 1]) == 0
    both = pyloss.cross_entropy([DIE, LOADED], [LOADED, LOADED])
    assert both.tolist() == [pyloss.cross_entropy(DIE, LOADED), pyloss.entropy(LOADED)]
    assert pyloss.cross_entropy([0.5, 0.5], [0, 1]) == np.inf
    with pytest.raises(ValueError, match="must be >= 0"):
        pyloss.entropy([-0.5, 1.5])


# One image of a digit 4, and two predictions of its class.
TRUTH_4 = np.eye(10)[4]
A_4 = np.array([0.1, 0.05, 0.1, 0, 0.7, 0.05, 0, 0, 0, 0])
B_4 = np.array([0.1, 0.05, 0.7, 0, 0.1, 0.05, 0, 0, 0, 0])

TRUTH_2 = np.eye(10)[2]
A_2 = np.array([0.1, 0.05, 0.6, 0, 0.05, 0.1, 0, 0.1, 0, 0])
B_2 = np.array([0.1, 0.05, 0.1, 0, 0.05, 0.1, 0, 0.6, 0, 0])


@pytest.mark.parametrize(("scores", "mse", "sse"), [(A_4, "0.0115", "0.0575"), (B_4, "0.1315", "0.6575")], ids="AB")
def test_regression_on_scores(scores, mse, sse):
    assert f"{MSE()(TRUTH_4, scores):.4f}" == mse
    assert f"{SSE()(TRUTH_4, scores):.4f}" == sse


@pytest.mark.parametrize(
    ("scores", "mse", "cross_entropy"),
    [(A_2, "0.0195", "0.510825457099338"), (B_2, "0.1195", "2.302584092994546")],
    ids="AB",
)
def test_errors_of_scores(scores, mse, cross_entropy):
    assert f"{MSE()(TRUTH_2, scores):.4f}" == mse
    for loss, truth in ((CCE(eps=1e-7), TRUTH_2), (CCE(eps=1e-7), 2), (SparseCCE(eps=1e-7), 2)):
        assert f"{loss(truth, scores):.15f}" == cross_entropy


@pytest.mark.parametrize(
    ("loss", "name"), [(MSE(), "mse"), (MAE(), "mae"), (Huber(), "huber"), (BCE(), "bce"), (CCE(), "cce")]
)
def test_names(loss, name):
    assert loss.name == name


def gradients_of_the_seeds(y, p):
    m, r = len(y), y - p
    inside = np.abs(r) <= 1
    yield MSE(), np.mean(r**2), -2 / m * r
    yield MAE(), np.mean(np.abs(r)), -1 / m * np.sign(r)
    yield Huber(), np.mean(np.where(inside, r**2 / 2, np.abs(r) - 0.5)), -np.where(inside, r, np.sign(r)) / m


def test_forward_and_backward(rng):
    """Columns of shape (n, 1), as the experiment has them."""
    y, p = 10 * rng.normal(size=(2, 100, 1))
    p[7] = y[7]
    for loss, value, grad in gradients_of_the_seeds(y, p):
        assert loss.forward(y, p) == loss(y, p) == pytest.approx(value, rel=1e-14, abs=0)
        assert loss.backward(y, p).shape == (100, 1)
        np.testing.assert_allclose(loss.backward(y, p), grad, rtol=1e-14)
        np.testing.assert_array_equal(loss.backward(y, p), loss.grad(y, p))


def test_forward_and_backward_of_probabilities(rng):
    y, p = (rng.random((50, 1)) < 0.5).astype(float), rng.uniform(0.1, 0.9, (50, 1))
    np.testing.assert_allclose(BCE().backward(y, p), (-y / p + (1 - y) / (1 - p)) / 50, rtol=1e-14)
    y, p = np.eye(10)[rng.integers(0, 10, 50)], rng.dirichlet(np.ones(10), 50)
    np.testing.assert_allclose(CCE().backward(y, p), -y / p / 50, rtol=1e-14)


def test_rmse_and_mini_batches(rng):
    y, p = rng.normal(size=(2, 64, 3))
    assert RMSE()(y, p) == pytest.approx(np.sqrt(np.mean((y - p) ** 2)), rel=1e-15, abs=0)
    assert MSE(reduction="batchmean")(y, p) == pytest.approx(np.mean(np.sum((y - p) ** 2, axis=1)), rel=1e-15, abs=0)


def test_multi_label_cross_entropy(rng):
    """The sum over the classes, mean over the rows."""
    y, p = (rng.random((40, 7)) < 0.3).astype(float), rng.uniform(0.05, 0.95, (40, 7))
    expected = -np.mean(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1))
    assert BCE(reduction="batchmean")(y, p) == pytest.approx(expected, rel=1e-14, abs=0)
    logits = np.log(p / (1 - p))
    assert BCE(reduction="batchmean", from_logits=True)(y, logits) == pytest.approx(expected, rel=1e-14, abs=0)
    np.testing.assert_allclose(BCE(reduction="batchmean").grad(y, p), ((1 - y) / (1 - p) - y / p) / 40, rtol=1e-13)


def test_classes_that_weigh_more():
    """Weighted cross-entropy, the remedy for unbalanced classes."""
    y, p = np.array([0, 0, 0, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.5, 0.5]])
    weight = np.array([1.0, 3.0])[y]
    expected = -np.sum(weight * np.log(p[np.arange(4), y])) / 6
    assert SparseCCE()(y, p, weight) == pytest.approx(expected, rel=1e-15, abs=0)


def test_the_losses_that_the_library_left_for_later():
    assert {"kl_divergence", "cosine_distance", "dice", "pinball", "hinge"} <= set(LOSSES)


@pytest.mark.parametrize("stem", [stem for stem in LOSSES if stem not in WITHOUT_ZERO])
def test_a_loss_is_zero_when_every_sample_is_hit(stem):
    """And larger the more are missed."""
    loss = LOSSES[stem]()
    if getattr(loss, "labels", "never") == "always":
        truth, worse = np.arange(4), [np.eye(4) * (1 - x) + x / 4 for x in (0, 0.25, 0.5)]
    elif loss.labels == "lists":
        truth = np.where(np.arange(4) == 0, np.arange(4)[:, None], -1)
        worse = [np.eye(4) * (1 - x) + x / 4 for x in (0, 0.25, 0.5)]
    else:
        truth = np.eye(4) * 2 - 1 if loss.y_true_domain.low == -1 else np.eye(4)
        worse = [truth + x * (0.25 - truth) for x in (0, 0.25, 0.5)]
    hit, *missed = (loss(truth, pred) for pred in worse)
    assert abs(hit) < 1e-15
    assert hit < missed[0] < missed[1]
