"""The Lovasz loss: by hand, against the paper's algorithm, and at every edge."""

import re
from itertools import combinations

import numpy as np
import pytest
from comparing import bits
from layouts import LAYOUTS
from variants import REDUCTIONS, SORTED, weights

import pyloss
from pyloss import Lovasz

KINDS = ("hinge", "softmax", "probabilities")
CLASSES = 4
every_kind = pytest.mark.parametrize("kind", KINDS)


def data(kind, shape=(6, 5, 7), class_axis=-1, seed=0):
    """Truth and predictions whose errors differ."""
    rng = np.random.default_rng(seed)
    if kind == "hinge":
        return rng.integers(0, 2, shape), rng.normal(size=shape)
    logits = rng.normal(size=(*shape, CLASSES))
    if kind == "probabilities":
        logits = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return rng.integers(0, CLASSES, shape), np.moveaxis(logits, -1, class_axis)


def test_by_hand():
    """Errors 3, 1.5, 0.5 of a hit, a miss and a hit: the Jaccard loss goes 1/2, 2/3, 1."""
    value, grad = Lovasz().value_and_grad([1, 0, 1], [-2.0, 0.5, 0.5])
    assert value == pytest.approx(3 / 2 + 1.5 / 6 + 0.5 / 3, rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, [-1 / 2, 1 / 6, -1 / 3], rtol=1e-15)


def test_by_hand_of_classes():
    """Class 0: errors 0.4 (hit), 0.3, class 1: 0.3 (hit), 0.4; class 2 is not there."""
    q = [[0.6, 0.4, 0.0], [0.3, 0.7, 0.0]]
    value, grad = Lovasz(kind="probabilities").value_and_grad([0, 1], q)
    assert value == pytest.approx((0.4 + 0.4 * 0.5 + 0.3 * 0.5) / 2, rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, [[-0.5, 0.25, 0], [0, -0.25, 0]], rtol=1e-15)


def test_hard_errors_give_the_jaccard_loss():
    """Where every error is 0 or 1 the extension is the loss of the set itself, in weights."""
    truth, weight = np.array([1, 1, 0, 0, 1, 0]), np.array([1.0, 2, 3, 4, 5, 6])
    for count in range(7):
        for wrong in map(list, combinations(range(6), count)):
            pred = np.where(truth == 1, 1.0, -1.0)
            pred[wrong] = 0
            missed = np.isin(np.arange(6), wrong)
            expected = weight[missed].sum() / weight[missed | (truth == 1)].sum()
            assert Lovasz()(truth, pred, weight) == pytest.approx(expected, rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, (1, 2), (0, -1), (2, 0), (0, 1, 2)])
@every_kind
def test_against_the_reference(kind, axis, reduction):
    for class_axis in (-1,) if kind == "hinge" else (-1, 1):
        y, p = data(kind, class_axis=class_axis)
        loss = Lovasz(kind=kind, axis=axis, class_axis=class_axis, reduction=reduction)
        for weight in (None, weights((6, 5, 7)), np.array([1, 0, 2, 0.5, 3, 1])):
            expected = pyloss.reference.evaluate(loss, y, p, weight)
            value, grad = loss.value_and_grad(y, p, weight)
            np.testing.assert_allclose(value, expected.value, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(grad, expected.grad, rtol=1e-11, atol=1e-15)
            assert bits(loss(y, p, weight)) == bits(value)
            assert bits(loss.grad(y, p, weight)) == bits(grad)
            narrow = loss.grad(y, p.astype(np.float32), weight)
            assert narrow.dtype == np.float32
            np.testing.assert_allclose(narrow, grad, rtol=0.1, atol=0.02)


@pytest.mark.parametrize("variant", SORTED, ids=str)
def test_differences(variant):
    loss = variant()
    y, p = data(loss.kind, (4, 5))
    assert pyloss.check(loss, y, p, weights((4, 5)) + 0.5)


@every_kind
def test_a_case_is_a_call(kind):
    """One by one, as `per_image` of the paper's code."""
    y, p = data(kind)
    w = weights((6, 5, 7))
    whole = Lovasz(kind=kind, axis=(1, 2), reduction="none").value_and_grad(y, p, w)
    for i in range(6):
        value, grad = Lovasz(kind=kind).value_and_grad(y[i], p[i], w[i])
        assert value == whole[0][i]
        np.testing.assert_array_equal(grad, whole[1][i])
    assert Lovasz(kind=kind, axis=(1, 2))(y, p, w) == pytest.approx(whole[0].mean(), rel=1e-14, abs=0)


@every_kind
def test_weights_are_repetitions(kind):
    """What weighs 2 is there twice; what weighs 0 is not there, whatever it holds."""
    y, p = data(kind, (30,))
    w = np.random.default_rng(3).integers(0, 3, 30)
    loss = Lovasz(kind=kind)
    twice = loss.value_and_grad(np.repeat(y, w, axis=0), np.repeat(p, w, axis=0))
    spoiled, wrong = p.copy(), y.copy()
    spoiled[w == 0], wrong[w == 0] = np.nan, 99
    for truth, pred in ((y, p), (wrong, spoiled)):
        value, grad = loss.value_and_grad(truth, pred, w)
        assert value == pytest.approx(twice[0], rel=1e-13, abs=0)
        assert not grad[w == 0].any()
        sums = np.add.reduceat(twice[1], np.cumsum(w[w > 0]) - w[w > 0], axis=0)
        np.testing.assert_allclose(grad[w > 0], sums, rtol=1e-11, atol=1e-16)


def test_ties_go_in_order():
    """The same on every machine: the first of equal errors comes first; the value does not depend on it."""
    value, grad = Lovasz().value_and_grad([1, 0, 0, 1], np.zeros(4))
    assert value == pytest.approx(1, rel=1e-15, abs=0)
    np.testing.assert_allclose(grad, [-1 / 2, 1 / 6, 1 / 12, -1 / 4], rtol=1e-15)
    assert Lovasz()([0, 1, 1, 0], np.zeros(4)) == pytest.approx(1, rel=1e-15, abs=0)


def test_the_kink():
    assert not Lovasz().grad([1, 0], [1.0, -1.0]).any()
    assert Lovasz().grad([1, 0], [np.nextafter(1, 0), -1.0]).any()


def test_an_empty_mask_costs_its_largest_error():
    value, grad = Lovasz().value_and_grad([0, 0, 0], [-3.0, 1.0, 0.5])
    assert value == 2
    assert grad.tolist() == [0, 1, 0]


def test_labels_of_the_hinge():
    p = np.array([0.3, -0.2, 1.5, 0.1])
    expected = Lovasz()([1, 0, 1, 0], p)
    for truth in ([1, -1, 1, -1], [True, False, True, False], [1.0, 0.0, 1.0, -1.0]):
        assert Lovasz()(truth, p) == expected
    with pytest.raises(ValueError, match=re.escape("lovasz: y_true must be one of -1, 0, 1, got 2 at index 1")):
        Lovasz()([1, 2, 0, 0], p)


def test_logits_keep_the_tails():
    """1 - q of the label does not cancel."""
    value, grad = Lovasz(kind="softmax").value_and_grad([0, 1], [[50.0, 0.0], [0.0, 60.0]])
    assert value == pytest.approx((np.exp(-50) + np.exp(-50) / 2 + np.exp(-60) / 2) / 2, rel=1e-14, abs=0)
    assert (grad != 0).all()
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-24)


@every_kind
def test_bad_data(kind):
    y, p = data(kind, (4, 5))
    loss = Lovasz(kind=kind)
    with pytest.raises(ValueError, match=r"lovasz: .*shape"):
        loss(y[:3], p)
    with pytest.raises(ValueError, match="axis must name axes of y_true, each once, got 2"):
        Lovasz(kind=kind, axis=2)(y, p)
    with pytest.raises(TypeError, match="sample_weight must"):
        loss(y, p, np.full(4, "a"))
    with pytest.raises(ValueError, match=r"sample_weight must be >= 0, got -1\.0 at index 2"):
        loss(y, p, [1.0, 1, -1, 1])
    if kind != "hinge":
        y[2, 3] = CLASSES
        for check in (True, False):
            with pytest.raises(IndexError, match=re.escape("class labels must be in 0 ... 3, got 4 at index (2, 3)")):
                Lovasz(kind=kind, check=check)(y, p)
        with pytest.raises(TypeError, match="y_true"):
            loss(y.astype(float), p)
    if kind == "probabilities":
        p[1, 2, 3], y[2, 3] = 1.5, 0
        with pytest.raises(ValueError, match=re.escape("y_pred must be in [0, 1], got 1.5 at index (1, 2, 3)")):
            loss(y, p)


def test_the_class_axis_belongs_to_classes():
    with pytest.raises(ValueError, match="class_axis must be -1 with kind='hinge'"):
        Lovasz(class_axis=1)


@every_kind
def test_nothing(kind):
    y, p = data(kind, (4, 5))
    for reduction in REDUCTIONS:
        loss = Lovasz(kind=kind, axis=1, reduction=reduction)
        value = loss(y, p, np.zeros(4))
        assert value == 0 if reduction in ("sum", "batchmean") else np.isnan(value).all()
        assert not loss.grad(y, p, np.zeros(4)).any()
    assert Lovasz(kind=kind, on_empty="zero")(y[:0], p[:0]) == 0
    with pytest.raises(ValueError, match="nothing to average"):
        Lovasz(kind=kind, on_empty="raise")(y, p, np.zeros(4))
    some = Lovasz(kind=kind, axis=1)(y, p, [1, 0, 1, 0])
    assert some == pytest.approx(Lovasz(kind=kind, axis=1)(y[::2], p[::2]), rel=1e-15, abs=0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@every_kind
def test_layouts(kind, layout):
    y, p = data(kind)
    for axis in (None, (0, 2)):
        loss = Lovasz(kind=kind, axis=axis)
        value, grad = loss.value_and_grad(y, p, weights((6, 5, 7)))
        got = loss.value_and_grad(layout(y), layout(p), layout(weights((6, 5, 7))))
        assert got[0] == value
        assert bits(got[1]) == bits(grad)


@every_kind
def test_out(kind):
    y, p = data(kind)
    loss = Lovasz(kind=kind, axis=(1, 2), reduction="none")
    value, grad = loss.value_and_grad(y, p)
    place, pred = np.zeros(6), p.copy()
    got = loss.value_and_grad(y, pred, out=(place, pred))
    assert got[0] is place
    assert got[1] is pred
    np.testing.assert_array_equal(place, value)
    np.testing.assert_array_equal(pred, grad)
    with pytest.raises(ValueError, match=re.escape("out must have the shape (6,), got (5,)")):
        loss(y, p, out=np.zeros(5))
    with pytest.raises(TypeError, match="the value is a number"):
        Lovasz(kind=kind)(y, p, out=np.zeros(()))


@every_kind
def test_masked(kind):
    y, p = data(kind, (30,))
    mask = np.arange(30) % 3 == 0
    truth = np.ma.array(y, mask=mask)
    value, grad = Lovasz(kind=kind).value_and_grad(truth, p)
    assert value == Lovasz(kind=kind)(y[~mask], p[~mask])
    assert not grad[mask].any()


def test_a_nan_is_data():
    value, grad = Lovasz().value_and_grad([1, 0, 1], [np.nan, 0.5, 0.5])
    assert np.isnan(value)
    assert np.isnan(grad).tolist() == [True, False, False]


def test_one_element():
    assert Lovasz()(1, 0.25) == 0.75
    assert Lovasz().grad(1, 0.25) == -1
