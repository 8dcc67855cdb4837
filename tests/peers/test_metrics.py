"""pyloss.metrics beside sklearn.metrics: the numbers, over functions, options, dtypes, layouts and weights."""

import inspect
import re
import warnings

import numpy as np
import pytest
import sklearn.metrics

import pyloss.metrics

NAMES = [name for name in pyloss.metrics.__all__ if name.islower()]
ROWS = 60


def outcome(module, name, args, options):
    """What a call gives, be it an error, and what it warns of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            given = getattr(module, name)(*args, **options)
        except Exception as error:
            given = error
    return given, [(warning.category.__name__, str(warning.message)) for warning in said]


def ordered(text):
    """A set in a message has no order."""
    return re.sub(r"\{([^{}]*)\}", lambda found: f"{{{', '.join(sorted(found[1].split(', ')))}}}", text)


def agree(name, *args, rtol=1e-12, **options):
    """Both give the same number of the same kind, or the same error, and the same warnings; it is returned for more to be asked.

    A message of ours may be the beginning of theirs.
    """
    theirs, their_warnings = outcome(sklearn.metrics, name, args, options)
    ours, our_warnings = outcome(pyloss.metrics, name, args, options)
    if isinstance(theirs, Exception):  # before which theirs may have stumbled over the data
        their_warnings = [warning for warning in their_warnings if warning[0] != "RuntimeWarning"]
    assert our_warnings == their_warnings
    if isinstance(theirs, Exception):
        assert type(ours).__name__ == type(theirs).__name__, (ours, theirs)
        assert len(str(ours)) > 10
        assert ordered(str(theirs)).startswith(ordered(str(ours)).rstrip(".")), (ours, theirs)
        return ours
    assert not isinstance(ours, Exception), ours
    assert type(ours) is (np.ndarray if isinstance(theirs, np.ndarray) and theirs.ndim else float)
    if isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=0)
    return ours


def amounts(rng, *shape):
    """Positive truths and predictions, which every regression metric takes."""
    truth = rng.gamma(2.0, size=shape)
    return truth, truth * rng.uniform(0.5, 1.5, shape)


AVERAGED = [
    "mean_squared_error",
    "root_mean_squared_error",
    "mean_absolute_error",
    "median_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_log_error",
    "root_mean_squared_log_error",
    "mean_pinball_loss",
    "r2_score",
    "explained_variance_score",
    "d2_pinball_score",
    "d2_absolute_error_score",
]
ALPHAS = [
    (name, {"alpha": alpha}) for name in ("mean_pinball_loss", "d2_pinball_score") for alpha in (0, 0.1, 0.55, 0.9, 1)
]
DEVIANCES = [
    *(("mean_tweedie_deviance", {"power": power}) for power in (-2, -0.5, 0, 1, 1.2, 1.5, 1.9, 2, 2.5, 3)),
    ("mean_poisson_deviance", {}),
    ("mean_gamma_deviance", {}),
    *(("d2_tweedie_score", {"power": power}) for power in (-0.5, 0, 1, 1.5, 2, 3)),
]
REGRESSION = [*((name, {}) for name in AVERAGED), *ALPHAS, *DEVIANCES]
WEIGHTS = {
    "none": lambda rng: None,
    "some": lambda rng: rng.uniform(0.1, 2, ROWS),
    "zeros": lambda rng: rng.integers(0, 3, ROWS),
    "float32": lambda rng: rng.uniform(0.1, 2, ROWS).astype(np.float32),
    "list": lambda rng: rng.uniform(0.1, 2, ROWS).tolist(),
}

every_weight = pytest.mark.parametrize("weigh", WEIGHTS.values(), ids=WEIGHTS)
every_regression = pytest.mark.parametrize(
    ("name", "options"),
    REGRESSION,
    ids=[f"{name} {' '.join(map(str, options.values()))}" for name, options in REGRESSION],
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def weighted(name, weight):
    return {} if weight is None or name == "max_error" else {"sample_weight": weight}


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    """Names, kinds and defaults; what is more in theirs are types."""
    own, other = (inspect.signature(getattr(module, name)) for module in (pyloss.metrics, sklearn.metrics))
    assert [(p.name, p.kind, p.default) for p in own.parameters.values()] == [
        (p.name, p.kind, p.default) for p in other.parameters.values()
    ]


def test_all_losses_are_there():
    """What scikit-learn calls a loss, an error, a deviance or a score of this kind, but for those of rankings."""
    wanted = re.compile(r".*_(error|loss|deviance)$|d2_.*|r2_score|explained_variance_score")
    assert set(filter(wanted.match, sklearn.metrics.__all__)) - {"coverage_error", "label_ranking_loss"} == set(NAMES)


@every_weight
@every_regression
def test_regression(name, options, weigh, rng):
    agree(name, *amounts(rng, ROWS), **options, **weighted(name, weigh(rng)))


LAYOUTS = {
    "lists": lambda array: array.tolist(),
    "column": lambda array: array[:, None],
    "one list": lambda array: array.round(2).tolist(),
    "reversed": lambda array: array[::-1].copy()[::-1],
    "steps": lambda array: np.repeat(array, 3)[::3],
    "swapped": lambda array: array.astype(">f8"),
    "integers": lambda array: np.ceil(array * 5).astype(np.int64),
    "small integers": lambda array: np.ceil(array * 5).astype(np.int8),
    "masked": lambda array: np.ma.masked_array(array, array > 1),
    "objects": lambda array: array.astype(object),
}
NUMERIC = [*REGRESSION, ("max_error", {})]
every_numeric = pytest.mark.parametrize(
    ("name", "options"), NUMERIC, ids=[f"{name} {' '.join(map(str, options.values()))}" for name, options in NUMERIC]
)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_numeric
def test_layouts(name, options, layout, rng):
    agree(name, *map(layout, amounts(rng, ROWS)), **options)


@every_numeric
def test_float32(name, options, rng):
    """Theirs is computed in float32, ours partly in float64."""
    arrays = (array.astype(np.float32) for array in amounts(rng, ROWS))
    agree(name, *arrays, **options, rtol=1e-4 if "power" in options else 2e-5)


@every_numeric
def test_float16(name, options, rng):
    """Numbers whose float16 arithmetic is exact enough to compare, powers aside; theirs is computed in float16."""
    if options.get("power", 0) not in (0, 1, 2):
        options = {"power": 2}
    truth = rng.integers(1, 9, ROWS).astype(np.float16)
    agree(name, truth, truth + rng.integers(1, 3, ROWS).astype(np.float16), **options, rtol=2e-2)


@every_numeric
def test_mixed_dtypes(name, options, rng):
    truth, pred = amounts(rng, ROWS)
    agree(name, truth.astype(np.float32), pred, **options)
    agree(name, np.ceil(truth).astype(np.uint16), pred, **options)
    agree(name, truth.astype(np.float32) / 3, pred.astype(np.float32) / 7, **options, rtol=1e-5)


@every_numeric
def test_unsigned_integers_have_negative_differences(name, options, rng):
    """Also where scikit-learn's wrap around: its max_error of bytes is 255."""
    arrays = rng.integers(1, 9, (2, ROWS))
    expected = getattr(pyloss.metrics, name)(*arrays.astype(float), **options)
    for dtype in (np.uint8, np.uint32, np.uint64):
        found = getattr(pyloss.metrics, name)(*arrays.astype(dtype), **options)
        assert found == pytest.approx(expected, rel=1e-13)


MULTIOUTPUT = ["raw_values", "uniform_average", [0.2, 0.3, 0.5], np.array([1, 2, 3])]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("multioutput", MULTIOUTPUT, ids=str)
@every_weight
@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in AVERAGED), *ALPHAS], ids=str)
def test_several_outputs(name, options, weigh, multioutput, order, rng):
    arrays = (np.asarray(array, order=order) for array in amounts(rng, ROWS, 3))
    agree(name, *arrays, multioutput=multioutput, **options, **weighted(name, weigh(rng)))


@pytest.mark.parametrize("force_finite", [True, False])
@pytest.mark.parametrize("multioutput", [*MULTIOUTPUT, "variance_weighted"], ids=str)
@pytest.mark.parametrize("name", ["r2_score", "explained_variance_score"])
def test_scores_of_constants(name, multioutput, force_finite):
    """Perfect, wrong and useless predictions of outputs that do not vary, beside one that does."""
    truth = np.array([[1.0, 2.0, 1.0], [1.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
    pred = np.array([[1.0, 2.5, 1.0], [1.0, 1.0, 2.5], [1.0, 2.0, 3.0]])
    agree(name, truth, pred, multioutput=multioutput, force_finite=force_finite)
    agree(name, truth[:, :1], pred[:, :1], force_finite=force_finite)
    agree(name, truth[:, 1], pred[:, 1], force_finite=force_finite)
    agree(name, truth[:, :2], pred[:, :2], multioutput="variance_weighted", force_finite=force_finite)


def test_r2_score_without_an_average(rng):
    agree("r2_score", *amounts(rng, ROWS, 3), multioutput=None)


@pytest.mark.parametrize("name", [name for name in AVERAGED if not name.startswith(("d2", "r2"))])
def test_one_output_and_raw_values(name, rng):
    agree(name, *amounts(rng, ROWS), multioutput="raw_values")
    agree(name, *(array.astype(np.float32) for array in amounts(rng, ROWS, 1)), multioutput="raw_values", rtol=1e-5)


@every_numeric
def test_rows_beyond_one_piece(name, options, rng):
    """Where data go through in pieces, and one is left over."""
    agree(name, *amounts(rng, 40_001), **options)
    if name != "max_error":
        weight = rng.uniform(0, 2, 40_001)
        agree(name, *amounts(rng, 40_001), **options, sample_weight=weight)


def test_many_outputs_beyond_one_piece(rng):
    """More columns than a piece has elements, and some rows of a few hundred."""
    for shape in ((3, 20_000), (700, 300)):
        agree("mean_squared_error", *amounts(rng, *shape), multioutput="raw_values")
        agree("explained_variance_score", *amounts(rng, *shape), multioutput="raw_values", rtol=1e-10)


@every_numeric
def test_few_rows(name, options, rng):
    for rows in (1, 2, 3):
        agree(name, *amounts(rng, rows), **options)


@every_numeric
def test_perfect_predictions(name, options):
    truth = np.array([1.0, 2.0, 4.0])
    if "power" not in options:
        agree(name, truth, truth, **options)
    else:  # what rounding leaves of a deviance of 0 need not be the same
        perfect = {"d2_tweedie_score": 1.0}.get(name, 0.0)
        assert abs(getattr(pyloss.metrics, name)(truth, truth, **options) - perfect) < 1e-14


def test_zeros(rng):
    """Truths of 0, where a logarithm or a quotient would be none."""
    truth = rng.poisson(1.0, ROWS)
    pred = truth + rng.uniform(0.5, 1, ROWS)
    assert (truth == 0).any()
    for power in (-1, 0, 1, 1.5):
        for weight in (None, rng.uniform(0, 1, ROWS)):
            agree("mean_tweedie_deviance", truth, pred, power=power, sample_weight=weight)
    agree("mean_absolute_percentage_error", truth, pred)
    agree("mean_squared_log_error", truth, pred)


def test_negative_truths_of_a_negative_power(rng):
    agree("mean_tweedie_deviance", rng.normal(size=ROWS), rng.uniform(0.5, 2, ROWS), power=-1)


def test_negative_weights(rng):
    weight = rng.normal(1, 1, ROWS)
    for name in ("mean_squared_error", "mean_absolute_error", "mean_pinball_loss", "mean_squared_log_error"):
        agree(name, *amounts(rng, ROWS), sample_weight=weight, rtol=1e-11)


@pytest.mark.parametrize("name", ["median_absolute_error", "d2_absolute_error_score", "d2_pinball_score"])
def test_quantiles_with_ties_and_weights_of_zero(name, rng):
    for _ in range(50):
        rows = rng.integers(2, 12)
        truth, pred = rng.integers(0, 6, (2, rows)).astype(float)
        options = {"alpha": rng.choice([0, 0.25, 0.5, 1 / 3, 0.7, 1])} if "pinball" in name else {}
        weight = rng.integers(0, 3, rows)
        if weight.any():
            agree(name, truth, pred, sample_weight=weight, **options)
        agree(name, truth, pred, **options)


def test_unsigned_integers_are_no_circle():
    """Where theirs subtracts them as they are."""
    few, more = np.array([1, 5, 9], np.uint8), np.array([2, 7, 10], np.uint8)
    assert pyloss.metrics.max_error(few, more) == 2 < sklearn.metrics.max_error(few, more)
    assert pyloss.metrics.median_absolute_error(few, more) == 1
    agree("mean_absolute_error", few, more)


def test_sums_that_overflow_are_no_errors():
    """Finite data whose result is infinite, or whose plain sum is."""
    huge = np.full(4, 1e308)
    assert pyloss.metrics.mean_squared_error(huge, -huge) == np.inf
    agree("mean_absolute_error", huge, huge)
    assert pyloss.metrics.mean_absolute_error(huge, huge, sample_weight=[0, 1, 1, 1]) == 0


class Series:
    """A column of numbers that is no array, as other libraries have them."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)

    def __len__(self):
        return len(self.values)


def test_columns_of_other_libraries(rng):
    truth, pred = amounts(rng, ROWS)
    bits, prob = rng.integers(0, 2, ROWS), rng.uniform(size=ROWS)
    agree("mean_squared_error", Series(truth), Series(pred), sample_weight=Series(pred))
    agree("log_loss", Series(bits), Series(prob), sample_weight=Series(truth))
    agree("hamming_loss", Series(bits), Series(bits[::-1]))


def test_columns_of_pandas(rng):
    pandas = pytest.importorskip("pandas")
    truth, pred = amounts(rng, ROWS)
    table = pandas.DataFrame(
        {"truth": truth, "pred": pred, "whole": np.arange(ROWS), "word": rng.choice(["a", "b"], ROWS)}
    )
    for dtype in ("float64", "float32", "Float64"):
        columns = table[["truth", "pred"]].astype(dtype)
        agree("mean_squared_error", columns.truth, columns.pred, sample_weight=columns.truth, rtol=1e-5)
        agree("mean_absolute_error", columns, columns[["pred", "truth"]], multioutput="raw_values", rtol=1e-5)
    agree("mean_absolute_error", table.whole.astype("Int64"), table.pred)
    agree("hamming_loss", table.word, table.word.iloc[::-1])
    agree("log_loss", table.word, table.pred / table.pred.max())
    agree("hamming_loss", table.whole.astype("Int64"), table.whole)
    agree("mean_squared_error", pandas.Series([1, None], dtype="Float64"), pandas.Series([1, 2.0]))


def test_any_number_of_threads(rng):
    """Which calls use several makes no difference."""
    truth, pred = amounts(rng, 300_000)
    bits = rng.integers(0, 2, 300_000)
    results = []
    for threads in (1, 2):
        with pyloss.threads(threads):
            results.append(
                [
                    pyloss.metrics.mean_squared_error(truth, pred),
                    pyloss.metrics.r2_score(truth, pred),
                    pyloss.metrics.mean_poisson_deviance(truth, pred, sample_weight=truth),
                    pyloss.metrics.log_loss(bits, pred / pred.max()),
                    pyloss.metrics.brier_score_loss(bits, pred / pred.max()),
                ]
            )
    assert results[0] == results[1]
