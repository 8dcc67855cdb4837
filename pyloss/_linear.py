"""The cross-entropy of a linear layer, whose logits are never held."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _layer
from ._engine import exact_sum
from ._formulas import silent
from ._layer import Layer
from ._loss import Array, OnEmpty, Real, Reals, Reduction, Value
from .losses.multiclass import SparseCCE

Outs = tuple[Array | None, Array | None, Array | None]


class _Rows(SparseCCE):
    """The loss of a tile of logits, under the name of the whole."""

    name = "linear_cce"


@dataclass(frozen=True, kw_only=True)
class LinearCCE:
    """Softmax cross-entropy of a linear layer: `SparseCCE` of hidden @ weight.T + bias, without ever holding all logits.

    For the row x of hidden with the label k: z = weight x + bias, value log(sum exp z) - z_k, and with q = softmax(z) and the one-hot row
    e_k the gradients weight.T (q - e_k) by x, the sum over rows of outer(q - e_k, x) by weight, and that of q - e_k by bias.

    y_true holds integer labels in 0 ... classes - 1, hidden (..., size) one vector for each, weight (classes, size), bias (classes,);
    `sample_weight` one number for each label, or for each row of the first axis. The parameters `class_weight`, `ignore_index`,
    `label_smoothing`, `z_loss`, `softcap` and `temperature` are those of `CCE` from logits; `reduction`, `on_empty` and `check` those of
    every loss. With reduction="none" the gradients are those of the sum of the values.

    Logits exist for a tile of rows at a time: 64 MB of them, or 256 rows if these are more. They are products of NumPy's BLAS, in its
    threads, so that unlike with other losses the last bits may differ with the number of threads and with the machine. The
    computation is in float32 where hidden, weight and bias are float16 or float32, else in float64; what has another dtype, or
    strides that BLAS does not take, is copied first. Rows that are ignored, masked or of weight 0 count nothing, even if they hold nan.

    Raises
    ------
    TypeError
        for labels that are not integers, and for a dtype that does not hold real numbers.
    ValueError
        for shapes that do not go together, and for a parameter out of its domain.
    IndexError
        for a label that is not in 0 ... classes - 1.

    Reference: as `CCE`; E. Wijmans et al., Cut your losses in large-vocabulary language models, 2024.
    """

    name: ClassVar[str] = "linear_cce"

    class_weight: Reals | None = None
    ignore_index: int | None = None
    label_smoothing: Real = 0.0
    z_loss: Real = 0.0
    softcap: Real | None = None
    temperature: Real = 1.0
    reduction: Reduction = "mean"
    on_empty: OnEmpty = "nan"
    check: bool = True

    def __post_init__(self) -> None:
        checked = _Rows(from_logits=True, **vars(self))
        for name in list(vars(self)):
            object.__setattr__(self, name, getattr(checked, name))

    @cached_property
    def _rows(self) -> SparseCCE:
        """What a tile of logits is asked."""
        changed: dict[str, Any] = {"reduction": "none" if self.reduction == "none" else "sum"}
        if self.reduction == "mean" and self.class_weight is not None:
            changed["class_weight"] = _arrays.evened(tuple(map(float, self.class_weight)))
        return _Rows(from_logits=True, **(asdict(self) | changed))

    def __call__(
        self,
        y_true: ArrayLike,
        hidden: ArrayLike,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Value:
        """The reduced loss, a float; with reduction="none" an array of one number for each label."""
        return self._evaluate((y_true, hidden, weight, bias, sample_weight), None)[0]

    def value_and_grad(
        self,
        y_true: ArrayLike,
        hidden: ArrayLike,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        out: Outs | None = None,
    ) -> tuple[Value, Layer]:
        """The value, and the gradients by hidden, weight and bias; into the arrays of `out`, of which any may be None."""
        value, grads = self._evaluate(
            (y_true, hidden, weight, bias, sample_weight), (None, None, None) if out is None else out
        )
        assert grads is not None
        return value, grads

    def grad(
        self,
        y_true: ArrayLike,
        hidden: ArrayLike,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        out: Outs | None = None,
    ) -> Layer:
        """The gradients alone, which take as long as value and gradients."""
        return self.value_and_grad(y_true, hidden, weight, bias, sample_weight, out=out)[1]

    @silent
    def _evaluate(self, arguments: tuple[Any, ...], outs: Any) -> tuple[Value, Layer | None]:
        loss = self._rows
        labels, given, factors = _layer.opened(loss, *arguments)
        targets = None if outs is None else _layer.checked_outs(loss, given, outs)
        rows, divisor = _layer.counted(loss, self.reduction, labels, factors, len(given.weight))
        layer = _layer.matrices(given, labels.size)
        values = np.zeros(labels.size, layer.weight.dtype) if self.reduction == "none" else None
        grads = None if targets is None else _layer.destinations(targets, given, layer)
        sums = _layer.run(loss, layer, rows, values, grads)
        stored = None if grads is None or targets is None else _layer.stored(grads, targets, given)
        if values is not None:
            return values.reshape(labels.shape), stored
        if divisor == 0:
            return (0.0 if self.on_empty == "zero" else float("nan")), stored
        return exact_sum(np.array(sums, np.float64)), stored


def linear_cce(
    y_true: ArrayLike,
    hidden: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    **parameters: Any,
) -> Value:
    """The value of `LinearCCE`, which see: softmax cross-entropy of a linear layer."""
    return LinearCCE(**parameters)(y_true, hidden, weight, bias, sample_weight)
