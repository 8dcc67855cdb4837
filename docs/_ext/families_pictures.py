"""The pictures of the losses: value, gradient and Hessian side by side, drawn by pyloss itself in the style of the demo."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from families_formulas import Form
from families_slices import Array, Plane, Scene
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator

from pyloss.cli.style import BLUES, FAINT, INK, PALETTE, PAPER, STYLE, panels

SIZE, DPI = (9.2, 2.8), 170
DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
WIDTHS = (2.8, 2.0, 1.4, 1.0, 1.0)
"""Where curves coincide, those below can still be seen."""
TITLES = ("value", "gradient", "Hessian (diagonal)")
ARROWS = 12
"""Along each axis of a plane."""


@mpl.rc_context({**STYLE, "legend.fontsize": 8, "font.size": 9, "axes.titlesize": 10})
def draw(shown: Scene, form: Form) -> Figure:
    figure, [[value, grad, hess]] = panels(1, 3, SIZE, "")
    for panel, title in zip((value, grad, hess), TITLES, strict=True):
        panel.set_title(title)
    if shown.plane:
        _draw_plane(value, shown.plane)
    else:
        _draw_lines(value, shown, "value")
    _draw_lines(grad, shown, "grad")
    words = _without_hessian(shown, form)
    if words:
        _say(hess, words)
    else:
        _draw_lines(hess, shown, "hess")
    _explain(shown, (hess, hess) if words else (grad, hess) if shown.plane else (value, grad))
    return figure


def _without_hessian(shown: Scene, form: Form) -> str:
    if form.no_hess:
        return f"There is none:\n{form.no_hess}."
    curves = np.concatenate([one.hess.ravel() for one in shown.slices if one.hess is not None])
    return "" if curves.any() else "0 everywhere."


def _draw_lines(panel: Axes, shown: Scene, quantity: str) -> None:
    curves = [getattr(one, quantity) for one in shown.slices]
    for one, shade, width in zip(curves, PALETTE, _widths(shown), strict=False):
        for curve, dashes in zip(one, DASHES, strict=False):
            x = shown.x if len(curve) == len(shown.x) else np.arange(len(curve))
            panel.plot(x, _broken(curve), color=shade, linestyle=dashes, linewidth=width)
    panel.set(xlabel=shown.axis, ylim=_limits(curves))
    if shown.axis.endswith("[°]"):
        panel.xaxis.set_major_locator(MultipleLocator(90))
    if shown.masks and quantity == "grad":
        _draw_masks(panel, *shown.masks)


def _widths(shown: Scene) -> tuple[float, ...]:
    return WIDTHS if len(shown.slices) > 1 else (1.8,)


def _broken(curve: Array) -> Array:
    """A jump is no slope: the line has a gap there."""
    steps = np.abs(np.diff(curve, prepend=curve[0], append=curve[-1]))
    before, after = np.roll(steps, 1), np.roll(steps, -1)
    jumps = (steps > 0.03 * np.ptp(curve)) & (steps > 5 * before) & (steps > 5 * after)
    return np.where(jumps[:-1], np.nan, curve)


def _limits(curves: Sequence[Array]) -> tuple[float, float]:
    """All that there is, from 0 on if it is constant; of curves that run to infinity little more than 90 %."""
    pooled = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    if np.ptp(pooled) == 0:
        pooled = np.append(pooled, 0)
    low, high = np.percentile(pooled, [5, 95])
    most = high - low or np.ptp(pooled)
    bottom = pooled.min() if low - pooled.min() <= most else low - 0.4 * most
    top = pooled.max() if pooled.max() - high <= most else high + 0.4 * most
    return bottom - 0.07 * most, top + 0.07 * most


def _draw_plane(panel: Axes, plane: Plane) -> None:
    """As many points between two levels as between any others; arrows that differ less in length than the gradients do."""
    levels = np.unique(np.quantile(plane.value, np.linspace(0, 1, 16)))
    panel.contourf(plane.x, plane.y, plane.value, levels=levels, cmap=BLUES, norm=BoundaryNorm(levels, BLUES.N))
    some = slice(len(plane.x) // ARROWS // 2, None, len(plane.x) // ARROWS)
    dx, dy = (part[some, some] for part in plane.downhill)
    length = np.hypot(dx, dy)
    shrunk = np.divide((length / length.max()) ** 0.3, length, out=np.zeros_like(length), where=length > 0)
    panel.quiver(
        *(plane.x[some], plane.y[some], shrunk * dx, shrunk * dy), color=INK, scale=16, width=0.005, pivot="mid"
    )
    for across, up, name in plane.marks:
        panel.plot(across, up, "o", color=INK, markeredgecolor=PAPER)
        halo = [withStroke(linewidth=2.5, foreground=PAPER)]
        panel.annotate(
            name, (across, up), (0, 7), textcoords="offset points", ha="center", fontsize=8, path_effects=halo
        )
    panel.set(xlabel=plane.labels[0], ylabel=plane.labels[1], xlim=plane.x[[0, -1]], ylim=plane.y[[0, -1]])
    panel.set_title("value, and the way down")
    panel.grid(visible=False)


def _draw_masks(panel: Axes, truth: Array, prediction: Array) -> None:
    """Behind the gradient that belongs to them."""
    panel.set_xlabel("pixel")
    behind = panel.twinx()
    behind.set(ylim=(0, 1.1), yticks=[])
    behind.spines[:].set_visible(False)
    behind.grid(visible=False)
    behind.fill_between(np.arange(len(truth)), truth, color=FAINT, alpha=0.3, linewidth=0, label="y_true")
    behind.plot(prediction, color=FAINT, linestyle=DASHES[1], linewidth=1.5, label="y_pred")
    behind.legend(loc="lower right", frameon=True, facecolor=PAPER, edgecolor=PAPER, borderpad=0.2)


def _say(panel: Axes, words: str) -> None:
    panel.text(0.5, 0.8, words, transform=panel.transAxes, ha="center", va="center", color=INK)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)


def _explain(shown: Scene, places: tuple[Axes, Axes]) -> None:
    """Which colour is which parameter, and which dashes are which line; in one legend where both have one place."""
    pairs = zip(shown.slices, PALETTE, _widths(shown), strict=False)
    colours = [Line2D([], [], color=shade, linewidth=width, label=one.label) for one, shade, width in pairs]
    dashes = [
        Line2D([], [], color=INK, linestyle=style, label=line) for line, style in zip(shown.lines, DASHES, strict=False)
    ]
    colours = colours if len(colours) > 1 else []
    if places[0] is places[1] and (colours or dashes):
        places[0].legend(handles=colours + dashes, loc="lower center")
        return
    for place, handles in zip(places, (colours, dashes), strict=True):
        if handles:
            place.legend(handles=handles)
