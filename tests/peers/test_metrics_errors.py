"""pyloss.metrics beside sklearn.metrics: what is refused, in which words, and what is warned of."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from test_metrics import ALPHAS, AVERAGED, DEVIANCES, NAMES, agree

import pyloss.metrics

NUMERIC = [*((name, {}) for name in [*AVERAGED, "max_error"]), *ALPHAS, *DEVIANCES]
WITH_WEIGHTS = [name for name in NAMES if name != "max_error"]
OF_PROBABILITIES = ["log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score"]
OF_LABELS = ["zero_one_loss", "hamming_loss"]

every_function = pytest.mark.parametrize("name", NAMES)
every_numeric = pytest.mark.parametrize(("name", "options"), NUMERIC, ids=str)
every_weighted = pytest.mark.parametrize("name", WITH_WEIGHTS)
every_probability = pytest.mark.parametrize("name", OF_PROBABILITIES)
every_labelled = pytest.mark.parametrize("name", OF_LABELS)


def refused(name, *args, **options):
    """Both refuse it, in the same words."""
    error = agree(name, *args, **options)
    assert isinstance(error, Exception)
    return error


def plausible(name, rows=4):
    """Arguments that a function takes."""
    if name in OF_PROBABILITIES:
        return np.arange(rows) % 2, np.linspace(0.1, 0.9, rows)
    if name in (*OF_LABELS, "hinge_loss"):
        return np.arange(rows) % 2, (np.arange(rows) + 1) % 2
    return np.linspace(1.0, 2.0, rows), np.linspace(2.0, 3.0, rows)


# Arguments ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [1, 1.5, "word", None, np.float64(3), scipy.sparse.csr_array((2, 2))], ids=repr)
@every_function
def test_no_array(name, given):
    truth, pred = plausible(name)
    if scipy.sparse.issparse(given) and name in OF_LABELS:
        return
    refused(name, given, pred)
    if given is None and name in ("log_loss", "d2_log_loss_score"):
        with pytest.raises((TypeError, ValueError)):
            getattr(pyloss.metrics, name)(truth, given)
    else:
        refused(name, truth, given)


@pytest.mark.parametrize(
    "given", [np.array(3.0), np.zeros((2, 2, 2)), np.array([], float), [], [[]], np.zeros((2, 0))], ids=repr
)
@every_function
def test_shapes_that_are_none(name, given):
    truth = plausible(name, 2)[0]
    agree(name, given, given)
    if name not in ("d2_log_loss_score", "d2_brier_score"):
        agree(name, truth, given)


@every_function
def test_unknown_and_missing_arguments(name):
    with pytest.raises(TypeError):
        getattr(pyloss.metrics, name)()
    with pytest.raises(TypeError):
        getattr(pyloss.metrics, name)(*plausible(name), unknown=1)
    refused(name, *plausible(name), unknown=1)


@every_function
def test_inconsistent_lengths(name):
    truth, pred = plausible(name)
    refused(name, truth, pred[:3])
    refused(name, truth.tolist(), pred[:3].tolist())


@every_weighted
def test_weights(name):
    truth, pred = plausible(name)
    refused(name, truth, pred, sample_weight=[1.0, 2.0])
    refused(name, truth, pred, sample_weight=3.0)
    refused(name, truth, pred, sample_weight="word")
    if name != "hinge_loss":  # which does not look at its weights
        refused(name, truth, pred, sample_weight=np.ones((4, 2)))
        refused(name, truth, pred, sample_weight=np.zeros(4))
        refused(name, truth, pred, sample_weight=[1, np.nan, 1, 1])
        refused(name, truth, pred, sample_weight=[1, np.inf, 1, 1])


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "log_loss", "hinge_loss", "zero_one_loss", "mean_poisson_deviance"]
)
def test_weights_that_cancel(name):
    assert isinstance(refused(name, *plausible(name, 2), sample_weight=[1.0, -1.0]), ZeroDivisionError)


@pytest.mark.parametrize(
    "given", ["mean", "variance_weighted", 3, None, [1.0], [1.0, 2.0, 3.0], [[1.0, np.nan]]], ids=repr
)
@pytest.mark.parametrize("name", AVERAGED)
def test_multioutput(name, given):
    pair = np.ones((4, 2)), np.arange(8.0).reshape(4, 2)
    if given is None and name == "r2_score":
        return
    if given == "variance_weighted" and name in ("r2_score", "explained_variance_score"):
        return
    refused(name, *pair, multioutput=given)
    agree(name, *plausible(name), multioutput=[1.0])  # which one function takes for one output
    refused(name, *plausible(name), multioutput=[1.0, 2.0])
    refused(name, np.ones((4, 2)), np.ones((4, 3)))
    refused(name, np.ones((4, 2)), np.ones(4))


def test_of_several_faults_nan_is_named():
    pair = np.array([1.0, np.nan]), np.array([1.0, 2.0])
    refused("mean_squared_error", *pair, multioutput=[1.0])
    refused("mean_squared_error", *pair, sample_weight=[0, 0])
    refused("mean_squared_error", pair[0], np.ones((2, 2)))


def test_multioutput_weights_that_sum_to_zero():
    refused("mean_squared_error", np.ones((4, 2)), np.zeros((4, 2)), multioutput=[1.0, -1.0])


@pytest.mark.parametrize("name", ["max_error", *{name for name, _ in DEVIANCES}])
def test_one_output_only(name):
    refused(name, np.ones((4, 2)), np.ones((4, 2)))


@pytest.mark.parametrize("given", [-0.1, 1.1, np.nan, "a", None, [0.5], np.inf], ids=repr)
def test_alpha(given):
    for name in ("mean_pinball_loss", "d2_pinball_score"):
        refused(name, *plausible(name), alpha=given)


@pytest.mark.parametrize("given", [0.5, 1e-9, np.nan, "a", None, np.inf, -np.inf], ids=repr)
def test_power(given):
    for name in ("mean_tweedie_deviance", "d2_tweedie_score"):
        refused(name, *plausible(name), power=given)


@pytest.mark.parametrize("given", [1, "yes", None, [True]], ids=repr)
def test_booleans(given):
    refused("r2_score", *plausible("r2_score"), force_finite=given)
    refused("log_loss", *plausible("log_loss"), normalize=given)
    refused("zero_one_loss", *plausible("zero_one_loss"), normalize=given)
    refused("brier_score_loss", *plausible("brier_score_loss"), scale_by_half=given)


def test_errors_are_of_both_kinds():
    """As scikit-learn's, which may be caught as either."""
    for kind in (TypeError, ValueError):
        with pytest.raises(
            kind, match=r"^The 'y_true' parameter of max_error must be an array-like\. Got 1 instead\.$"
        ):
            pyloss.metrics.max_error(1, [1.0])


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@every_numeric
def test_not_finite(name, options, bad):
    for place in (0, 1):
        for shape in ((4,), (4, 1), (2, 2)):
            pair = [np.arange(1.0, 5.0).reshape(shape), np.arange(2.0, 6.0).reshape(shape)]
            pair[place][-1] = bad
            refused(name, *pair, **options)
        pair = [array.ravel().astype(np.float32) for array in pair]
        refused(name, *pair, **options)
        if name != "max_error":  # what has weight 0 is looked at too
            refused(name, *pair, **options, sample_weight=[1, 1, 0, 0])
            refused(name, *pair, **options, sample_weight=[1, 1, -1, 0])


@every_numeric
def test_opposite_infinities(name, options):
    refused(name, [1.0, np.inf, 3.0], [1.0, np.inf, 3.0], **options)
    refused(name, [np.inf, -np.inf], [1.0, 1.0], **options)
    refused(name, [np.nan, 1.0], [1.0, np.inf], **options)
    refused(name, [np.nan], [1.0], **options)


@every_numeric
def test_what_is_no_number(name, options):
    refused(name, ["a", "b"], [1.0, 2.0], **options)
    refused(name, [1.0, 2.0], np.array(["a", "b"]), **options)
    refused(name, [1.0, 2.0], np.array([1j, 2.0]), **options)
    refused(name, [1.0, None], [1.0, 2.0], **options) if name not in ("max_error", "median_absolute_error") else None
    refused(name, [[1.0, 2.0], [3.0]], [1.0, 2.0], **options)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@every_function
def test_matrix(name):
    """NumPy's own old class of arrays, which are never of one axis."""
    truth, pred = plausible(name)
    refused(name, truth, np.matrix(pred).T)


def test_words_that_can_be_read():
    """Numbers as text, of which some functions make numbers."""
    agree("mean_squared_error", ["1", "2"], [1.0, 3.0])
    refused("max_error", ["1", "2"], [1.0, 3.0])
    refused("median_absolute_error", ["1", "2"], [1.0, 3.0])


@pytest.mark.parametrize("name", ["mean_squared_log_error", "root_mean_squared_log_error"])
def test_no_logarithm(name):
    for bad in (-1, -2.5):
        refused(name, [1.0, bad], [1.0, 2.0])
        refused(name, [[1.0, 1.0], [2.0, 2.0]], [[1.0, 2.0], [bad, 1.0]])
        refused(name, [1.0, bad], [1.0, np.nan])
    agree(name, [-0.5, 0.0], [-0.9, 3.0])


@pytest.mark.parametrize("power", [-1, 0, 1, 1.5, 2, 3])
@pytest.mark.parametrize("name", ["mean_tweedie_deviance", "d2_tweedie_score"])
def test_no_distribution(name, power):
    for truth in ([1.0, 2.0], [0.0, 2.0], [-1.0, 2.0]):
        for pred in ([1.0, 3.0], [0.0, 2.0], [-1.0, 2.0]):
            agree(name, truth, pred, power=power)
            agree(name, truth, pred, power=power, sample_weight=[1, 2])
            agree("mean_tweedie_deviance", truth, pred, power=power, sample_weight=[0, 1])


@every_numeric
def test_one_row(name, options):
    """Scores warn that there is nothing to compare with."""
    agree(name, [1.0], [2.0], **options)
    refused(name, [np.nan], [2.0], **options)


@every_probability
def test_one_row_of_probabilities(name):
    agree(name, [1], [0.5])
    agree(name, [1], [[0.5, 0.5]])


def test_the_warning():
    with pytest.warns(pyloss.metrics.UndefinedMetricWarning, match=r"^R\^2 score is not well-defined"):
        pyloss.metrics.r2_score([1.0], [2.0])
    assert issubclass(pyloss.metrics.UndefinedMetricWarning, UserWarning)


def test_warnings_name_the_line_of_the_call():
    calls = (
        lambda: pyloss.metrics.r2_score([1.0], [2.0]),
        lambda: pyloss.metrics.d2_absolute_error_score([1.0], [2.0]),
        lambda: pyloss.metrics.log_loss([0, 1], y_pred=[0.2, 0.7]),
        lambda: pyloss.metrics.brier_score_loss([0, 1], [[0.5, 0.6], [0.2, 0.8]]),
        lambda: pyloss.metrics.log_loss(["a", "b"], [0.2, 0.7], labels=["b", "a"]),
    )
    for call in calls:
        with pytest.warns((UserWarning, FutureWarning)) as said:
            call()
        assert [warning.filename for warning in said] == [__file__]


# Probabilities --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -0.1, 1.1])
@every_probability
def test_no_probability(name, bad):
    refused(name, [0, 1, 1], [0.5, bad, 0.5])
    refused(name, [0, 1, 2], [[0.2, 0.3, 0.5], [bad, 0.5, 0.5], [0.1, 0.1, 0.8]])
    refused(name, [0, 1, 1], np.array([0.5, bad, 0.5], np.float32))
    refused(name, [0, 1, 1], [0.5, bad, 0.5], sample_weight=[1, 0, 1])
    refused(name, [0, 1], [-0.5, 1.5])


@every_probability
def test_which_of_two_faults_is_said(name):
    refused(name, [0, 1, 1], [np.nan, 0.5])
    refused(name, [0, 1, 2], [0.5, np.nan, 0.2])
    refused(name, [0, 1, 1], [np.nan, 0.5, 0.2], sample_weight=[1, 2])
    refused(name, [0, 1, 1], [np.nan, 0.5, 0.2], sample_weight=[1, 2, np.inf])


@every_probability
def test_sums_of_probabilities(name):
    agree(name, [0, 1], [[0.5, 0.6], [0.2, 0.8]])
    agree(name, [0, 1, 2], [[0.5, 0.2, 0.2], [0.2, 0.8, 0], [0, 0, 1.0]])
    agree(name, [0, 1], np.array([[0.5, 0.5001], [0.2, 0.8]], np.float32), rtol=1e-5)
    agree(name, [0, 1], np.array([[0.5, 0.51], [0.2, 0.8]], np.float32), rtol=1e-5)


@every_probability
def test_numbers_of_classes(name):
    refused(name, [0, 1, 2], [0.5, 0.5, 0.5])
    refused(name, [0, 1, 0], [[0.2, 0.3, 0.5]] * 3)
    refused(name, [0, 1, 0], [[0.2, 0.3, 0.5]] * 3, labels=[0, 1])
    refused(name, [0, 0, 0], [[0.5, 0.5]] * 3)
    refused(name, [0, 0, 0], [[0.5, 0.5]] * 3, labels=[0])
    refused(name, ["a", "a", "a"], [[0.5, 0.5]] * 3)


@every_probability
def test_labels(name):
    """Given in another order, too few, of another kind."""
    rows = [[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]]
    agree(name, ["a", "b", "b"], rows, labels=["b", "a"])
    agree(name, [1, 0, 1], rows, labels=[1, 0])
    refused(name, [0, 1, 3], rows, labels=[0, 1])
    refused(name, np.array([0, 1, 3]), rows, labels=np.array([0, 1]))
    refused(name, ["a", "b", "c"], rows, labels=["a", "b"])
    refused(name, [0, 1, 1], rows, labels=[])
    refused(name, [0, 1, 1], rows, labels=3)
    refused(name, [0, 1, 1], rows, labels=[0.5, 1.5])


@every_probability
def test_truths_of_no_class(name):
    refused(name, [0.5, 1.5, 2.5], [0.5, 0.5, 0.5])
    refused(name, [0.5, 1.5, 2.5], [[0.5, 0.5]] * 3)
    refused(name, [0, np.nan, 1], [0.5, 0.5, 0.5])
    refused(name, [0, np.inf, 1], [0.5, 0.5, 0.5])
    refused(name, [b"a", b"b", b"a"], [[0.5, 0.5]] * 3)
    refused(name, [[1, 2], [3, 4], [5, 6]], [[0.5, 0.5]] * 3)
    refused(name, [[1], [1, 2], [3]], [[0.5, 0.5]] * 3)


def test_pos_label():
    refused("brier_score_loss", ["a", "b"], [0.2, 0.8])
    refused("brier_score_loss", ["a", "b"], [0.2, 0.8], pos_label=[1])
    agree("brier_score_loss", ["a", "b"], [0.2, 0.8], pos_label="c")
    agree("brier_score_loss", [0, 1], [0.2, 0.8], pos_label=0)
    agree("brier_score_loss", [0, 1], [0.2, 0.8], pos_label=7)
    agree("brier_score_loss", [3, 5], [0.2, 0.8])
    refused("brier_score_loss", [0, 1, 2], [0.2, 0.8, 0.1])
    refused("brier_score_loss", [[0, 1], [1, 0]], [0.2, 0.8])
    refused("brier_score_loss", [0, 1], [0.2, 0.8], scale_by_half="always")
    agree("brier_score_loss", np.array(["a", None], object), [0.2, 0.8], pos_label="a")


@pytest.mark.parametrize("name", ["log_loss", "d2_log_loss_score"])
def test_the_old_name_of_the_probabilities(name):
    agree(name, [0, 1, 1], y_pred=[0.2, 0.7, 0.4])
    refused(name, [0, 1, 1], [0.2, 0.7, 0.4], y_pred=[0.2, 0.7, 0.4])
    refused(name, [0, 1, 1], y_pred=3)


# Labels and scores ----------------------------------------------------------------------------------------------------


@every_labelled
def test_kinds_of_labels(name):
    kinds = {
        "binary": [0, 1, 0],
        "multiclass": [0, 1, 2],
        "indicator": [[0, 1], [1, 0], [1, 1]],
        "wider": [[0, 1, 1], [1, 0, 0], [1, 1, 0]],
        "continuous": [0.5, 1.0, 2.0],
        "outputs": [[0, 1], [2, 3], [1, 1]],
        "continuous outputs": [[0.5, 1], [2, 3], [1, 1]],
        "words": ["a", "b", "a"],
        "three words": ["a", "b", "c"],
        "objects": np.array([object(), object(), object()]),
        "wrapped": [[0], [1], [0]],
        "bytes": [b"a", b"b", b"a"],
        "ragged": [[0], [1, 2], [0]],
        "cube": np.zeros((3, 2, 2), int),
        "whole floats": [0.0, 1.0, 2.0],
    }
    for first, truth in kinds.items():
        for second, pred in kinds.items():
            if "objects" not in (first, second):
                agree(name, truth, pred)
    with pytest.raises(ValueError, match="unknown is not supported"):  # theirs tries to sort them
        getattr(pyloss.metrics, name)(kinds["objects"], kinds["objects"])
    refused(name, [0, np.nan, 1], [0, 1, 1])
    refused(name, [0, np.inf, 1], [0, 1, 1])
    refused(name, [], [])


def test_scores_of_classes():
    refused("hinge_loss", [0, 1, 2], [0.5, 1.0, 2.0])
    refused("hinge_loss", [0, 1, 2], [[0.5, 1.0]] * 3)
    refused("hinge_loss", [0, 1, 1], [[0.5, 1.0]] * 3, labels=[0, 1, 2])
    refused("hinge_loss", [0, 1, 1], [[0.5, 1.0]] * 3)
    refused("hinge_loss", [0, 1, 5], [[0.5, 1.0, 1.0]] * 3, labels=[0, 1, 2])
    refused("hinge_loss", ["a", "b", "d"], [[0.5, 1.0, 1.0]] * 3, labels=["a", "b", "c"])
    refused("hinge_loss", [[0, 1], [1, 0]], [0.5, 1.0])
    agree("hinge_loss", [0, 1, 2], [0.5, 1.0, 2.0], labels=[0, 1])
    for bad in (np.nan, np.inf):
        refused("hinge_loss", [0, 1, 1], [0.5, bad, 2.0])
        refused("hinge_loss", [0, 1, 2], [[0.5, bad, 2.0], [0, 1, 2], [0, 1, 2]])
        refused("hinge_loss", [0, 1, 1], [0.5, bad, 2.0], sample_weight=[1, 0, 1])
    refused("hinge_loss", [0, 1, 1], ["a", "b", "c"])
    refused("hinge_loss", [0, 1, 1], [0.5, 1.0, 2.0], sample_weight=np.ones((3, 1)))


# Without temporaries --------------------------------------------------------------------------------------------------


def peak(name, *args, **options):
    """The most bytes that a call holds at a time."""
    getattr(pyloss.metrics, name)(*args, **options)
    tracemalloc.start()
    try:
        getattr(pyloss.metrics, name)(*args, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if name not in ("median_absolute_error", "d2_pinball_score", "d2_absolute_error_score")],
)
def test_memory(name):
    """Arrays of 16 MB are read as they are; medians alone have to sort."""
    rows = 2_000_000
    rng = np.random.default_rng(0)
    bits, numbers = rng.integers(0, 2, rows), rng.uniform(0.1, 0.9, rows)
    others = bits[::-1].copy() if name in OF_LABELS else numbers
    truth = bits if name in (*OF_PROBABILITIES, *OF_LABELS, "hinge_loss") else numbers[::-1].copy()
    assert peak(name, truth, others) < 1e6
    if name in WITH_WEIGHTS:
        assert peak(name, truth, others, sample_weight=numbers) < 1e6


def test_memory_of_log_loss():
    rng = np.random.default_rng(0)
    assert peak("log_loss", rng.integers(0, 2, 5_000_000), rng.uniform(size=5_000_000)) < 1e6
    assert peak("log_loss", rng.integers(0, 9, 200_000), rng.dirichlet(np.ones(9), 200_000)) < 1e6


def test_scikit_learn_is_not_needed():
    """Nor anything else but NumPy."""
    code = (
        "import sys, pyloss.metrics as m; m.log_loss(['a', 'b'], [0.2, 0.8]); m.hamming_loss([[0, 1]], [[1, 1]]);"
        "assert not {'sklearn', 'scipy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
