"""pyloss.metrics beside sklearn.metrics: the numbers of losses of classes, probabilities and scores."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.metrics
from test_metrics import ROWS, agree, every_weight, weighted

import pyloss.metrics


@pytest.fixture
def rng():
    return np.random.default_rng(0)


LABELS = {
    "bits": np.array([0, 1]),
    "bools": np.array([False, True]),
    "signs": np.array([-1, 1]),
    "far apart": np.array([-(10**12), 10**12]),
    "unsigned": np.array([3, 200], np.uint8),
    "floats": np.array([1.0, 2.0]),
    "words": np.array(["no", "yes"]),
    "objects": np.array(["no", "yes"], object),
}
MORE_LABELS = {
    "numbers": np.arange(3),
    "from 1": np.arange(1, 4),
    "gaps": np.array([2, 5, 99]),
    "far apart": np.array([-(10**12), 7, 10**12]),
    "beyond int64": np.array([2**63 + 1, 2**63 + 2, 2**63 + 3], np.uint64),
    "small": np.array([-1, 0, 1], np.int8),
    "floats": np.array([-1.0, 2.0, 3.0]),
    "words": np.array(["a", "b", "c"]),
    "objects": np.array(["a", "b", "c"], object),
}
two_labels = pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
more_labels = pytest.mark.parametrize("labels", MORE_LABELS.values(), ids=MORE_LABELS)


@every_weight
@two_labels
def test_log_loss_of_two_classes(labels, weigh, rng):
    truth, prob = labels[rng.integers(0, 2, ROWS)], rng.uniform(size=ROWS)
    options = weighted("log_loss", weigh(rng))
    agree("log_loss", truth, prob, **options)
    agree("log_loss", truth, prob, normalize=False, **options)
    agree("log_loss", truth, prob[:, None], labels=labels, **options)
    agree("log_loss", truth.tolist(), np.stack([1 - prob, prob], axis=1).tolist(), labels=labels.tolist(), **options)
    agree("d2_log_loss_score", truth, prob, **options)


@every_weight
@more_labels
def test_log_loss_of_several_classes(labels, weigh, rng):
    truth, prob = labels[rng.integers(0, 3, ROWS)], rng.dirichlet(np.ones(3), ROWS)
    options = weighted("log_loss", weigh(rng))
    agree("log_loss", truth, prob, **options)
    agree("log_loss", truth, prob, normalize=False, labels=labels, **options)
    agree("log_loss", truth[:, None], np.asfortranarray(prob), **options)
    agree("log_loss", truth[truth != labels[1]], prob[truth != labels[1]], labels=labels)
    agree("d2_log_loss_score", truth, prob, **options)
    agree("d2_log_loss_score", truth[truth != labels[1]], prob[truth != labels[1]], labels=labels)


@every_weight
def test_log_loss_of_indicators(weigh, rng):
    """The truth as one row of 0 and 1 for each sample."""
    truth, prob = np.eye(3, dtype=int)[rng.integers(0, 3, ROWS)], rng.dirichlet(np.ones(3), ROWS)
    options = weighted("log_loss", weigh(rng))
    for name in ("log_loss", "d2_log_loss_score", "brier_score_loss", "d2_brier_score"):
        agree(name, truth, prob, **options)
    agree("log_loss", np.eye(2, dtype=int)[rng.integers(0, 2, ROWS)], rng.uniform(size=ROWS), **options)


def test_log_loss_clips():
    """At 0 and 1, and beside them; by the epsilon of the dtype."""
    for dtype in (np.float64, np.float32):
        prob = np.array([0, 1, 1e-30, 1 - 1e-7, 0.5, 1], dtype)
        for truth in ([0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]):
            agree("log_loss", truth, prob, rtol=1e-12 if dtype == np.float64 else 1e-6)
            agree("log_loss", truth, np.stack([1 - prob, prob], axis=1), rtol=1e-12 if dtype == np.float64 else 1e-6)
    agree("log_loss", [0, 1], [0, 1])
    agree("log_loss", [[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 0, 0.0]])


def test_log_loss_of_nearly_perfect_predictions(rng):
    """No digit is lost that scikit-learn keeps."""
    bits = rng.integers(0, 2, ROWS)
    agree("log_loss", bits, np.abs(bits - rng.uniform(0, 1e-9, ROWS)), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_probabilities(dtype, rng):
    rtol = {np.float32: 2e-5, np.float16: 2e-2}[dtype]
    bits, prob = rng.integers(0, 2, ROWS), rng.uniform(0.05, 0.95, ROWS).astype(dtype)
    for name in ("log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score"):
        agree(name, bits, prob, rtol=rtol)
    labels, rows = rng.integers(0, 3, ROWS), rng.dirichlet(np.ones(3), ROWS).astype(np.float32)
    for name in ("log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score"):
        agree(name, labels, rows, rtol=2e-5)


@pytest.mark.parametrize("scale", ["auto", True, False])
@every_weight
@two_labels
def test_brier_of_two_classes(labels, weigh, scale, rng):
    truth, prob = labels[rng.integers(0, 2, ROWS)], rng.uniform(size=ROWS)
    options = weighted("brier_score_loss", weigh(rng))
    for positive in (labels[1], labels[0]):
        pos_label = positive.item() if hasattr(positive, "item") else positive
        agree("brier_score_loss", truth, prob, pos_label=pos_label, scale_by_half=scale, **options)
        agree("d2_brier_score", truth, prob, pos_label=pos_label, **options)
    agree("brier_score_loss", truth, prob, scale_by_half=scale, **options)
    agree("d2_brier_score", truth, prob[:, None], **options)
    agree("brier_score_loss", truth, np.stack([1 - prob, prob], axis=1), scale_by_half=scale, **options)


@pytest.mark.parametrize("scale", ["auto", True, False])
@every_weight
@more_labels
def test_brier_of_several_classes(labels, weigh, scale, rng):
    truth, prob = labels[rng.integers(0, 3, ROWS)], rng.dirichlet(np.ones(3), ROWS)
    options = weighted("brier_score_loss", weigh(rng))
    agree("brier_score_loss", truth, prob, scale_by_half=scale, **options)
    agree("brier_score_loss", truth[truth != labels[2]], prob[truth != labels[2]], labels=labels, scale_by_half=scale)
    agree("d2_brier_score", truth, prob, **options)


def test_brier_of_one_class():
    for truth in ([0, 0], [1, 1], [-1, -1], [5, 5]):
        agree("brier_score_loss", truth, [0.2, 0.9])
        agree("d2_brier_score", truth, [0.2, 0.9])
    agree("brier_score_loss", ["a", "a"], [0.2, 0.9], pos_label="b")


@every_weight
@two_labels
def test_hinge_of_two_classes(labels, weigh, rng):
    truth, score = labels[rng.integers(0, 2, ROWS)], rng.normal(size=ROWS)
    options = weighted("hinge_loss", weigh(rng))
    agree("hinge_loss", truth, score, **options)
    agree("hinge_loss", truth.tolist(), score[:, None].tolist(), labels=labels, **options)
    agree("hinge_loss", truth[truth == labels[1]], score[truth == labels[1]])


@every_weight
@more_labels
def test_hinge_of_several_classes(labels, weigh, rng):
    truth, score = labels[rng.integers(0, 3, ROWS)], rng.normal(size=(ROWS, 3))
    options = weighted("hinge_loss", weigh(rng))
    agree("hinge_loss", truth, score, **options)
    agree("hinge_loss", truth, score.astype(np.float32), **options, rtol=1e-5)
    agree("hinge_loss", truth[truth != labels[0]], score[truth != labels[0]], labels=labels[::-1])


def test_hinge_of_integers(rng):
    agree("hinge_loss", rng.integers(0, 2, ROWS), rng.integers(-3, 4, ROWS))


@every_weight
@pytest.mark.parametrize("labels", [*LABELS.values(), *MORE_LABELS.values()], ids=[*LABELS, *MORE_LABELS])
def test_wrong_labels(labels, weigh, rng):
    truth, pred = labels[rng.integers(0, len(labels), (2, ROWS))]
    options = weighted("hamming_loss", weigh(rng))
    agree("hamming_loss", truth, pred, **options, rtol=of_sums(options))
    agree("zero_one_loss", truth, pred, **options, rtol=of_sums(options))
    agree_in_number(truth, pred, options)
    agree("zero_one_loss", truth.tolist(), pred[:, None].tolist())


def agree_in_number(truth, pred, options):
    """Of all weights and of those that are right theirs is the difference, an integer or a NumPy number now and then."""
    theirs = sklearn.metrics.zero_one_loss(truth, pred, normalize=False, **options)
    ours = pyloss.metrics.zero_one_loss(truth, pred, normalize=False, **options)
    assert type(ours) is float
    np.testing.assert_allclose(ours, theirs, rtol=of_sums(options))


def of_sums(options):
    """Theirs of float32 weights are in float32."""
    return 1e-6 if getattr(options.get("sample_weight"), "dtype", None) == np.float32 else 1e-12


@every_weight
@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, scipy.sparse.csr_array, scipy.sparse.coo_array])
def test_wrong_indicators(form, weigh, rng):
    truth, pred = rng.integers(0, 2, (2, ROWS, 3))
    options = weighted("hamming_loss", weigh(rng))
    agree("hamming_loss", form(truth), form(pred), **options, rtol=of_sums(options))
    agree("zero_one_loss", form(truth), form(pred), **options, rtol=of_sums(options))
    agree("hamming_loss", form(truth), pred)
    agree("zero_one_loss", truth.astype(bool), pred.astype(float))


def test_classes_beyond_one_piece(rng):
    """Where labels are looked up in pieces, and the last class comes late."""
    rows = 40_001
    prob, weight = rng.dirichlet(np.ones(3), rows), rng.uniform(0, 2, rows)
    for labels in MORE_LABELS.values():
        places = rng.integers(0, 2, rows)
        places[-1] = 2
        truth = labels[places]
        for name in ("log_loss", "brier_score_loss", "hinge_loss"):
            agree(name, truth, prob, sample_weight=weight)
        agree("zero_one_loss", truth, labels[rng.integers(0, 3, rows)])
    for labels in LABELS.values():
        truth = labels[(np.arange(rows) == rows - 1).astype(int)]
        agree("log_loss", truth, prob[:, 0])
        agree(
            "brier_score_loss",
            truth,
            prob[:, 0],
            pos_label=labels[1].item() if hasattr(labels[1], "item") else labels[1],
        )
