"""How the pictures look: one set of fonts and colours."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

PALETTE = ("#d1495b", "#2878b5", "#2a9d6f", "#e8963c", "#7b5ea7", "#46b4c4", "#b0578d", "#8a7a5c", "#5c6b7a", "#a3b341")
INK, FAINT, PAPER, POINTS, OUTLIER = "#22313f", "#aab4bd", "#ffffff", "#7d8b99", "#e8963c"
BLUES = LinearSegmentedColormap.from_list("paper to blue", [PAPER, "#9cc3e0", "#2878b5", "#12426b"])
DIVERGING = LinearSegmentedColormap.from_list("red to blue", ["#d1495b", PAPER, "#2878b5"])
STYLE: Any = {
    "figure.facecolor": PAPER,
    "figure.dpi": 130,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelpad": 6,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6eaed",
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.titlesize": 14,
    "figure.titleweight": "bold",
}


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in the order in which they first appear."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(names))}


def titled(size: tuple[float, float], title: str) -> Figure:
    """An empty figure; without pyplot, so that no window system is asked for."""
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def panels(
    rows: int, columns: int, size: tuple[float, float], title: str, **options: Any
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with a grid of axes."""
    figure = titled(size, title)
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, [list(row) for row in grid]


def tiles(count: int, size: tuple[float, float], title: str, **options: Any) -> tuple[Figure, list[Axes]]:
    """So many axes of a size, in rows of six; those above an empty place have the numbers that stand at the bottom of the others."""
    columns = min(count, 6)
    rows = -(-count // columns)
    figure, grid = panels(rows, columns, (size[0] * columns + 0.6, size[1] * rows + 0.7), title, **options)
    every = [axes for row in grid for axes in row]
    for axes in every[count:]:
        axes.set_visible(False)
    for axes in every[count - columns : count]:
        axes.tick_params(labelbottom=True)
    return figure, every[:count]


def label_bars(axes: Axes, template: str) -> None:
    """The number at the end of each bar, and room for it."""
    containers: Any = axes.containers
    for bars in containers:
        axes.bar_label(bars, fmt=template, padding=4, color=INK, fontsize=9)
    axes.margins(x=0.18)


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
