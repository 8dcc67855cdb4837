"""The picture of `pyloss plot`."""

from collections.abc import Iterator, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .shapes import Array, Axis, Shape
from .style import INK, STYLE, colours, panels
from .style import save as save

MOST_IN_A_ROW = 8
DASHES = ("-", (0, (4, 2)))
QUANTITIES = {"value": "loss", "grad": "d loss / d y_pred", "hess": "d² loss / d y_pred²"}


@mpl.rc_context(STYLE)
def draw_shapes(shapes: Sequence[Shape]) -> Figure:
    """Value, gradient and Hessian side by side; a row for a few losses of the same axis."""
    rows = [few for axis in dict.fromkeys(shape.axis for shape in shapes) for few in _few_of(axis, shapes)]
    figure, grid = panels(len(rows), 3, (13, 0.6 + 3.3 * len(rows)), "Losses, element by element")
    for members, line in zip(rows, grid, strict=True):
        axis, colour = members[0].axis, colours(shape.label for shape in members)
        for panel, name in zip(line, QUANTITIES, strict=True):
            for shape in members:
                _draw_curves(panel, shape, getattr(shape, name), colour[shape.label])
            panel.set(xlabel=axis.label, ylabel=QUANTITIES[name])
            if axis.cut:
                panel.set_ylim(*_limits([getattr(shape, name) for shape in members]))
        _label_truths(line[-1], members)
        line[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    for panel, title in zip(grid[0], ("value", "gradient", "Hessian (diagonal)"), strict=True):
        panel.set_title(title)
    return figure


def _few_of(axis: Axis, shapes: Sequence[Shape]) -> Iterator[Sequence[Shape]]:
    """No more than can be told apart, and as many in each row."""
    members = [shape for shape in shapes if shape.axis == axis]
    rows = -(-len(members) // MOST_IN_A_ROW)
    return (members[len(members) * i // rows : len(members) * (i + 1) // rows] for i in range(rows))


def _draw_curves(panel: Axes, shape: Shape, curves: Array, colour: str) -> None:
    for i, curve in enumerate(curves[::-1]):
        panel.plot(shape.x, curve, color=colour, linestyle=DASHES[i], label=shape.label if i == 0 else None)


def _label_truths(panel: Axes, shapes: Sequence[Shape]) -> None:
    """Which curve belongs to which truth, where there are two."""
    pairs = [shape.truths[::-1] for shape in shapes if len(shape.truths) > 1]
    for truths, dashes in zip(zip(*pairs, strict=True), DASHES, strict=False):
        names = " or ".join(dict.fromkeys(f"{truth:g}" for truth in truths))
        panel.plot([], [], color=INK, linestyle=dashes, linewidth=1.2, label=f"y_true = {names}")


def _limits(curves: Sequence[Array]) -> tuple[float, float]:
    """Without the steepest tenth at either end of curves that run to infinity."""
    pooled = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    low, high = np.percentile(pooled, [10, 90])
    margin = 0.5 * (high - low) or 1.0
    return max(low - margin, pooled.min() - 0.05 * margin), high + margin
