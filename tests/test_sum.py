"""Weighted sums of losses: the sums of what the terms answer, in one array."""

import pickle
import tracemalloc
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import pyloss
from pyloss import (
    BCE,
    CCE,
    MAE,
    MSE,
    RMSE,
    SSE,
    Dice,
    GaussianNLL,
    Huber,
    LaplaceNLL,
    MarginRanking,
    Sum,
    Triplet,
)

LOSSES = {
    "two": [(1.0, Dice()), (0.5, BCE())],
    "three": [(2.0, BCE()), (-0.25, MSE(reduction="sum")), (1, Dice(smooth=0.0))],
    "one": [(3.0, Huber(delta=0.25))],
    "curved": [(1.0, MSE()), (0.125, BCE(reduction="batchmean")), (0.5, SSE())],
    "unreduced": [(1.0, MSE(reduction="none")), (0.5, BCE(reduction="none")), (4.0, MAE(reduction="none"))],
    "nested": [(1.0, BCE()), (0.5, Sum([(2.0, MSE()), (1.0, Huber())]))],
}
every_sum = pytest.mark.parametrize("terms", LOSSES.values(), ids=LOSSES)


@pytest.fixture
def data(rng):
    shape = (40, 5)
    return rng.random(shape), rng.uniform(0.01, 0.99, shape), rng.random(40)


def expected(terms, method, *args):
    """The weighted sums of what the terms answer."""
    total = 0.0
    for weight, loss in terms:
        answer = getattr(loss, method)(*args)
        answer = answer if isinstance(answer, tuple) else (answer,)
        total = total + np.array([weight * np.asarray(part) for part in answer], dtype=object)
    return tuple(total)


@every_sum
def test_sums(terms, data):
    loss = Sum(terms)
    for args in (data, data[:2]):
        for method in ("__call__", "grad", "value_and_grad", *["grad_and_hess"] * hasattr(loss, "grad_and_hess")):
            answer = getattr(loss, method)(*args)
            for got, total in zip(
                answer if isinstance(answer, tuple) else (answer,), expected(terms, method, *args), strict=True
            ):
                np.testing.assert_allclose(got, np.asarray(total, float), rtol=1e-14, atol=1e-16)
    assert isinstance(loss(*data), float) or loss._unreduced
    np.testing.assert_array_equal(loss.forward(*data), loss(*data))
    np.testing.assert_array_equal(loss.backward(*data), loss.grad(*data))


@every_sum
def test_check_agrees(terms, data):
    report = pyloss.check(Sum(terms), *data)
    assert report, str(report)


@every_sum
def test_reference(terms, data):
    oracle = pyloss.reference.evaluate(Sum(terms), *data)
    value, grad = Sum(terms).value_and_grad(*data)
    np.testing.assert_allclose(value, oracle.value, rtol=1e-13)
    np.testing.assert_allclose(grad, oracle.grad, rtol=1e-12, atol=1e-15)
    assert (oracle.hess is not None) == hasattr(Sum(terms), "grad_and_hess")


def test_hessians_where_all_terms_have_them():
    assert hasattr(Sum(LOSSES["curved"]), "grad_and_hess")
    assert not hasattr(Sum(LOSSES["two"]), "grad_and_hess")
    with pytest.raises(AttributeError, match="sum: rmse has no diagonal second derivative"):
        Sum([(1, MSE()), (1, Sum([(1, RMSE())]))]).terms[1][1].grad_and_hess([0.0], [1.0])


def test_classes(rng):
    """Losses of rows, of labels; reductions stay those of the terms."""
    z, labels = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    terms = [(1.0, CCE(from_logits=True)), (0.1, CCE(from_logits=True, reduction="sum"))]
    value, grad = Sum(terms).value_and_grad(labels, z)
    assert value == pytest.approx(terms[0][1](labels, z) * (1 + 0.1 * 30), rel=1e-14, abs=0)
    np.testing.assert_allclose(grad, terms[0][1].grad(labels, z) * 4, rtol=1e-14)


@every_sum
def test_out(terms, data):
    loss = Sum(terms)
    value, grad = loss.value_and_grad(*data)
    out = np.full(grad.shape, 7.0)
    assert loss.grad(*data, out=out) is out
    np.testing.assert_array_equal(out, grad)
    out = np.full(grad.shape, 7.0)
    given = loss.value_and_grad(*data, out=(None, out) if loss._unreduced else out)
    np.testing.assert_array_equal(given[0], value)
    assert given[1] is out
    np.testing.assert_array_equal(out, grad)
    if hasattr(loss, "grad_and_hess"):
        hess = np.empty_like(out)
        assert loss.grad_and_hess(*data, out=(None, hess))[1] is hess
        np.testing.assert_array_equal(hess, loss.grad_and_hess(*data)[1])


def test_out_for_values(data):
    loss = Sum(LOSSES["unreduced"])
    out = np.empty(data[0].shape)
    assert loss(*data, out=out) is out
    np.testing.assert_array_equal(out, loss(*data))
    with pytest.raises(TypeError, match=r"sum: out= takes arrays, and the value of reduced terms is a number"):
        Sum(LOSSES["two"])(*data, out=out)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("shift", [0, 1, -1])
@every_sum
def test_in_place(terms, data, which, shift):
    """The gradient in the place of an input, or partly over it."""
    loss = Sum(terms)
    grad = loss.grad(*data)
    memory = np.zeros(data[0].size + 2)
    arrays = [array.copy() for array in data]
    arrays[which] = memory[1:-1].reshape(data[0].shape)
    arrays[which][...] = data[which]
    out = memory[1 + shift :][: data[0].size].reshape(data[0].shape)
    assert loss.grad(*arrays, out=out) is out
    np.testing.assert_allclose(out, grad, rtol=1e-14, atol=1e-17)


def test_both_in_place(data):
    loss = Sum(LOSSES["curved"])
    expected = loss.grad_and_hess(*data)
    y, p, w = (array.copy() for array in data)
    loss.grad_and_hess(y, p, w, out=(p, y))
    np.testing.assert_allclose(p, expected[0], rtol=1e-14)
    np.testing.assert_allclose(y, expected[1], rtol=1e-14)


@pytest.mark.optimized
@pytest.mark.parametrize("terms", [LOSSES["two"], LOSSES["three"]])
def test_one_scratch_array(terms, rng):
    n = 200_000
    y, p, out = rng.random(n), rng.random(n), np.empty(n)
    loss = Sum(terms)
    loss.grad(y, p, out=out)
    tracemalloc.start()
    loss.grad(y, p, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.25 * out.nbytes


def test_dtypes(data):
    y, p = (array.astype(np.float32) for array in data[:2])
    loss = Sum(LOSSES["three"])
    assert loss.grad(y, p).dtype == np.float32
    out = np.empty(p.shape)
    np.testing.assert_allclose(loss.grad(y, p, out=out), loss.grad(y, p), rtol=1e-5, atol=1e-8)
    assert type(loss(y, p)) is float


def test_weight_zero():
    """What counts nothing is 0 even where it is nan, but its data are checked."""
    loss = Sum([(0, MSE()), (1, MAE())])
    value, grad = loss.value_and_grad([0.0], [np.inf])
    assert value == np.inf
    np.testing.assert_array_equal(grad, [1.0])
    assert Sum([(0, MSE(on_empty="nan"))])([], []) == 0
    with pytest.raises(ValueError, match="bce: y_pred must be in"):
        Sum([(1, MSE()), (0, BCE())])([0.0], [2.0])


def test_an_error_says_when_out_may_be_partly_written():
    out = np.zeros(2)
    loss = Sum([(1, MSE()), (1, BCE())])
    with pytest.raises(ValueError, match=r"got 2.0 at index 1 \(.*\); out may be partly written$"):
        loss.grad([0.0, 1.0], [0.5, 2.0], out=out)
    with pytest.raises(ValueError, match=r"got 2.0 at index 1 \(.*\)$"):
        loss.grad([0.0, 1.0], [0.5, 2.0])
    with pytest.raises(ValueError, match=r"got 2.0 at index 1 \([^()]*\); out may be partly written$"):
        Sum([(1, MSE()), (1, MSE()), (1, loss)]).grad([0.0, 1.0], [0.5, 2.0], out=out)


def test_objects(data):
    loss = Sum([(1, Dice()), [np.float32(0.5), Sum([(2, MSE())])]])
    assert loss.name == "sum"
    assert loss == Sum(((1.0, Dice()), (0.5, Sum([(2.0, MSE())]))))
    assert loss != Sum([(1, Dice()), (0.25, Sum([(2, MSE())]))])
    assert hash(loss) == hash(Sum(loss.terms))
    assert eval(repr(loss), vars(pyloss)) == loss
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(loss, protocol)) == loss
    with pytest.raises(FrozenInstanceError):
        loss.terms = ()
    assert repr(Sum([(1, MSE())])) == "Sum([(1.0, MSE(reduction='mean', on_empty='nan', check=True))])"


@pytest.mark.parametrize(
    ("terms", "error", "message"),
    [
        ([], ValueError, "terms must hold at least one"),
        (5, TypeError, r"terms must be a sequence of \(weight, loss\), got 5"),
        ("ab", TypeError, "terms must be a sequence"),
        ([MSE()], TypeError, r"terms\[0\] must be a pair"),
        ([(1, MSE()), (1,)], TypeError, r"terms\[1\] must be a pair"),
        ([(MSE(), 1)], TypeError, r"the weight of terms\[0\] must be a number"),
        ([(True, MSE())], TypeError, r"the weight of terms\[0\] must be a number, got True"),
        ([("1", MSE())], TypeError, r"the weight of terms\[0\] must be a number, got '1'"),
        ([(np.nan, MSE())], ValueError, r"the weight of terms\[0\] must be finite, got nan"),
        ([(1, MSE()), (np.inf, MSE())], ValueError, r"the weight of terms\[1\] must be finite, got inf"),
        ([(10**400, MSE())], ValueError, r"the weight of terms\[0\] must be a number within the range of floats"),
        ([(1, MSE)], TypeError, r"terms\[0\] must hold a loss of pyloss, .*: write MSE\(\)"),
        ([(1, len)], TypeError, r"terms\[0\] must hold a loss of pyloss"),
        ([(1, MSE(reduction="none")), (1, MAE())], ValueError, "got mse with it and mae without"),
        (
            [(1, MSE()), (1, Sum([(1, GaussianNLL())]))],
            ValueError,
            "all terms must take as many predictions, got mse of 1 and sum of 2",
        ),
        ([(1, Triplet()), (1, MarginRanking())], ValueError, "got triplet of 3 and margin_ranking of 2"),
    ],
    ids=str,
)
def test_wrong_terms(terms, error, message):
    with pytest.raises(error, match=f"^sum: .*{message}"):
        Sum(terms)


def test_a_sum_of_losses_of_several_predictions(rng):
    """A list of them is taken wherever the terms take it."""
    terms = [(1.0, GaussianNLL()), (0.5, LaplaceNLL()), (2.0, Sum([(3.0, GaussianNLL(full=True))]))]
    loss, y, p = Sum(terms), rng.normal(size=9), [rng.normal(size=9), rng.uniform(0.5, 2, 9)]
    assert list(loss.predictions) == list(GaussianNLL.predictions)
    assert not Sum([(1, MSE())]).predictions
    assert loss(y, p) == loss(y, tuple(p))
    assert pyloss.check(loss, y, p)


def test_leaves_are_the_losses_in_all_sums():
    loss = Sum([(2, MSE()), (-0.5, Sum([(3, Huber()), (4, Sum([(0.25, MAE())]))]))])
    assert loss.leaves() == [(2.0, MSE()), (-1.5, Huber()), (-0.5, MAE())]


def test_shapes_of_unreduced_values_must_agree(data):
    loss = Sum([(1, MSE(reduction="none")), (1, Dice(reduction="none"))])
    with pytest.raises(ValueError, match=r"sum: terms must be losses whose unreduced values have one shape, got"):
        loss(*data)
    np.testing.assert_allclose(loss.grad(*data), expected(loss.terms, "grad", *data)[0].astype(float))
