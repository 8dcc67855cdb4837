"""What errors say to write: it runs, and every number keeps its meaning."""

import re
from dataclasses import replace

import numpy as np
import pytest
from test_errors import LABELLED, refused
from variants import EVERY

import pyloss
from pyloss import _errors


@pytest.mark.parametrize(
    ("truth", "pred", "advice"),
    [
        ((3, 5), (5, 3), "np.transpose(y_true)"),
        ((2, 8, 8, 3), (2, 3, 8, 8), "np.moveaxis(y_true, 3, 1)"),
        ((2, 3, 8, 8), (2, 8, 8, 3), "np.moveaxis(y_true, 1, 3)"),
        ((1, 5, 1, 3), (5, 3), "np.reshape(y_true, (5, 3))"),
        ((6,), (2, 3), "np.reshape(y_true, (2, 3))"),
        ((2, 6), (3, 4), ""),
        ((8, 8, 3), (8, 3, 8), ""),
        ((2, 3, 4), (4, 3, 2), ""),
        ((2, 3, 4), (6, 4), ""),
        ((3, 0), (0, 5), ""),
    ],
    ids=str,
)
def test_row76_what_to_write_gives_the_shape_and_leaves_every_number_its_place(truth, pred, advice):
    y_true = np.zeros(truth)
    message = f"mse: y_true and y_pred must have the same shape, got {truth} and {pred}"
    with refused(ValueError, f"{message}: write {advice}" if advice else message):
        pyloss.mse(y_true, np.zeros(pred))
    for given in [y_true, y_true.tolist(), np.ma.masked_array(y_true)] if advice else []:
        assert eval(advice, {"np": np, "y_true": given}).shape == pred


@pytest.mark.parametrize("argument", ["y_true", "y_pred"])
@pytest.mark.parametrize("variant", EVERY, ids=str)
def test_numbers_of_another_kind(variant, argument):
    """Where an option is named, the loss has it, and takes it beside its other parameters."""
    advice = re.search(r"write (\w+)=True", _errors.other_numbers(variant(), argument))
    if advice:
        other = replace(variant(), **{advice[1]: True})
        assert getattr(other, f"{argument}_domain") != getattr(variant(), f"{argument}_domain")
    options = {"y_true": ["log_true"], "y_pred": ["from_logits", "log_pred"]}[argument]
    assert bool(advice) == any(getattr(variant(), option, True) is False for option in options) or variant().eps


@pytest.mark.parametrize("variant", LABELLED, ids=str)
def test_labels_beside_classes_along_another_axis(variant):
    """The first axis is that of the samples: where labels are missing, nothing is said of it."""
    name = "class_axis" if hasattr(variant(), "class_axis") else "axis"
    labels, pred = np.zeros((2, 5, 4), int), np.full((2, 3, 5, 4), 0.5)
    with pytest.raises(ValueError, match=f"got .* and .*: for classes along axis 1 write {name}=1$"):
        variant()(labels, pred)
    variant(**{name: 1})(labels, pred)
    with pytest.raises(ValueError, match=re.escape("got (3,) and (4, 3)") + "$"):
        variant()(np.zeros(3, int), np.full((4, 3), 0.5))


@pytest.mark.parametrize("dtype", [int, float], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("variant", [v for v in LABELLED if v().labels == "always"], ids=str)
def test_one_hot_rows_in_the_place_of_labels(variant, dtype):
    one_hot = np.eye(3, dtype=dtype)
    with pytest.raises(ValueError, match=re.escape(": for one-hot rows write np.argmax(y_true, -1)") + "$"):
        variant()(one_hot, np.full((3, 3), 0.5))
    variant()(np.argmax(one_hot, -1), np.full((3, 3), 0.5))


def test_a_truth_of_one_number_a_row_has_no_classes():
    message = "y_true must hold one number per row, with the shape of y_pred without axis -1, got (4, 2) and (4, 2)"
    with refused(ValueError, f"multi_quantile: {message}"):
        pyloss.multi_quantile(np.zeros((4, 2)), np.zeros((4, 2)), quantiles=(0.1, 0.9))


def test_a_mapping_in_the_place_of_class_weights():
    message = "cce: class_weight must be a sequence of numbers, one for each class in their order, got {0: 1.0, 1: 5.0}"
    with refused(TypeError, message):
        pyloss.CCE(class_weight={0: 1.0, 1: 5.0})


@pytest.mark.parametrize("loss", [pyloss.BCE(), pyloss.CCE(), pyloss.KLDivergence()], ids=lambda loss: loss.name)
def test_what_numbers_of_another_kind_are_given_with(loss):
    """Before the note on what was written."""
    option, kind = ("log_pred", "logarithms") if loss.name == "kl_divergence" else ("from_logits", "logits")
    y, p = np.full((2000, 3), 0.25), np.full((2000, 3), 0.5)
    p[-1] = -0.25
    where = rf"got -0\.25 at index \(1999, 0\) \(write {option}=True if these are {kind}\)"
    with pytest.raises(ValueError, match=where + "; out may be partly written$"):
        loss.grad(y, p, out=np.empty_like(p))
    type(loss)(**{option: True})(y, p)


@pytest.mark.parametrize("label", [-1, -100, 255])
def test_labels_that_mark_what_is_ignored(label):
    y, p = np.array([0, label]), np.full((2, 3), 0.5)
    for loss in (pyloss.CCE(), pyloss.SparseCCE()):
        with refused(
            IndexError,
            f"{loss.name}: class labels must be in 0 ... 2, got {label} at index 1 "
            f"(write ignore_index={label} if it marks what is not to be counted)",
        ):
            loss(y, p)
        assert type(loss)(ignore_index=label)(y, p) == np.log(2)
    with refused(IndexError, f"cce: class labels must be in 0 ... 2, got {label} at index 1"):
        pyloss.CCE(ignore_index=-7)(y, p)
