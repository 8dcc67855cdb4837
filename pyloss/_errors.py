"""Errors for people: the loss, the argument, the rule, what was got, and where. The engine raises what it finds here."""

from itertools import permutations
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ._domains import Domain
    from ._loss import Loss

Array = NDArray[Any]
Shape = tuple[int, ...]


NARROW = ("float16", "bfloat16", "float32")
REALS = (*NARROW, "float64")
"""The dtypes of real numbers, beside the integers, by name."""

GIVEN_WITH_ARRAYS = ("sample_weight", "out")
OTHER_NUMBERS = {
    "y_true": {"log_true": "logarithms"},
    "y_pred": {"from_logits": "logits", "log_pred": "logarithms"},
}
"""What an argument may hold beside what it holds as a rule, and the parameter that says so."""
VOID = 255
"""The label of pixels that are not to be counted, as images of bytes have it; elsewhere it is a negative one."""


def bad_dtype(loss: "Loss", argument: str, array: Array, labels: bool = False) -> TypeError:
    rule = "integer class labels" if labels else "real numbers (float16, float32, float64 or integers)"
    if array.dtype == bool and argument == "y_true" and not labels:
        rule += "; booleans are for losses of two classes"
    return TypeError(f"{loss.name}: {argument} must hold {rule}, got {array.dtype}")


def bad_shapes(loss: "Loss", y_true: Array, y_pred: Array, labels: bool, labels_only: bool) -> ValueError:
    axis = getattr(loss, class_axis(loss), -1)
    rows = without(y_pred.shape, axis) if labels else ()
    if loss.labels == "rows":
        rule = f"y_true must hold one number per row, with the shape of y_pred without axis {axis}"
    elif labels_only:
        rule = "y_true must have the shape of y_pred without the class axis"
    else:
        rule = "y_true and y_pred must have the same shape" + (
            ", or y_true one axis less (class labels)" if labels else ""
        )
    wanted = ([] if labels_only else [y_pred.shape]) + ([rows] if labels else [])
    advice = [rearrangement(y_true.shape, shape) for shape in wanted]
    if labels and loss.labels != "rows":
        advice.append(other_labels(y_true.shape, y_pred.shape, axis, class_axis(loss), labels_only))
    hint = next((f": {words}" for words in advice if words), "")
    return ValueError(f"{loss.name}: {rule}, got {y_true.shape} and {y_pred.shape}{hint}")


def without(shape: Shape, axis: int) -> Shape:
    return tuple(np.delete(shape, axis).tolist())


def rearrangement(shape: Shape, wanted: Shape) -> str:
    """What to write for an array in another shape, if there is one way to give it that and every number keeps its meaning."""
    lengths, others = ([length for length in given if length != 1] for given in (shape, wanted))
    flat = len(shape) < 2 or len(wanted) < 2
    if lengths == others or (flat and prod(shape) == prod(wanted)):
        return f"write np.reshape(y_true, {wanted})"
    moves = {
        moved(tuple(range(len(shape))), source, target): f"write np.moveaxis(y_true, {source}, {target})"
        for source, target in permutations(range(len(shape)), 2)
        if moved(shape, source, target) == wanted
    }
    if len(moves) != 1:
        return ""
    return "write np.transpose(y_true)" if len(shape) == 2 else moves.popitem()[1]


def moved(axes: Shape, source: int, target: int) -> Shape:
    rest = without(axes, source)
    return (*rest[:target], axes[source], *rest[target:])


def other_labels(truth: Shape, pred: Shape, axis: int, name: str, labels_only: bool) -> str:
    """What to write where labels are one-hot, or the classes lie along another axis, which is hardly the first."""
    if labels_only and truth == pred:
        return f"for one-hot rows write np.argmax(y_true, {axis})"
    places = [place for place in range(1, len(pred)) if without(pred, place) == truth]
    return f"for classes along axis {places[0]} write {name}={places[0]}" if len(places) == 1 else ""


def prediction(loss: "Loss", place: int) -> str:
    """The name of a prediction, or of one of several."""
    return f"y_pred[{place}] ({list(loss.predictions)[place]})" if loss.predictions else "y_pred"


def predictions(loss: "Loss", y_pred: object) -> tuple[object, ...]:
    """The arrays of a loss of several predictions."""
    if not isinstance(y_pred, tuple | list) or len(y_pred) != len(loss.predictions):
        got = f"{len(y_pred)} of them" if isinstance(y_pred, tuple | list) else type(y_pred).__name__
        names = ", ".join(loss.predictions)
        raise TypeError(f"{loss.name}: y_pred must be a tuple of {len(loss.predictions)} arrays ({names}), got {got}")
    return tuple(y_pred)


def unequal_predictions(loss: "Loss", arrays: tuple[Array, ...]) -> ValueError:
    shapes = " and ".join(str(array.shape) for array in arrays)
    return ValueError(f"{loss.name}: {' and '.join(loss.predictions)} must have the same shape, got {shapes}")


def check_no_truth(loss: "Loss", y_true: object) -> None:
    if y_true is not None:
        raise TypeError(f"{loss.name}: y_true must be None, since the loss has no truth, got {type(y_true).__name__}")


def parts(loss: "Loss", out: object) -> tuple[object, ...]:
    """The arrays that take the derivatives by several predictions."""
    count = len(loss.predictions)
    if out is None:
        return (None,) * count
    if not isinstance(out, tuple) or len(out) != count:
        raise TypeError(
            f"{loss.name}: out must be a tuple of {count} arrays ({', '.join(loss.predictions)}; any may be None), "
            f"got {type(out).__name__}"
        )
    return out


def class_axis(loss: "Loss") -> str:
    """The name of the parameter that says which axis is that of the classes: where `axis` says something else it has its own."""
    return "class_axis" if hasattr(loss, "class_axis") else "axis"


def bad_axis(loss: "Loss", y_pred: Array) -> ValueError:
    name = class_axis(loss)
    return ValueError(
        f"{loss.name}: {name} must be an axis of y_pred, got {getattr(loss, name, -1)} for the shape {y_pred.shape}"
    )


def bad_axes(loss: "Loss", axis: object, argument: str, array: Array) -> ValueError:
    return ValueError(
        f"{loss.name}: axis must name axes of {argument}, each once, got {axis} for the shape {array.shape}"
    )


def no_classes(loss: "Loss", y_pred: Array) -> ValueError:
    return ValueError(f"{loss.name}: y_pred needs at least 1 class, got the shape {y_pred.shape}")


def bad_class_factors(loss: "Loss", name: str, y_pred: Array, axis: int) -> ValueError:
    classes, got = y_pred.shape[axis], len(getattr(loss, name))
    each = "class" if loss.labels != "rows" else "column along axis"
    return ValueError(
        f"{loss.name}: {name} must hold one number per {each}, {classes} for the shape {y_pred.shape}, got {got}"
    )


def bad_weight_shape(loss: "Loss", weight: Array, shape: Shape) -> ValueError:
    rows = f" or {shape[:1]} (one number per row)" if len(shape) > 1 else ""
    return ValueError(f"{loss.name}: sample_weight must have the shape {shape}{rows}, got {weight.shape}")


def negative_weight(loss: "Loss", weight: Array, shape: Shape, index: int) -> ValueError:
    where = position(index, shape)[: weight.ndim]
    return ValueError(f"{loss.name}: sample_weight must be >= 0, got {weight[where]}{place(where)}")


def nothing_to_average(loss: "Loss") -> ValueError:
    return ValueError(f"{loss.name}: there is nothing to average: the total weight is 0 (on_empty='raise')")


def position(index: int, shape: Shape) -> Shape:
    """The index in every axis. NumPy's own function for this raises a SystemError where memory runs out."""
    where: list[int] = []
    for length in reversed(shape):
        index, remainder = divmod(index, length)
        where.append(remainder)
    return tuple(reversed(where))


def place(where: Shape) -> str:
    if not where:
        return ""
    return f" at index {where[0] if len(where) == 1 else where}"


def fault(
    loss: "Loss",
    place_in_y_pred: int,
    labels: bool,
    y_true: Array,
    y_preds: tuple[Array, ...],
    axis: int,
    index: int,
    written: bool,
) -> ValueError | IndexError:
    """The first element that a kernel refused; `index` counts the entries in the kernel's order, in which the class axis is the last.

    `place_in_y_pred` says which prediction it is in; it is negative for the truth.
    """
    note = "; out may be partly written" if written else ""
    in_y_pred, y_pred = place_in_y_pred >= 0, y_preds[max(0, place_in_y_pred)]
    where = position(index, np.moveaxis(y_pred, axis, -1).shape if axis >= 0 else y_pred.shape)
    if axis >= 0:
        where = (*where[:-1][:axis], where[-1], *where[:-1][axis:])
    if in_y_pred:
        argument, domains = prediction(loss, place_in_y_pred), [*loss.predictions.values(), loss.y_pred_domain]
        return outside(loss, argument, domains[place_in_y_pred], y_pred, where, note)
    one_a_row = y_true.ndim < len(where)
    if one_a_row:
        where = (*where[:axis], *where[axis + 1 :])
    if labels:
        end = "" if one_a_row else ", or -1 to end a list"
        return bad_label(loss, y_true[where], y_pred.shape[axis], place(where), note, end)
    return outside(loss, "y_true", loss.y_true_domain, y_true, where, note)


def outside(
    loss: "Loss", argument: str, domain: "Domain", array: Array, where: tuple[int, ...], note: str = ""
) -> ValueError:
    hint = other_numbers(loss, argument)
    return ValueError(f"{loss.name}: {argument} must be {domain}, got {array[where]}{place(where)}{hint}{note}")


def other_numbers(loss: "Loss", argument: str) -> str:
    """What to write for numbers of another kind."""
    for option, kind in OTHER_NUMBERS.get(argument, {}).items():
        if getattr(loss, option, None) is False and not (kind == "logits" and getattr(loss, "eps", False)):
            return f" (write {option}=True if these are {kind})"
    return ""


def out_of_domain(loss: "Loss", y_pred: Array, index: int) -> ValueError:
    return outside(loss, "y_pred", loss.y_pred_domain, y_pred, position(index, y_pred.shape))


def bad_label(loss: "Loss", label: Any, classes: int, where: str, note: str, end: str = "") -> IndexError:
    marks = getattr(loss, "ignore_index", 0) is None and (label == VOID or -(2**53) < label < 0)
    hint = f" (write ignore_index={label} if it marks what is not to be counted)" if marks else ""
    return IndexError(f"{loss.name}: class labels must be in 0 ... {classes - 1}{end}, got {label}{where}{hint}{note}")


def check_out(loss: "Loss", out: object, shape: Shape) -> None:
    """Refuse an array that cannot take a result, before any work is done."""
    if type(out) is not np.ndarray:
        raise TypeError(f"{loss.name}: out must be a numpy.ndarray, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{loss.name}: out must have the shape {shape}, got {out.shape}")
    if out.dtype.name not in REALS:
        raise ValueError(f"{loss.name}: out must hold float16, float32 or float64, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError(f"{loss.name}: out is read-only")
    if overlaps_itself(out):
        raise ValueError(f"{loss.name}: the elements of out share memory, with the strides {out.strides}")


LONGEST_LOOK = 1_000_000
"""An array of strange strides and more elements than these is taken for one that overlaps itself."""


def overlaps_itself(array: Array) -> bool:
    """Whether two elements have a byte in common. Where each stride steps over all that the smaller ones reach, none have."""
    if not array.size:
        return False
    steps = sorted((abs(step), length) for step, length in zip(array.strides, array.shape, strict=True) if length > 1)
    reach, apart = array.itemsize, True
    for step, length in steps:
        apart = apart and step >= reach
        reach += step * (length - 1)
    if apart or reach < array.nbytes or array.size > LONGEST_LOOK:
        return not apart
    places = np.zeros(1, np.int64)
    for step, length in steps:
        places = np.add.outer(places, step * np.arange(length)).ravel()
    return bool((np.diff(np.sort(places)) < array.itemsize).any())


def shared_outputs(loss: "Loss") -> ValueError:
    return ValueError(f"{loss.name}: the arrays of out share memory")


def out_for_number(loss: "Loss") -> TypeError:
    return TypeError(f"{loss.name}: out= takes arrays, and with reduction={loss.reduction!r} the value is a number")


def pair(loss: "Loss", out: object) -> tuple[object, object]:
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"{loss.name}: out must be a pair of arrays (either may be None), got {type(out).__name__}")
    return out


def check_loss(given: object, rule: str) -> None:
    """Refuse what is no loss, nor a sum of some; a class is none yet."""
    if isinstance(given, type) or not hasattr(given, "_tally"):
        hint = f": write {given.__name__}()" if isinstance(given, type) and hasattr(given, "_tally") else ""
        raise TypeError(f"{rule} a loss of pyloss, got {given!r}{hint}")


def not_elementwise(given: object) -> TypeError:
    return TypeError(f"pyloss_open: the loss must be an elementwise one of pyloss, got {given!r}")


def bad_parameter(loss: str, parameter: str, rule: object, got: object) -> ValueError:
    return ValueError(f"{loss}: {parameter} must be {rule}, got {got!r}")


def unknown_parameter(loss: str, name: str, known: list[str]) -> TypeError:
    from difflib import get_close_matches  # here, since importing pyloss is to cost little

    hint = f"it takes {', '.join(known)}"
    for meant in get_close_matches(name, [*known, *GIVEN_WITH_ARRAYS], 1):
        hint = f"did you mean {meant}" + (", which goes with the arrays" if meant in GIVEN_WITH_ARRAYS else "") + "?"
    return TypeError(f"{loss}: got an unexpected keyword argument {name!r}: {hint}")
