"""What the pictures of the losses show: values and derivatives by pyloss along a line through the predictions, or over a plane."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from families_formulas import Form, family_of
from numpy.typing import NDArray

from pyloss import Loss
from pyloss.cli.shapes import axis_of, compares_residuals

Array = NDArray[np.float64]

POINTS = 600
"""An even number, so that none is the kink in the middle."""


@dataclass(frozen=True)
class Slice:
    """A loss along a line: its values and both derivatives, each of shape (lines, points)."""

    label: str
    value: Array
    grad: Array
    hess: Array | None = None


@dataclass(frozen=True)
class Plane:
    """A loss over two numbers: its values, and what a step against the gradient changes."""

    x: Array
    y: Array
    labels: tuple[str, str]
    value: Array
    downhill: tuple[Array, Array]
    marks: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True)
class Scene:
    """What one picture shows. The lines of the derivatives have names; those of the value are as many, or one."""

    axis: str
    x: Array
    slices: Sequence[Slice]
    lines: tuple[str, ...] = ()
    caption: str = ""
    """What the axes do not say."""
    plane: Plane | None = None
    masks: tuple[Array, Array] | None = None
    """Truth and prediction whose gradient is shown, pixel by pixel."""


def losses(cls: type[Any], form: Form, **more: Any) -> list[tuple[str, Any]]:
    """The loss as it comes and with other parameters, each with its label."""
    names = list(dict.fromkeys(name for changed in form.shown for name in changed))
    made = cls(**form.given, **more)
    plain = _written({names[0]: getattr(made, names[0])}) if len(names) == 1 else "default"
    return [(plain, made), *((_written(changed), cls(**form.given, **changed, **more)) for changed in form.shown)]


def _written(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {given:g}" for name, given in parameters.items())


# Losses of elements ---------------------------------------------------------------------------------------------------


def elements(cls: type[Any], form: Form) -> Scene:
    """Against the residual, or against the prediction for two truths."""
    variants = losses(cls, form, reduction="none")
    axis, truths = axis_of(variants[0][1])
    if len(truths) == 1 and not compares_residuals(variants[0][1]):
        truths = (3.0, 1.0)
    low, high = form.over or (axis.low, axis.high)
    x = np.linspace(low, high, POINTS)
    lines = tuple(f"y = {truth:g}" for truth in reversed(truths)) if len(truths) > 1 else ()
    slices = [_element(name, loss, truths[::-1], x) for name, loss in variants]
    return Scene(_prediction(cls, form, len(truths)), x, slices, lines)


def _prediction(cls: type[Any], form: Form, truths: int) -> str:
    """What is predicted, in words and by the letter of the formulas."""
    (letter,) = form.by
    if family_of(cls) == "regression" and truths > 1:
        return "prediction p"
    if family_of(cls) == "counts":
        return "mean μ" if letter == r"\mu" else "logarithm z of the mean"
    labels = cls.y_true_domain.integral
    return {
        "r": "residual r",
        "p": "distance p" if labels else "probability p",
        "z": "score z" if labels else "logit z",
    }.get(letter, f"${letter}$")


def _element(label: str, loss: Any, truths: Sequence[float], x: Array) -> Slice:
    y_pred = np.tile(x, (len(truths), 1))
    y_true = np.broadcast_to(np.array(truths)[:, np.newaxis], y_pred.shape)
    return Slice(label, loss(y_true, y_pred), *loss.grad_and_hess(y_true, y_pred))


# Losses of rows -------------------------------------------------------------------------------------------------------


def _row_slice(label: str, loss: Any, y_true: Any, y_pred: Array, count: int) -> Slice:
    truths = np.broadcast_to(y_true, (len(y_pred), *np.shape(y_true)))
    grad, hess = loss.grad(truths, y_pred), None
    if hasattr(loss, "grad_and_hess"):
        grad, hess = loss.grad_and_hess(truths, y_pred)
    return Slice(label, loss(truths, y_pred)[np.newaxis], grad.T[:count], None if hess is None else hess.T[:count])


def rows(
    cls: type[Any], form: Form, y_true: Any, axis: str, path: tuple[Array, Array], lines: tuple[str, ...], caption: str
) -> Scene:
    """Along a path of rows; the derivatives by the first entries, one for each of the lines."""
    x, y_pred = path
    slices = [
        _row_slice(label, loss, y_true, y_pred, len(lines)) for label, loss in losses(cls, form, reduction="none")
    ]
    return Scene(axis, x, slices, lines, caption)


def one_moves(low: float, high: float, others: Sequence[float]) -> tuple[Array, Array]:
    """The first entry moves, the others stay."""
    x = np.linspace(low, high, POINTS)
    return x, np.column_stack([x, *(np.full(POINTS, other) for other in others)])


def on_the_simplex(logarithms: bool = False) -> tuple[Array, Array]:
    """The first of three probabilities moves, and the others share the rest by three to one."""
    x = np.linspace(0.02, 0.98, POINTS)
    p = np.column_stack([x, 0.75 * (1 - x), 0.25 * (1 - x)])
    return x, np.log(p) if logarithms else p


SHARED = "the other two share the rest by three to one"


def divergence(cls: type[Any], form: Form) -> Scene:
    truth, path = np.array([0.6, 0.3, 0.1]), on_the_simplex(form.by == ("x_k",))
    caption = f"Three classes of the true probabilities 0.6, 0.3 and 0.1. The predicted one of class 1 moves, {SHARED}."
    return rows(cls, form, truth, "p of class 1", path, ("by class 1", "by class 2"), caption)


def classes(cls: type[Any], form: Form) -> Scene:
    """One label, and its probability, log-probability or score."""
    lines: tuple[str, ...] = ("by the label's class", "by a rival")
    if form.by == ("p_k",):
        caption = f"Three classes. The probability of the label's class moves, {SHARED}."
        return rows(cls, form, 0, "p of the label's class", on_the_simplex(), lines, caption)
    if form.by == ("x_k",):
        caption = "Three classes. The log-probability of the label's class moves alone."
        path = one_moves(-5, 0, [-1.0, -2.0])
        return rows(cls, form, 0, "x of the label's class", path, lines, caption)
    path = one_moves(-4, 5, [0.0, -1.0])
    caption = "Three classes. The score of the label's class moves, those of its rivals stay at 0 and -1."
    lines = ("by the label's class", "by the rival at 0", "by the rival at -1")
    return rows(cls, form, 0, "z of the label's class", path, lines, caption)


def label_lists(cls: type[Any], form: Form) -> Scene:
    path = one_moves(-3, 4, [0.0, 0.5, -0.5])
    lines = ("by the label that moves", "by the label at 0", "by the class at 0.5", "by the class at -0.5")
    caption = "Four classes, of which two are labels. The score of one label moves, the other stays at 0."
    return rows(cls, form, np.array([0, 1, -1, -1]), "z of one label", path, lines, caption)


def quantiles(cls: type[Any], form: Form) -> Scene:
    x = np.linspace(-3, 3, POINTS)
    lines = tuple(f"by the quantile {quantile:g}" for quantile in cls().quantiles)
    path = x, np.tile(x[:, np.newaxis], len(lines))
    return rows(cls, form, 0.0, "residual r", path, lines, "All quantiles have the same prediction.")


# Losses of several predictions ----------------------------------------------------------------------------------------


def spreads(cls: type[Any], form: Form) -> Scene:
    """Over location and spread, and along the spread where the location is wrong by 1."""
    spread = list(cls.predictions)[1]
    (label, loss), *_ = losses(cls, form, reduction="none")
    x = np.linspace(0.15, 4, POINTS)
    given = np.ones(POINTS), x
    grad, hess = loss.grad_and_hess(np.zeros(POINTS), given)
    along = Slice(label, loss(np.zeros(POINTS), given)[np.newaxis], np.array(grad), np.array(hess))
    plane = _plane(
        np.linspace(-2.5, 2.5, 121),
        np.linspace(0.4, 4, 121),
        ("residual r of the mean", spread),
        lambda a, b: (loss(np.zeros_like(a), (a, b)), *loss.grad(np.zeros_like(a), (a, b))),
    )
    caption = f"Left over residual and {spread}, the others along the {spread} where the residual is 1."
    return Scene(spread, x, [along], ("by the mean", f"by the {spread}"), caption, plane)


def _plane(
    x: Array,
    y: Array,
    labels: tuple[str, str],
    evaluate: Callable[[Array, Array], tuple[Array, Array, Array]],
    marks: tuple[tuple[float, float, str], ...] = (),
) -> Plane:
    a, b = np.meshgrid(x, y)
    value, by_x, by_y = evaluate(a, b)
    return Plane(x, y, labels, value, (-by_x, -by_y), marks)


def order(cls: type[Any], form: Form) -> Scene:
    """Of two scores, of which the second is 0."""
    x = np.linspace(-3, 3, POINTS)
    first = np.tile(x, (2, 1))
    given, truth = (first, np.zeros_like(first)), np.repeat([[1.0], [-1.0]], POINTS, axis=1)

    def along(label: str, loss: Any) -> Slice:
        grads, hesses = loss.grad_and_hess(truth, given)
        return Slice(label, loss(truth, given), grads[0], hesses[0])

    slices = [along(label, loss) for label, loss in losses(cls, form, reduction="none")]
    caption = "The gradient is that by the first score; that by the second is its opposite."
    return Scene("first score, less the second", x, slices, ("y = 1", "y = -1"), caption)


# Losses of angles and distances ---------------------------------------------------------------------------------------


def _turned(degrees: Any, length: float = 1.0) -> Array:
    radians = np.deg2rad(degrees)
    return length * np.stack([np.cos(radians), np.sin(radians)], axis=-1)


def _along_the_circle(grad: Array, degrees: Array) -> Array:
    """The part of gradients that turns their vectors."""
    return np.asarray((grad * _turned(degrees + 90)).sum(axis=-1))


def angle(cls: type[Any], form: Form) -> Scene:
    """Of a vector in the plane from another that lies along the x axis."""
    loss, degrees = cls(reduction="none"), np.linspace(-180, 180, POINTS)

    def at(x: Array) -> tuple[Array, Array]:
        value, grad = loss.value_and_grad(np.broadcast_to([1.0, 0.0], x.shape), x)
        return value, grad

    def along(length: float) -> Slice:
        value, grad = at(_turned(degrees, length))
        return Slice(f"length {length:g}", value[np.newaxis], _along_the_circle(grad, degrees)[np.newaxis])

    def evaluate(a: Array, b: Array) -> tuple[Array, Array, Array]:
        value, grad = at(np.stack([a, b], axis=-1))
        return value, grad[..., 0], grad[..., 1]

    side = np.linspace(-2, 2, 122)
    plane = _plane(side, side, ("first entry of y_pred", "second entry"), evaluate, ((1.0, 0.0, "y_true"),))
    caption = "The gradient is the part that turns a vector; there is no other."
    return Scene("angle from y_true [°]", degrees, [along(length) for length in (1.0, 2.0)], (), caption, plane)


def two_vectors(cls: type[Any], form: Form) -> Scene:
    """Against the angle between them, for both labels."""
    degrees = np.linspace(-180, 180, POINTS)
    first, second = _turned(degrees), np.broadcast_to([1.0, 0.0], (POINTS, 2))
    truths = (1.0, -1.0)

    def along(label: str, loss: Any) -> Slice:
        found = [loss.value_and_grad(np.full(POINTS, y), (first, second)) for y in truths]
        turning = [_along_the_circle(by_first, degrees) for _, (by_first, _) in found]
        return Slice(label, np.array([value for value, _ in found]), np.array(turning))

    slices = [along(label, loss) for label, loss in losses(cls, form, reduction="none")]
    caption = "The gradient is the part that turns the first vector, of length 1; there is no other."
    return Scene("angle between both [°]", degrees, slices, ("y = 1", "y = -1"), caption)


def triple(cls: type[Any], form: Form) -> Scene:
    """Over the place of the anchor, and along a line past the positive and the negative."""
    loss, x = cls(reduction="none"), np.linspace(-3, 3, POINTS)
    value, grads = _anchored(loss, x, np.full(POINTS, 0.5))
    along = Slice("default", value[np.newaxis], np.array([grad[:, 0] for grad in grads]))

    def evaluate(a: Array, b: Array) -> tuple[Array, Array, Array]:
        value, (grad, _, _) = _anchored(loss, a, b)
        return value, grad[..., 0], grad[..., 1]

    labels = ("anchor, first entry", "second entry")
    marks = ((*POSITIVE, "positive"), (*NEGATIVE, "negative"))
    plane = _plane(np.linspace(-3, 3, 121), np.linspace(-2, 2, 121), labels, evaluate, marks)
    lines = ("by the anchor", "by the positive", "by the negative")
    caption = (
        "Left over the place of the anchor; the gradients' first entries along a line where its second entry is 0.5."
    )
    return Scene(labels[0], x, [along], lines, caption, plane)


POSITIVE, NEGATIVE = (-1.0, 0.0), (1.0, 0.0)


def _anchored(loss: Any, x: Array, y: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    """Value and gradients for anchors at these places."""
    anchor = np.stack([x, y], axis=-1)
    others = (np.broadcast_to(place, anchor.shape) for place in (POSITIVE, NEGATIVE))
    value, grads = loss.value_and_grad(None, (anchor, *others))
    return value, grads


def embeddings(cls: type[Any], form: Form) -> Scene:
    """A batch on a circle, of which one embedding goes round."""
    degrees = np.linspace(-180, 180, POINTS)
    slices = [_round(label, loss, degrees) for label, loss in losses(cls, form, reduction="mean")]
    caption = (
        "Vectors of length 1. One goes round; what it belongs to lies at 0°, what it should differ from at 90° and 150°. "
        "The gradient is the part that turns it."
    )
    return Scene("angle [°]", degrees, slices, (), caption)


def _round(label: str, loss: Any, degrees: Array) -> Slice:
    """A query among its keys, or an embedding of label 0 beside another one and two of label 1."""
    others = _turned([0.0, 90.0, 150.0])
    found = []
    for moved in _turned(degrees):
        if loss.predictions:
            queries = np.vstack([moved, others[1:]])
            value, (grad, _) = loss.value_and_grad(None, (queries, others))
        else:
            value, grad = loss.value_and_grad([0, 0, 1, 1], np.vstack([moved, others]))
        found.append((value, grad[0]))
    grads = np.array([grad for _, grad in found])
    return Slice(label, np.array([[value for value, _ in found]]), _along_the_circle(grads, degrees)[np.newaxis])


# Totals ---------------------------------------------------------------------------------------------------------------


def two_residuals(cls: type[Any], form: Form) -> Scene:
    """Of a total of two elements: over both, and along one for several others."""
    loss: Any = cls()
    x, side = np.linspace(-3, 3, POINTS), np.linspace(-3, 3, 121)

    def along(other: float) -> Slice:
        found = [loss.value_and_grad([0.0, 0.0], [one, other]) for one in x]
        return Slice(f"$r_2$ = {other:g}", np.array([[v for v, _ in found]]), np.array([[g[0] for _, g in found]]))

    plane = _plane(side, side, ("$r_1$", "$r_2$"), _pairwise(loss, [0.0, 0.0]))
    caption = "Of two elements: left over both residuals, the gradient by the first for three values of the second."
    return Scene("$r_1$", x, [along(other) for other in (0.0, 0.5, 2.0)], (), caption, plane)


def _pairwise(loss: Any, truth: Sequence[float]) -> Callable[[Array, Array], tuple[Array, Array, Array]]:
    """A total of two elements, over a grid of predictions for both."""

    def evaluate(a: Array, b: Array) -> tuple[Array, Array, Array]:
        found = [loss.value_and_grad(truth, [one, other]) for one, other in zip(a.flat, b.flat, strict=True)]
        columns = np.array([(value, *grad) for value, grad in found]).T
        value, by_first, by_second = (column.reshape(a.shape) for column in columns)
        return value, by_first, by_second

    return evaluate


def two_scores(cls: type[Any], form: Form) -> Scene:
    """Of an element in the mask and one outside: over the scores of both, and along the first."""
    loss: Any = cls(**form.given)
    x, side = np.linspace(-3, 3, POINTS), np.linspace(-3, 3, 121)
    found = [loss.value_and_grad([1, -1], [one, 0.0]) for one in x]
    along = Slice("default", np.array([[value for value, _ in found]]), np.array([grad for _, grad in found]).T)
    labels = ("score inside the mask", "score outside")
    plane = _plane(side, side, labels, _pairwise(loss, [1.0, -1.0]))
    caption = "Of two elements, one in the mask and one outside: left over both scores, the gradient where the one outside is 0."
    return Scene(labels[0], x, [along], ("by the score inside", "by the score outside"), caption, plane)


PIXELS, WIDTH = np.arange(240.0), 80.0
TRUTH = (np.abs(PIXELS - 119.5) < WIDTH / 2).astype(float)


def _mask(shift: float = 0, surplus: float = 0) -> Array:
    """With edges a few pixels wide."""
    outside = np.abs(PIXELS - 119.5 - shift) - (WIDTH + surplus) / 2
    return np.asarray(1 / (1 + np.exp(outside / 4)))


def _masks(
    cls: type[Any], form: Form, axis: str, x: Array, masks: Sequence[Array], shown: Array, caption: str
) -> Scene:
    """The value of many masks, and the gradient by each pixel of one."""
    slices = [
        Slice(label, np.array([[loss(TRUTH, mask) for mask in masks]]), loss.grad(TRUTH, shown)[np.newaxis])
        for label, loss in losses(cls, form)
    ]
    return Scene(axis, x, slices, (), caption, masks=(TRUTH, shown))


def shifted_masks(cls: type[Any], form: Form) -> Scene:
    x = np.arange(-120.0, 121.0)
    caption = "A sharp mask of 80 pixels, and a soft one that is shifted along it. The gradient is that by each pixel for a shift by 30."
    return _masks(cls, form, "shift [pixels]", x, [_mask(shift=shift) for shift in x], _mask(shift=30), caption)


def wider_masks(cls: type[Any], form: Form) -> Scene:
    """Where what is added and what is left out have prices of their own."""
    x = np.arange(-80.0, 121.0)
    caption = "A sharp mask of 80 pixels, and a soft one that is wider or narrower. The gradient is that by each pixel for 40 too many."
    masks = [_mask(surplus=surplus) for surplus in x]
    return _masks(cls, form, "pixels too many", x, masks, _mask(surplus=40), caption)


SCENES: dict[str, Callable[[type[Any], Form], Scene]] = {
    "kl_divergence": divergence,
    "generalized_kl": divergence,
    "js_divergence": divergence,
    "total_variation": divergence,
    "multi_quantile": quantiles,
    "multilabel_margin": label_lists,
    "gaussian_nll": spreads,
    "laplace_nll": spreads,
    "crps_normal": spreads,
    "margin_ranking": order,
    "cosine_distance": angle,
    "cosine_embedding": two_vectors,
    "triplet": triple,
    "rmse": two_residuals,
    "tversky": wider_masks,
}
BY_FAMILY = {
    "elementwise": elements,
    "rowwise": classes,
    "contrastive": embeddings,
    "sorted": two_scores,
    "total": shifted_masks,
}


def scene(cls: type[Loss], form: Form) -> Scene:
    """Of any loss; one of several predictions must be named above, others fall under the scene of their kind."""
    return (SCENES.get(cls.name) or BY_FAMILY[cls.family])(cls, form)
