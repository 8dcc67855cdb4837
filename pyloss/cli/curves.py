"""The picture of `pyloss plot`."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .shapes import Array, Shape
from .style import INK, STYLE, colours, panels
from .style import save as save

DASHES = ("-", (0, (4, 2)))
QUANTITIES = {"value": "loss", "grad": "d loss / d y_pred", "hess": "d² loss / d y_pred²"}


@mpl.rc_context(STYLE)
def draw_shapes(shapes: Sequence[Shape]) -> Figure:
    """Value, gradient and Hessian side by side; losses of the same axis share a row, the fullest first."""
    rows = {shape.axis: [other for other in shapes if other.axis == shape.axis] for shape in shapes}
    colour = colours(shape.label for shape in shapes)
    figure, grid = panels(len(rows), 3, (13, 0.6 + 3.3 * len(rows)), "Losses, element by element")
    for (axis, members), line in zip(sorted(rows.items(), key=lambda row: -len(row[1])), grid, strict=True):
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
