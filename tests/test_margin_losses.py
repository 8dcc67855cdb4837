"""Losses of several classes that are no softmax: their numbers by hand, ties, lists of labels, ends of the range."""

import re
from math import inf, nan

import numpy as np
import pytest

import pyloss
from pyloss import MulticlassHinge, MultilabelMargin, MultiMargin, Sparsemax

FLOATS = (np.float32, np.float64)
HINGE = MulticlassHinge(reduction="none")
LINEAR = MultiMargin(reduction="none")
SQUARED = MultiMargin(p=2, reduction="none")
LISTS = MultilabelMargin(reduction="none")
SPARSE = Sparsemax(reduction="none")
NLL = pyloss.NLL(reduction="none")
LABELLED = (HINGE, LINEAR, SQUARED, SPARSE, NLL)

both_precisions = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)

BY_HAND = [
    ("two rivals beyond the margin", HINGE, 1, [3, 1, 0.5], 3, [1, -1, 0]),
    ("far ahead", HINGE, 0, [0.25, -3, -4], 0, [0, 0, 0]),
    ("a tie of rivals: the lowest class", HINGE, 2, [1, 1, 0.5], 1.5, [1, 0, -1]),
    ("a tie with the label behind", HINGE, 2, [0, 1, 2], 0, [0, 1, -1]),
    ("a tie with the label before", HINGE, 0, [2, 1, 0], 0, [0, 0, 0]),
    ("every class equal", HINGE, 1, [5, 5, 5], 1, [1, -1, 0]),
    ("one class", HINGE, 0, [7], 0, [0]),
    ("beside 1e30 the margin counts", HINGE, 0, [1e30, 1e30], 1, [-1, 1]),
    ("a rival at -inf", HINGE, 0, [0, -inf], 0, [0, 0]),
    ("the label at inf", HINGE, 0, [inf, 3], 0, [0, 0]),
    ("the label at -inf", HINGE, 0, [-inf, 3], inf, [-1, 1]),
    ("all at -inf", HINGE, 0, [-inf, -inf], nan, [nan, nan]),
    ("a nan", HINGE, 0, [9, 1, nan], nan, [nan] * 3),
    ("a nan at the label", HINGE, 0, [nan, 1, 2], nan, [nan] * 3),
    ("two rivals", LINEAR, 1, [2, 1, 0.5], 2.5 / 3, [1 / 3, -2 / 3, 1 / 3]),
    ("at the kink", LINEAR, 1, [0, 1, -3], 0, [0, 0, 0]),
    ("one class", LINEAR, 0, [7], 0, [0]),
    ("beside 1e30 the margin counts", LINEAR, 0, [1e30, 1e30], 0.5, [-0.5, 0.5]),
    ("a rival at -inf", LINEAR, 0, [0, -inf], 0, [0, 0]),
    ("the label at inf", LINEAR, 0, [inf, 3], 0, [0, 0]),
    ("the label at -inf", LINEAR, 0, [-inf, 3], inf, [-0.5, 0.5]),
    ("a nan goes to its class and the label's", LINEAR, 0, [1, nan, 1, -3], nan, [nan, nan, 0.25, 0]),
    ("a nan at the label", LINEAR, 0, [nan, 1], nan, [nan, nan]),
    ("a nan alone", LINEAR, 0, [nan], nan, [nan]),
    ("another margin", MultiMargin(margin=3, reduction="none"), 0, [2, 0], 0.5, [-0.5, 0.5]),
    ("two rivals", SQUARED, 1, [2, 1, 0.5], 4.25 / 3, [4 / 3, -5 / 3, 1 / 3]),
    ("at the kink", SQUARED, 1, [0, 1, -3], 0, [0, 0, 0]),
    ("one class", SQUARED, 0, [7], 0, [0]),
    ("the label at -inf", SQUARED, 0, [-inf, 3], inf, [-inf, inf]),
    ("a uniform projection", SPARSE, 2, [0, 0, 0], 1 / 3, [1 / 3, 1 / 3, -2 / 3]),
    ("two of three are in", SPARSE, 0, [0.5, 0, -1], 1 / 16, [-0.25, 0.25, 0]),
    ("the label is not in", SPARSE, 2, [0.5, 0, -1], 1 / 2 + (0.75**2 + 0.25**2) / 2 + 0.75, [0.75, 0.25, -1]),
    ("exactly a margin of 1", SPARSE, 0, [1, 0], 0, [0, 0]),
    ("far ahead", SPARSE, 0, [9, 0], 0, [0, 0]),
    ("far behind", SPARSE, 1, [9, 0], 9, [1, -1]),
    ("one class", SPARSE, 0, [-7], 0, [0]),
    ("scores of 1e30", SPARSE, 0, [1e30, 1e30], 0.25, [-0.5, 0.5]),
    ("-inf elsewhere", SPARSE, 0, [0, -inf], 0, [0, 0]),
    ("-inf at the label", SPARSE, 0, [-inf, 0], inf, [-1, 1]),
    ("inf at the label", SPARSE, 1, [0, inf, 3], 0, [0, 0, 0]),
    ("inf elsewhere", SPARSE, 0, [0, inf, 3], inf, [-1, 1, 0]),
    ("two at inf", SPARSE, 0, [inf, inf, 3], nan, [nan] * 3),
    ("all at -inf", SPARSE, 0, [-inf, -inf], nan, [nan, nan]),
    ("a nan", SPARSE, 0, [9, nan], nan, [nan, nan]),
    ("a distribution", SPARSE, [0.5, 0.5, 0], [0.5, 0, -1], 1 / 16, [0.25, -0.25, 0]),
    ("its own projection", SPARSE, [0.75, 0.25, 0], [0.5, 0, -1], 0, [0, 0, 0]),
    ("an absent class at -inf", SPARSE, [0.5, 0.5, 0], [3, 3, -inf], 0, [0, 0, 0]),
    ("a mass of 2", SPARSE, [1, 1], [3, 3], 0.25 - 2.5, [-0.5, -0.5]),
    ("no mass", SPARSE, [0, 0], [3, 3], 0.25 + 2.5, [0.5, 0.5]),
    ("a nan in the truth", SPARSE, [nan, 1], [9, 0], nan, [nan, -1]),
    ("the label's logarithm", NLL, 1, [-1, -2, -3], 2, [0, -1, 0]),
    ("more than certain", NLL, 1, [-1, 2, -3], -2, [0, -1, 0]),
    ("impossible", NLL, 1, [0, -inf], inf, [0, -1]),
    ("impossible elsewhere", NLL, 0, [0, -inf], 0, [-1, 0]),
    ("a nan", NLL, 0, [nan, -1], nan, [nan, 0]),
    ("a nan elsewhere", NLL, 1, [nan, -1], 1, [0, -1]),
    ("one class", NLL, 0, [-7], 7, [-1]),
    ("two labels", LISTS, [3, 0, -1, 1], [0.1, 0.2, 0.4, 0.8], 0.85, [-0.5, 0.5, 0.5, -0.5]),
    ("no label", LISTS, [-1, 0, 1], [1, 2, 3], 0, [0, 0, 0]),
    ("no label, and a nan", LISTS, [-1, 0, 1], [1, nan, 3], 0, [0, 0, 0]),
    ("every label", LISTS, [2, 1, 0], [1, 2, 3], 0, [0, 0, 0]),
    ("one label, twice", LISTS, [1, 1, -1], [0, 0, -4], 2 / 3, [2 / 3, -2 / 3, 0]),
    ("at the kink", LISTS, [0, -1, 0], [1, 0, -4], 0, [0, 0, 0]),
    ("what follows is not read", LISTS, [0, -1, 99], [0, 0, -4], 1 / 3, [-1 / 3, 1 / 3, 0]),
    ("one class", LISTS, [0], [7], 0, [0]),
    ("beside 1e30 the margin counts", LISTS, [0, -1], [1e30, 1e30], 0.5, [-0.5, 0.5]),
    ("a nan among the others", LISTS, [0, 1, -1], [9, 8, nan], nan, [nan, nan, nan]),
    ("a nan at a label", LISTS, [0, 1, -1], [nan, 8, 0], nan, [nan, 0, nan]),
    ("a label at inf", LISTS, [0, -1], [inf, 0], 0, [0, 0]),
    ("a label at -inf", LISTS, [0, -1], [-inf, 0], inf, [-0.5, 0.5]),
    ("another at -inf", LISTS, [0, -1], [0, -inf], 0, [0, 0]),
]


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("neighbours", [0, 1, 70], ids=lambda n: f"{n}_rows_more")
@both_precisions
@pytest.mark.parametrize(
    ("loss", "y", "z", "value", "grad"), [pytest.param(*x[1:], id=f"{x[1].name}-{x[0]}") for x in BY_HAND]
)
def test_by_hand(loss, y, z, value, grad, dtype, neighbours):
    """Alone, and under rows that keep their own numbers."""
    rng = np.random.default_rng(0)
    pred = np.concatenate([[z], rng.normal(size=(neighbours, len(z)))]).astype(dtype)
    truth = np.stack([y] + [y] * neighbours)
    truth = truth if loss is LISTS or np.ndim(y) == 0 else truth.astype(dtype)
    truth[1:] = truth[1:] * 0
    got = loss.value_and_grad(truth, pred)
    close(got[0][0], value, dtype)
    close(got[1][0], grad, dtype)
    alone = loss.value_and_grad(truth[1:], pred[1:])
    np.testing.assert_array_equal(got[0][1:], alone[0])
    np.testing.assert_array_equal(got[1][1:], alone[1])


@pytest.mark.parametrize("p", [1, 2])
def test_the_hessian_of_the_squared_margin_counts(p):
    z = [[2.0, 1, 0.5, -4, 0]]
    hess = MultiMargin(p=p).grad_and_hess([1], z)[1]
    np.testing.assert_allclose(hess, [[0.4, 0.8, 0.4, 0, 0]] if p == 2 else np.zeros((1, 5)), rtol=1e-15)
    assert np.isnan(MultiMargin(p=p).grad_and_hess([1], [[nan, 1.0, 0]])[1]).tolist() == [[True, True, False]]


@pytest.mark.parametrize("loss", [HINGE, LISTS], ids=lambda loss: loss.name)
def test_the_hessian_of_a_nan_is_nan(loss):
    y = [0] if loss is HINGE else [[0, -1, -1]]
    grad, hess = loss.grad_and_hess(y, [[nan, 1.0, 2]])
    assert np.isnan(grad).all()
    assert np.isnan(hess).all()


@both_precisions
@pytest.mark.parametrize("classes", [2, 5, 33, 1025, 2100])
@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_scores_of_any_size(size, classes, dtype, rng):
    """Against the reference in float64, where nothing of 1e30 overflows."""
    z = (rng.normal(size=(3, classes)) * size).astype(dtype)
    y = rng.integers(0, classes, 3)
    for loss in (HINGE, LINEAR, SQUARED, SPARSE):
        if loss is SPARSE and size > 1:
            continue  # the reference's own projection rounds
        with np.errstate(over="ignore"):
            expected = [x if x is None else x.astype(dtype) for x in pyloss.reference.evaluate(loss, y, z)]
        value, grad = loss.value_and_grad(y, z)
        np.testing.assert_allclose(value, expected[0], rtol=1e-5 if dtype is np.float32 else 1e-12)
        np.testing.assert_allclose(grad, expected[1], rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-15 * size)


def test_differences_that_leave_float32_and_those_that_do_not():
    z = np.array([[3e38, -3e38], [3e38, 1e38]], np.float32)
    values = HINGE([1, 1], z)
    assert values[0] == inf
    assert values[1] == pytest.approx(2e38, rel=1e-6)
    assert MulticlassHinge()([1, 1], z) == pytest.approx(4e38, rel=1e-6)
    assert MultiMargin(p=2)([1, 1], z) == pytest.approx((36e76 + 4e76) / 4, rel=1e-6)
    assert SQUARED([0], np.array([[0.0, 1e160, 1e150]])) == inf
    assert SQUARED([0], np.array([[0.0, 1.5e154, -1]]))[0] == pytest.approx(0.75e308, rel=1e-15)


def test_the_lowest_bit_of_a_margin():
    """Where a lead is the rounding of a difference, it keeps its sign and its digits."""
    tiny = 2.0**-60
    for loss, share in ((HINGE, 1), (LINEAR, 0.5)):
        value, grad = loss.value_and_grad([0, 0], [[1 + 0.0, tiny], [1, -tiny]])
        assert value.tolist() == [tiny * share, 0]
        assert grad.tolist() == [[-share, share], [0, 0]]
    value, grad = LISTS.value_and_grad([[0, -1], [0, -1]], [[1, tiny], [1, -tiny]])
    assert value.tolist() == [tiny / 2, 0]
    assert grad.tolist() == [[-0.5, 0.5], [0, 0]]
    assert SPARSE.grad([0], [[1, 1e-30]]).tolist() == [[-5e-31, 5e-31]]
    assert SPARSE.grad([0], np.array([[1, 1e-30]], np.float32))[0] == pytest.approx([-5e-31, 5e-31], rel=1e-6)


# Labels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LABELLED, ids=lambda loss: f"{loss.name}")
def test_a_bad_label_in_a_row_of_weight_zero(loss):
    z = np.array([[1.0, 2, 3], [nan, inf, 1], [3, 2, 1]])
    got = loss.value_and_grad([2, 99, 1], z, [1, 0, 2])
    expected = loss.value_and_grad([2, 0, 1], np.nan_to_num(z, posinf=0), [1, 0, 2])
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not got[1][1].any()


def test_a_bad_list_in_a_row_of_weight_zero():
    z, lists = np.array([[1.0, 2, 3], [nan, inf, 1]]), np.array([[2, -1, 0], [7, -5, 3]])
    value, grad = LISTS.value_and_grad(lists, z, [1, 0])
    assert value.tolist() == [LISTS(lists[:1], z[:1])[0], 0]
    assert not grad[1].any()


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("label", [5, 7, -2, 2**40, -(2**62), 2**63 - 1])
def test_lists_are_checked(label, axis):
    """The first wrong entry is named, in the order of rows; what follows the end of a list is none."""
    lists, z = np.full((40, 5, 6), -1), np.zeros((40, 5, 6))
    lists[:, :2], lists[30, 1, 2], lists[31, 0, 0], lists[3, 4, 3] = 1, label, 99, 99
    order = {1: (0, 1, 2), 0: (1, 0, 2), -1: (0, 2, 1)}[axis]
    lists, z = lists.transpose(order), z.transpose(order)
    where = tuple((30, 1, 2)[d] for d in order)
    message = f"multilabel_margin: class labels must be in 0 ... 4, or -1 to end a list, got {label} at index {where}"
    for check in (True, False):
        loss = MultilabelMargin(check=check, axis=axis)
        for ask in (loss, loss.grad, loss.value_and_grad, loss.grad_and_hess):
            with pytest.raises(IndexError, match=f"^{re.escape(message)}$"):
                ask(lists, z)


def test_a_bad_label_far_down_a_list_is_named():
    lists, z = np.tile(np.arange(2100), (2, 1)), np.zeros((2, 2100))
    lists[1, 1500] = 2100
    with pytest.raises(IndexError, match=r"got 2100 at index \(1, 1500\)"):
        LISTS(lists, z)


def test_unsigned_lists_have_no_end():
    assert LISTS(np.array([1, 0], np.uint8), [0.0, 1]) == 0
    for dtype, label in ((np.uint8, 255), (np.uint64, 2**64 - 1)):
        with pytest.raises(IndexError, match=f"got {label} at index 1"):
            MultilabelMargin()(np.array([1, label], dtype), [0.0, 1])


@pytest.mark.parametrize(
    "lists", [np.ones((3, 4)), np.ones((3, 4), bool), np.full((3, 4), nan)], ids=lambda a: str(a.dtype)
)
def test_lists_hold_integers(lists):
    for check in (True, False):
        with pytest.raises(TypeError, match=r"^multilabel_margin: y_true must hold integer class labels, got "):
            MultilabelMargin(check=check)(lists, np.zeros((3, 4)))


def test_lists_have_the_shape_of_the_prediction():
    with pytest.raises(ValueError, match=re.escape("y_true and y_pred must have the same shape, got (3,) and (3, 4)")):
        MultilabelMargin()([1, 2, 0], np.zeros((3, 4)))


@both_precisions
@pytest.mark.parametrize(("classes", "length"), [(1024, 1024), (1025, 3), (1500, 1024), (2100, 1025), (2100, 2060)])
def test_long_lists(classes, length, dtype, rng):
    """Of more entries, and more classes, than fit a block; with one of the entries twice."""
    z = rng.normal(size=(1, classes)).astype(dtype)
    lists = np.full((1, classes), -1)
    lists[0, :length] = rng.permutation(classes)[:length]
    lists[0, length - 1] = lists[0, 0]
    expected = pyloss.reference.evaluate(LISTS, lists, z)
    value, grad = LISTS.value_and_grad(lists, z)
    np.testing.assert_allclose(value, expected.value, rtol=1e-6 if dtype is np.float32 else 1e-14)
    np.testing.assert_allclose(grad, expected.grad, rtol=1e-6 if dtype is np.float32 else 1e-14)


def test_lists_in_place(rng):
    """Every derivative needs its whole row, so what takes an input's place goes there by a copy: the input stays on an error."""
    for classes in (5, 40, 1500):
        z, lists = rng.normal(size=(70, classes)), rng.integers(-1, classes, (70, classes))
        expected = LISTS.grad_and_hess(lists, z)
        pred, truth = z.copy(), lists.copy()
        grad, hess = LISTS.grad_and_hess(truth, pred, out=(truth.view(float), pred))
        np.testing.assert_array_equal(grad, expected[0])
        np.testing.assert_array_equal(hess, expected[1])
        pred, truth = z.copy(), lists.copy()
        truth[60, 0] = classes
        with pytest.raises(IndexError, match=r"\(60, 0\)$"):
            LISTS.grad(truth, pred, out=pred)
        np.testing.assert_array_equal(pred, z)


@pytest.mark.parametrize("classes", [2, 32, 33])
def test_weights_of_lists_that_are_no_numbers(classes):
    lists = np.full((2, classes), -1)
    lists[:, 0] = 1, 0
    for derivative in MultilabelMargin().grad_and_hess(lists, np.zeros((2, classes)), [1, nan]):
        assert np.isnan(derivative).all()
    grad = MultilabelMargin().grad(lists, np.zeros((2, classes)), [1, inf])
    assert np.isnan(grad[1]).all()
    assert not grad[0].any()
    assert not np.signbit(grad[0]).any()


@both_precisions
@pytest.mark.parametrize("classes", [2, 9, 32])
def test_few_classes_as_many(classes, dtype, rng):
    """Classes that lead nobody change nothing, and rows of more than 32 classes are met in another way."""
    z, lists = rng.normal(size=(100, classes)).astype(dtype), rng.integers(-1, classes, (100, classes))
    z[::9, 0] = inf
    wider = {"pad_width": ((0, 0), (0, 40 - classes))}
    few = LISTS.grad_and_hess(lists, z)
    with np.errstate(invalid="ignore"):
        many = LISTS.grad_and_hess(
            np.pad(lists, **wider, constant_values=-1), np.pad(z, **wider, constant_values=-1e30)
        )
    for derivative, expected in zip(few, many, strict=True):
        np.testing.assert_allclose(derivative * classes, expected[:, :classes] * 40, rtol=4 * np.finfo(dtype).eps)


def test_multilabel_margin_is_torch_s(rng):
    torch = pytest.importorskip("torch")
    z, lists = rng.normal(size=(30, 6)), rng.integers(-1, 6, (30, 6))
    x = torch.tensor(z, requires_grad=True)
    loss = torch.nn.functional.multilabel_margin_loss(x, torch.tensor(lists))
    loss.backward()
    value, grad = MultilabelMargin().value_and_grad(lists, z)
    assert value == pytest.approx(loss.item(), rel=1e-14)
    np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-13)


# Sparsemax ------------------------------------------------------------------------------------------------------------


def projection(z):
    """From the gradient of a truth of no mass."""
    return SPARSE.grad(np.zeros_like(z), z)


@both_precisions
@pytest.mark.parametrize("classes", [1, 2, 7, 33, 1024, 1025, 5000])
def test_a_projection_is_a_distribution(classes, dtype, rng):
    for spread in (1e-3, 1, 30):
        z = (rng.normal(size=(5, classes)) * spread).astype(dtype)
        p = projection(z)
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=1, dtype=float), 1, rtol=2 * np.finfo(dtype).eps)
        slack = (spread + 1) * 8 * np.finfo(dtype).eps
        inside = p > 0
        taus = np.where(inside, z.astype(float) - p, nan)
        np.testing.assert_allclose(np.nanmax(taus, axis=1), np.nanmin(taus, axis=1), rtol=0, atol=slack)
        assert (np.where(inside, -inf, z).max(axis=1) <= np.nanmax(taus, axis=1) + slack).all()


@both_precisions
def test_sparsemax_is_never_negative_and_zero_at_its_projection(dtype, rng):
    z = (rng.normal(size=(300, 6)) * rng.choice([0.1, 1, 100], (300, 1))).astype(dtype)
    p = projection(z)
    assert (SPARSE(rng.integers(0, 6, 300), z) >= 0).all()
    dyadic = np.round(np.array([[0.75, 0.25, 0, 0]]) * 4) / 4
    assert SPARSE(dyadic, dyadic.astype(dtype)) == 0
    assert (np.abs(SPARSE(p, z)) <= 200 * np.finfo(dtype).eps * np.abs(z).max(axis=1)).all()
    hard = p == 1
    assert (SPARSE(hard.argmax(axis=1), z)[hard.any(axis=1)] == 0).all()


def test_scores_that_leave_one_after_the_other():
    """The iteration goes on for as many classes as there are steps to make."""
    z = -np.cumsum(0.9 ** np.arange(300.0))[None] / 10
    expected = pyloss.reference.evaluate(SPARSE, [0], z)
    value, grad = SPARSE.value_and_grad([0], z)
    np.testing.assert_allclose(value, expected.value, rtol=1e-12)
    np.testing.assert_allclose(grad, expected.grad, atol=1e-14)


@pytest.mark.parametrize("classes", [5, 1024, 1025, 3000])
@both_precisions
def test_as_many_classes_at_the_top_as_fit_a_block_and_more(classes, dtype, rng):
    """All scores are less than 1 below the top, the label's own deeper or not."""
    z = rng.uniform(0, 0.5, (4, classes)).astype(dtype)
    z[2:, 1] = -3
    y = np.array([0, classes - 1, 1, 2])
    expected = pyloss.reference.evaluate(SPARSE, y, z)
    value, grad = SPARSE.value_and_grad(y, z)
    tolerance = 1e-6 if dtype is np.float32 else 1e-13
    np.testing.assert_allclose(value, expected.value, rtol=tolerance)
    np.testing.assert_allclose(grad, expected.grad, rtol=tolerance, atol=tolerance / 10)
    np.testing.assert_array_equal(grad, SPARSE.grad(np.eye(classes, dtype=dtype)[y], z))


def test_labels_and_one_hot_rows_cost_the_same(rng):
    z, y = rng.normal(size=(50, 9)), rng.integers(0, 9, 50)
    got, expected = SPARSE.value_and_grad(y, z), SPARSE.value_and_grad(np.eye(9)[y], z)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-15)
    np.testing.assert_array_equal(got[1], expected[1])


def test_nll_is_sparse_cce_behind_the_logarithm(rng):
    p, y = rng.random((50, 9)), rng.integers(0, 9, 50)
    assert pyloss.NLL()(y, np.log(p)) == pytest.approx(pyloss.SparseCCE()(y, p), rel=1e-14)


# Results in the place of inputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [1, 3, 40, 1030])
@pytest.mark.parametrize("loss", [HINGE, LINEAR, SQUARED, NLL], ids=lambda loss: f"{loss.name}")
def test_both_derivatives_in_the_place_of_the_prediction(loss, classes, rng):
    z, y = rng.normal(size=(70, classes)).astype(np.float32), rng.integers(0, classes, 70)
    expected = loss.grad_and_hess(y, z)
    for place in (0, 1):
        pred = z.copy()
        loss.grad_and_hess(y, pred, out=(pred, None) if place == 0 else (None, pred))
        np.testing.assert_array_equal(pred, expected[place])
