"""Every row of the porting tables: the peer and pyloss give the same value, and the same gradient.

A peer that is not there is an error: the environment of these tests exists for the peers alone.
"""

import inspect
import re
from functools import cache

import numpy as np
import pytest
from boosters_table import LIGHTGBM, XGBOOST
from cases import CASES
from entry import Entry
from keras_table import KERAS
from optax_table import OPTAX
from sklearn_table import SKLEARN
from tables import DOCUMENT, PEERS, render
from torch_table import TORCH

PREDICTIONS = "pqr"


def rows(peer):
    return pytest.mark.parametrize("entry", peer.entries, ids=lambda entry: f"{entry.theirs} = {entry.ours}")


def agree(entry: Entry, value, grads, least=0.0):
    """Compare a peer's answer with pyloss's."""
    tolerance = max(least, entry.tolerance)
    ours, slopes = entry.answer(CASES[entry.data])
    assert ours == pytest.approx(float(value), rel=tolerance, abs=1e-12)
    if entry.grad:
        assert len(grads) == len(slopes)
        for theirs, slope in zip(grads, slopes, strict=True):
            scale = np.abs(theirs).max()
            np.testing.assert_allclose(slope, theirs, rtol=tolerance, atol=tolerance * scale)


def tensors(entry):
    """The arrays of a case as tensors, and those that are predictions."""
    import torch

    made = {name: torch.tensor(array) for name, array in CASES[entry.data].items()}
    preds = [made[name].requires_grad_() for name in PREDICTIONS if name in made]
    return made, preds


def by_autograd(entry, names):
    import torch

    made, preds = tensors(entry)
    value = eval(entry.theirs, {"torch": torch, **names, **made})
    grads = torch.autograd.grad(value, preds) if entry.grad else ()
    return value.detach(), [grad.numpy() for grad in grads]


@rows(TORCH)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning", "ignore:reduction:UserWarning")
def test_torch(entry):
    import torch.nn.functional as functional

    agree(entry, *by_autograd(entry, {"F": functional}))


@cache
def keras_losses():
    import keras

    keras.config.set_floatx("float64")
    return keras.losses


@rows(KERAS)
def test_keras(entry):
    """Its mean is computed in float32, whatever the arrays hold."""
    agree(entry, *by_autograd(entry, {"K": keras_losses()}), least=3e-6)


@rows(OPTAX)
@pytest.mark.filterwarnings("ignore:The function convex_kl_divergence:DeprecationWarning")
def test_optax(entry):
    import jax
    from optax import losses

    arrays = {name: jax.numpy.asarray(array) for name, array in CASES[entry.data].items()}
    names = [name for name in PREDICTIONS if name in arrays]

    def loss(*preds):
        return eval(entry.theirs, {"O": losses, "jnp": jax.numpy, **arrays, **dict(zip(names, preds, strict=True))})

    value, grads = jax.value_and_grad(loss, tuple(range(len(names))))(*(arrays[name] for name in names))
    agree(entry, value, [np.asarray(grad) for grad in grads])


@rows(SKLEARN)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_sklearn(entry):
    import sklearn._loss
    from sklearn import metrics
    from sklearn._loss.loss import ExponentialLoss
    from sklearn.linear_model import _sgd_fast

    arrays = CASES[entry.data]
    names = {"M": metrics, "L": sklearn._loss, "S": _sgd_fast, "ExponentialLoss": ExponentialLoss, **arrays}
    if entry.theirs.startswith("M."):
        agree(entry, eval(entry.theirs, names), ())
        return
    made, method, _ = re.split(r"\.(loss|py_loss)\(", entry.theirs)
    loss = eval(made, names)
    y, p = arrays["y"].astype(float), arrays["p"]
    if entry.theirs.startswith("S."):
        values = [getattr(loss, method)(*pair) for pair in zip(p, y, strict=True)]
        slopes = np.array([getattr(loss, entry.grad)(*pair) for pair in zip(p, y, strict=True)])
    else:
        values, slopes = loss.loss(y, p), getattr(loss, entry.grad)(y, p)
    agree(entry, np.mean(values), [slopes / len(p)])


@pytest.mark.parametrize("peer", [XGBOOST, LIGHTGBM], ids=lambda peer: peer.name)
def test_boosters_losses_have_hessians(peer):
    for entry in peer.entries:
        assert hasattr(entry.made(), "grad_and_hess"), entry


# The tables are complete ----------------------------------------------------------------------------------------------


def assert_complete(peer, names):
    text = " ".join(entry.theirs for entry in peer.entries)
    for name in names:
        assert f".{name}(" in text or name in peer.without, name
    for name in peer.without:
        assert name in names, f"{name} is gone"


def test_all_of_torch():
    import torch.nn.functional as functional

    also = {"cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"}
    assert_complete(TORCH, {name for name in dir(functional) if name.endswith("_loss")} | also)


def test_all_of_keras():
    assert_complete(KERAS, {name for name in dir(keras_losses()) if name[0].isupper()})


def test_all_of_optax():
    from optax import losses

    assert_complete(OPTAX, {name for name, thing in vars(losses).items() if inspect.isfunction(thing)})


def test_all_of_sklearn():
    from sklearn import metrics

    words = ("loss", "error", "deviance")
    assert_complete(
        SKLEARN, {name for name in metrics.__all__ if any(word in name for word in words)} - {"PredictionErrorDisplay"}
    )


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_no_row_is_there_twice(peer):
    """The same expression of the same kind of data would have one answer."""
    rows = [(entry.theirs, entry.data) for entry in peer.entries]
    assert len(rows) == len(set(rows))


def test_the_document_is_up_to_date():
    """After a change of the tables: `python tests/peers/tables.py`."""
    assert DOCUMENT.read_text(encoding="utf-8") == render()
