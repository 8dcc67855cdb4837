"""One of several classes: a row of probabilities or logits along the class axis."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._result import Array, Result, counting, floats, oracle
from ._textbook import ratio, times_log, zero


def _log_softmax(z: Array, axis: int, temperature: float = 1.0) -> Array:
    """log softmax(z / temperature), shifted by the row's maximum; a single infinite logit takes all, two of them are NaN."""
    infinite = np.isposinf(z)
    single = infinite & (infinite.sum(axis=axis, keepdims=True) == 1)
    shifted = np.where(single, 0.0, z - z.max(axis=axis, keepdims=True)) / temperature
    log_sum: Array = np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted - log_sum


def _one_hot(labels: ArrayLike, classes: int, axis: int) -> Array:
    """1 at the label, 0 elsewhere; a label that names no class makes its row NaN."""
    hot = np.expand_dims(np.asarray(labels), -1) == np.arange(classes)
    rows = np.where(hot.any(axis=-1, keepdims=True), hot, np.nan)
    return np.moveaxis(rows, -1, axis)


Weights = tuple[float, ...] | None


def _along(numbers: Weights, ndim: int, axis: int) -> Array | float:
    """One number for each class, to be multiplied with arrays of classes along the axis."""
    if numbers is None:
        return 1.0
    return np.moveaxis(np.reshape(numbers, (1,) * (ndim - 1) + (-1,)), -1, axis)


def _kept(y_true: ArrayLike, labels: bool, ignore_index: int | None, axis: int) -> NDArray[np.bool_]:
    """Which rows count; of one-hot or soft targets all do."""
    rows = np.shape(y_true) if labels else np.delete(np.shape(y_true), axis)
    return np.asarray(y_true) != ignore_index if labels and ignore_index is not None else np.ones(tuple(rows), bool)


def _truth(
    y_true: ArrayLike, shape: tuple[int, ...], ignore_index: int | None, axis: int
) -> tuple[NDArray[np.bool_], Array]:
    """Which rows count, and the distributions: of labels 1 at the label, of an ignored one at class 0."""
    labels = np.ndim(y_true) != len(shape)
    kept = _kept(y_true, labels, ignore_index, axis)
    return kept, _one_hot(np.where(kept, y_true, 0), shape[axis], axis) if labels else floats(y_true)[0]


def _cap(z: Array, softcap: float | None) -> tuple[Array, Array, Array]:
    """c tanh(z / c) with its first and second derivative."""
    if softcap is None:
        return z, np.ones_like(z), np.zeros_like(z)
    height = np.tanh(z / softcap)
    slope = 1 / np.cosh(z / softcap) ** 2
    return softcap * height, slope, -2 * height * slope / softcap


@oracle
def cce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    eps: float = 0.0,
    class_weight: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    temperature: float = 1.0,
    axis: int = -1,
) -> Result:
    """-sum W T log(p + eps), with 0 log 0 = 0; from logits p = softmax(c tanh(z / c) / temperature), eps is 0, and the
    row's own weight times z_loss (log sum exp)^2 is added.

    T is `y_true`, mixed with the uniform distribution by `label_smoothing`, and W the class weights. Where `y_true` lacks
    the class axis it holds labels: `y_true` is 1 at the label then, and of a row that is ignored nothing is read.
    """
    (p,) = floats(y_pred)
    labels = np.ndim(y_true) != p.ndim
    kept, t = _truth(y_true, p.shape, ignore_index, axis)
    rows = np.expand_dims(kept, axis)
    weight = _along(class_weight, p.ndim, axis)
    own = np.expand_dims(_own_weight(t, class_weight, axis), axis)
    t = weight * ((1 - label_smoothing) * t + label_smoothing / p.shape[axis])
    if from_logits:
        # Beside a class that has nearly all of the probability 1 - q would lose its digits in float64.
        capped, slope, bend = _cap(p.astype(np.longdouble), softcap)
        log_p = _log_softmax(capped, axis, temperature)
        q, total = np.exp(log_p), t.sum(axis=axis, keepdims=True)
        value = -times_log(t, log_p).sum(axis=axis)
        grad, hess = total * q - t, total * q * (1 - q)
        if z_loss:
            z = capped / temperature
            top = z.max(axis=axis, keepdims=True)
            size = np.where(np.isposinf(top), top, top + np.log(np.exp(z - top).sum(axis=axis, keepdims=True)))
            value = value + (z_loss * own * size**2).squeeze(axis)
            # exp outgrows every size: at the limits of q only the product that is not 0 is left.
            pull, curl = np.where(q == 0, 0, size * q), np.where(q % 1 == 0, 0, size * q * (1 - q))
            grad, hess = grad + 2 * z_loss * own * pull, hess + 2 * z_loss * own * (q**2 + curl)
        grad, hess = grad / temperature, hess / temperature**2
        grad, hess = grad * slope, hess * slope**2 + np.where(bend == 0, 0, grad * bend)
    else:
        p = np.where(labels & (t == 0), 1.0, p) + eps
        log_p = np.log(p)
        value, grad, hess = -times_log(t, log_p).sum(axis=axis), -ratio(t, p), ratio(ratio(t, p), p)
    return Result(*floats(np.where(kept, value, 0.0), np.where(rows, grad, 0.0), np.where(rows, hess, 0.0)))


def _own_weight(t: Array, class_weight: Weights, axis: int) -> Array:
    """The mean of the class weights under the truth of each row; 1 without class weights."""
    if class_weight is None:
        return np.ones(tuple(np.delete(t.shape, axis)))
    return np.asarray((t * _along(class_weight, t.ndim, axis)).sum(axis=axis))


@counting("cce", "sparse_cce", "nll")
def _row_weights(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    class_weight: Weights = None,
    ignore_index: int | None = None,
    axis: int = -1,
    **_: object,
) -> Array:
    """What the rows of `cce` count: nothing where they are ignored, else their own weight."""
    kept, t = _truth(y_true, np.shape(y_pred), ignore_index, axis)
    return np.where(kept, _own_weight(t, class_weight, axis), 0.0)


@oracle
def sparse_cce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    eps: float = 0.0,
    class_weight: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    temperature: float = 1.0,
    axis: int = -1,
) -> Result:
    """-log(p[label] + eps): `cce` for integer labels."""
    options = {name: given for name, given in locals().items() if name not in ("y_true", "y_pred")}
    return cce(y_true, y_pred, **options)


@oracle
def nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    class_weight: Weights = None,
    ignore_index: int | None = None,
    axis: int = -1,
) -> Result:
    """-W x[label], for log-probabilities x and the class's weight W; no other class is read, and of ignored rows none."""
    (x,) = floats(y_pred)
    kept = _kept(y_true, True, ignore_index, axis)
    t = _one_hot(np.where(kept, y_true, 0), x.shape[axis], axis) * np.expand_dims(kept, axis)
    picked, t = np.where(t == 0, 0.0, x), t * _along(class_weight, x.ndim, axis)
    return Result(-times_log(t, picked).sum(axis=axis), zero(picked) - t, zero(picked))
