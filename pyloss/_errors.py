"""Errors for people: the loss, the argument, the rule, what was got, and where. The engine raises what it finds here."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ._loss import Loss

Array = NDArray[Any]
Shape = tuple[int, ...]


def bad_dtype(loss: "Loss", argument: str, array: Array, labels: bool = False) -> TypeError:
    rule = "integer class labels" if labels else "real numbers (float16, float32, float64 or integers)"
    if array.dtype == bool and argument == "y_true" and not labels:
        rule += "; booleans are for losses of two classes"
    return TypeError(f"{loss.name}: {argument} must hold {rule}, got {array.dtype}")


def bad_shapes(loss: "Loss", y_true: Array, y_pred: Array, labels: bool, labels_only: bool) -> ValueError:
    rows = tuple(np.delete(y_pred.shape, getattr(loss, "axis", -1)).tolist()) if labels else ()
    if labels_only:
        rule = "y_true must have the shape of y_pred without the class axis"
    else:
        rule = "y_true and y_pred must have the same shape" + (
            ", or y_true one axis less (class labels)" if labels else ""
        )
    advice = ""
    for shape in ([] if labels_only else [y_pred.shape]) + ([rows] if labels else []):
        if y_true.shape != shape and y_true.size == np.prod(shape):
            advice = f": write y_true.reshape({', '.join(map(str, shape))})"
    return ValueError(f"{loss.name}: {rule}, got {y_true.shape} and {y_pred.shape}{advice}")


def bad_axis(loss: "Loss", y_pred: Array) -> ValueError:
    axis = getattr(loss, "axis", -1)
    return ValueError(f"{loss.name}: axis must be an axis of y_pred, got {axis} for the shape {y_pred.shape}")


def no_classes(loss: "Loss", y_pred: Array) -> ValueError:
    return ValueError(f"{loss.name}: y_pred needs at least 1 class, got the shape {y_pred.shape}")


def bad_weight_shape(loss: "Loss", weight: Array, shape: Shape) -> ValueError:
    rows = f" or {shape[:1]} (one number per row)" if len(shape) > 1 else ""
    return ValueError(f"{loss.name}: sample_weight must have the shape {shape}{rows}, got {weight.shape}")


def negative_weight(loss: "Loss", weight: Array, shape: Shape, index: int) -> ValueError:
    where = tuple(int(i) for i in np.unravel_index(index, shape))[: weight.ndim]
    return ValueError(f"{loss.name}: sample_weight must be >= 0, got {weight[where]}{place(where)}")


def nothing_to_average(loss: "Loss") -> ValueError:
    return ValueError(f"{loss.name}: there is nothing to average: the total weight is 0 (on_empty='raise')")


def place(where: Shape) -> str:
    if not where:
        return ""
    return f" at index {where[0] if len(where) == 1 else where}"


def fault(
    loss: "Loss", in_y_pred: bool, labels: bool, y_true: Array, y_pred: Array, axis: int, index: int, written: bool
) -> ValueError | IndexError:
    """The first element that a kernel refused; `index` counts in the kernel's order, in which the class axis is the last."""
    note = "; out may be partly written" if written else ""
    if labels:
        where = tuple(int(i) for i in np.unravel_index(index, y_true.shape)) if y_true.ndim else ()
        if not in_y_pred:
            return bad_label(loss, y_true[where], y_pred.shape[axis], place(where), note)
        where = (*where[:axis], int(y_true[where]), *where[axis:])
    else:
        rows = np.moveaxis(y_pred, axis, -1).shape if axis >= 0 else y_pred.shape
        where = tuple(int(i) for i in np.unravel_index(index, rows)) if rows else ()
        if axis >= 0:
            where = (*where[:-1][:axis], where[-1], *where[:-1][axis:])
    argument, array, domain = (
        ("y_pred", y_pred, loss.y_pred_domain) if in_y_pred else ("y_true", y_true, loss.y_true_domain)
    )
    return ValueError(f"{loss.name}: {argument} must be {domain}, got {array[where]}{place(where)}{note}")


def bad_label(loss: "Loss", label: Any, classes: int, where: str, note: str) -> IndexError:
    return IndexError(f"{loss.name}: class labels must be in 0 ... {classes - 1}, got {label}{where}{note}")


def check_out(loss: "Loss", out: object, shape: Shape) -> None:
    """Refuse an array that cannot take a result, before any work is done."""
    if type(out) is not np.ndarray:
        raise TypeError(f"{loss.name}: out must be a numpy.ndarray, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{loss.name}: out must have the shape {shape}, got {out.shape}")
    if out.dtype.name not in ("float16", "bfloat16", "float32", "float64"):
        raise ValueError(f"{loss.name}: out must hold float16, float32 or float64, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError(f"{loss.name}: out is read-only")
    if any(stride == 0 and length > 1 for stride, length in zip(out.strides, out.shape, strict=True)):
        raise ValueError(f"{loss.name}: the elements of out share memory (a stride is 0)")


def shared_outputs(loss: "Loss") -> ValueError:
    return ValueError(f"{loss.name}: the arrays of out share memory")


def out_for_number(loss: "Loss") -> TypeError:
    return TypeError(f"{loss.name}: out= takes arrays, and with reduction={loss.reduction!r} the value is a number")


def pair(loss: "Loss", out: object) -> tuple[object, object]:
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"{loss.name}: out must be a pair of arrays (either may be None), got {type(out).__name__}")
    return out


def bad_parameter(loss: str, parameter: str, rule: object, got: object) -> ValueError:
    return ValueError(f"{loss}: {parameter} must be {rule}, got {got!r}")
