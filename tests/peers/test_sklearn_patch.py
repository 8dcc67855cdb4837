"""pyloss behind scikit-learn's losses: every loss gives what it gives without the patch, which comes and goes as it is told to."""

import threading

import numpy as np
import pytest
import sklearn
from sklearn._loss import loss as losses
from sklearn_patching import (
    LOSSES,
    METHODS,
    ORIGINALS,
    PLACES,
    TWINLESS,
    assert_same,
    both,
    current,
    data,
    replaced,
    results,
)

import pyloss
from pyloss.adapters._sklearn_losses import twin_of
from pyloss.adapters._sklearn_threads import PROBED_WORK, one_thread
from pyloss.adapters.sklearn import TESTED_VERSIONS, patch, patched, unpatch

every_loss = pytest.mark.parametrize("name", LOSSES)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@pytest.fixture(autouse=True)
def _unpatched_afterwards():
    yield
    unpatch()
    assert current() == ORIGINALS


# Losses ---------------------------------------------------------------------------------------------------------------


@every_loss
def test_which_losses_have_a_twin(name):
    assert (twin_of(LOSSES[name]().closs) is None) == (name in TWINLESS)


def test_a_class_of_somebody_else_has_no_twin():
    kind = type(losses.HalfPoissonLoss().closs)
    assert twin_of(type(kind.__name__, (kind,), {})()) is None


@every_loss
@every_dtype
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_loss(name, dtype, weighted, method):
    y, raw, weight = data(name, dtype)
    loss = LOSSES[name]()
    assert_same(*both(lambda: results(loss, method, y, raw, weight if weighted else None)))


@every_loss
def test_the_weighted_mean_of_a_loss(name):
    y, raw, weight = data(name, np.float64)
    loss = LOSSES[name]()
    expected, got = both(lambda: loss(y, raw, weight))
    assert got == pytest.approx(expected, rel=1e-13)


@every_loss
@pytest.mark.parametrize("method", ["gradient", "gradient_hessian"])
def test_gradients_of_histograms(name, method):
    """They are float32, in columns, of predictions in columns of float64."""
    y, raw, weight = data(name, np.float64, order="F")
    loss = LOSSES[name]()
    shape = raw.shape if raw.ndim == 2 else (len(raw), 1)
    names = ["gradient_out", "hessian_out"][: 1 + (method == "gradient_hessian")]
    outs = {name: np.full(shape, 7, np.float32, order="F") for name in names}
    given = raw.reshape(shape, order="F")
    assert_same(*both(lambda: results(loss, method, y, given, weight, **outs)), factor=1)


@every_loss
@pytest.mark.parametrize("method", METHODS)
def test_a_loss_writes_where_it_is_told_to(name, method):
    y, raw, _ = data(name, np.float64)
    for array in (y, raw):
        array.flags.writeable = False
    loss = LOSSES[name]()
    outs = {"loss_out": np.empty_like(y), "gradient_out": np.empty_like(raw), "hessian_out": np.empty_like(raw)}
    outs = {out: array for out, array in outs.items() if out.removesuffix("_out") in method.split("_")}
    with patched():
        got = getattr(loss, method)(y, raw, **outs)
    for array, out in zip(got if isinstance(got, tuple) else (got,), outs.values(), strict=True):
        assert array is out


@every_loss
@pytest.mark.parametrize("method", METHODS)
def test_memory_maps(name, method, tmp_path):
    """scikit-learn makes its arrays like the data: memory maps again, though of no file."""
    y, raw, weight = data(name, np.float64)
    maps = [
        np.memmap(tmp_path / str(place), array.dtype, "w+", shape=array.shape)
        for place, array in enumerate((y, raw, weight))
    ]
    for mapped, array in zip(maps, (y, raw, weight), strict=True):
        mapped[...] = array
    loss = LOSSES[name]()
    assert_same(*both(lambda: results(loss, method, *maps)))


EXTREMES = (0.0, 1e-300, 1e-8, 1.0, 17.9, 18.1, 36.9, 37.1, 700.0, 745.0, 800.0)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_extreme_logits(method, y, sign):
    """The rounding of scikit-learn's value is that of y raw, which it takes away from another number."""
    raw = sign * np.array(EXTREMES)
    truth, loss = np.full_like(raw, y), losses.HalfBinomialLoss()
    expected, got = both(lambda: results(loss, method, truth, raw))
    for place, (one, other) in enumerate(zip(expected, got, strict=True)):
        is_value = place == 0 and method.startswith("loss")
        rounding = 4e-16 * np.abs(raw) if is_value else 5e-324
        assert (np.abs(other - one) <= rounding + 1e-14 * np.abs(one)).all()


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["poisson", "gamma", "tweedie 1.5"])
def test_extreme_logarithms(name, method, sign):
    """Where the mean overflows both give inf or nan; an error of one rounding in the exponent is one of |raw| roundings in the mean."""
    raw = sign * np.array(EXTREMES)
    truth, loss = np.full_like(raw, 2.0), LOSSES[name]()
    with np.errstate(all="ignore"):
        for one, other in zip(*both(lambda: results(loss, method, truth, raw)), strict=True):
            finite = np.isfinite(one)
            np.testing.assert_array_equal(np.isfinite(other), finite)
            np.testing.assert_allclose(other[finite], one[finite], rtol=4e-13, atol=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_extreme_scores_of_classes(method):
    """scikit-learn takes the label's score away from a number near it, and 1 from a probability."""
    raw = np.array([[0, 0, 0, 0], [800, 0, -800, 1], [-745, -745, -745, -700], [1e300, 1e300, -1e300, 0.0]])
    loss = losses.HalfMultinomialLoss(n_classes=4)
    for label in range(4):
        truth = np.full(4, float(label))
        for one, other in zip(*both(lambda truth=truth: results(loss, method, truth, raw)), strict=True):
            rounding = 2.3e-16 * (np.abs(raw).max(axis=1) if one.ndim == 1 else 1)
            assert (np.abs(other - one) <= rounding + 1e-14 * np.abs(one)).all()


def test_labels_that_are_no_class_are_an_error():
    """Where scikit-learn reads out of bounds."""
    raw, loss = np.zeros((3, 4)), losses.HalfMultinomialLoss(n_classes=4)
    with patched():
        for labels in ([0, 4, 1], [0, -1, 1]):
            with pytest.raises(IndexError, match=r"class labels must be in 0 \.\.\. 3"):
                loss.loss_gradient(np.array(labels, float), raw)
        with pytest.raises(ValueError, match="must have the same shape"):
            losses.HalfPoissonLoss().loss(np.zeros(3), np.zeros(2))


def test_a_parameter_may_change():
    """Gradient boosting sets Huber's delta anew for every tree."""
    y, raw, _ = data("huber", np.float64)
    loss = losses.HuberLoss()
    for delta in (0.5, 2.0, 0.0):
        loss.closs.delta = delta
        assert_same(*both(lambda: results(loss, "gradient", y, raw)))


# The patch ------------------------------------------------------------------------------------------------------------


def test_patch_and_unpatch():
    assert sklearn.__version__ in TESTED_VERSIONS
    for _ in range(2):  # a second call changes nothing
        assert patch() is True
        assert replaced()
    once = current()
    patch()
    assert current() == once
    unpatch()
    assert all(now is before for now, before in zip(current(), ORIGINALS, strict=True))
    unpatch()
    assert current() == ORIGINALS


def test_what_is_replaced_looks_as_before():
    with patched():
        for (owner, name), original in zip(PLACES, ORIGINALS, strict=True):
            now = getattr(owner, name)
            assert (now.__name__, now.__doc__, now.__wrapped__) == (name, original.__doc__, original)


def test_blocks_may_be_nested():
    with patched() as outer:
        with patched() as inner:
            assert (outer, inner) == (True, True)
        assert replaced()
        patch()
    assert replaced()
    with patched():
        unpatch()
        assert replaced()
    assert current() == ORIGINALS


def test_an_error_in_a_block_unpatches():
    with pytest.raises(KeyError), patched():
        raise KeyError
    assert current() == ORIGINALS


def test_patched_decorates_too():
    @patched()
    def works():
        return replaced()

    assert works()
    assert works()
    assert current() == ORIGINALS


def what_a_block_finds():
    with patched() as is_patched:
        return is_patched, current()


def test_another_version_is_left_alone(monkeypatch):
    monkeypatch.setattr(sklearn, "__version__", "1.10.0")
    with pytest.warns(UserWarning, match=r"scikit-learn 1\.10\.0 is not patched: .* behind 1\.9\.1") as caught:
        assert patch() is False
    assert current() == ORIGINALS
    with pytest.warns(UserWarning, match="not patched") as caught_in_block:
        assert what_a_block_finds() == (False, ORIGINALS)
    assert [warning.filename for warning in (*caught, *caught_in_block)] == [__file__] * 2


def test_blocks_in_several_threads():
    """The patch stays until the last of them has ended."""
    y, raw, _ = data("binomial", np.float64)
    expected = losses.HalfBinomialLoss().gradient(y, raw)
    start, failures = threading.Barrier(8), []

    def work():
        start.wait()
        for _ in range(50):
            with patched():
                if not replaced():
                    failures.append("unpatched")
                got = losses.HalfBinomialLoss().gradient(y, raw, n_threads=1)
                if not np.allclose(got, expected, rtol=1e-13):
                    failures.append("another gradient")

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert current() == ORIGINALS


# Threads --------------------------------------------------------------------------------------------------------------


def test_large_calls_take_one_thread_while_they_last():
    with pyloss.threads(3):
        with one_thread(PROBED_WORK):
            assert pyloss.get_num_threads() == 1
        assert pyloss.get_num_threads() == 3
        with one_thread(PROBED_WORK - 1):
            assert pyloss.get_num_threads() == 3


def test_the_number_of_threads_comes_back_when_the_last_call_ends():
    with pyloss.threads(3):
        first, second = one_thread(PROBED_WORK), one_thread(PROBED_WORK)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert pyloss.get_num_threads() == 1
        second.__exit__(None, None, None)
        assert pyloss.get_num_threads() == 3


def test_a_number_that_is_set_while_calls_last_stays():
    before = pyloss.get_num_threads()
    try:
        with one_thread(PROBED_WORK):
            pyloss.set_num_threads(4)
        assert pyloss.get_num_threads() == 4
    finally:
        pyloss.set_num_threads(before)


@pytest.mark.parametrize(
    ("n_threads", "n", "taken"), [(1, 200_000, [1]), (2, 200_000, [1]), (8, 200_000, []), (8, 9, [4])]
)
def test_who_computes_a_loss(n_threads, n, taken, monkeypatch):
    """pyloss on one thread, unless scikit-learn has so many for so much work that it is as fast by itself."""
    seen = []
    twin = twin_of(losses.HalfPoissonLoss().closs)
    monkeypatch.setattr(twin, "_each", lambda *_, **__: seen.append(pyloss.get_num_threads()))
    with pyloss.threads(4), patched():
        losses.HalfPoissonLoss().loss(*np.ones((2, n)), n_threads=n_threads)
    assert seen == taken
