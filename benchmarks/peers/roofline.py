"""roofline.png: how near the memory's and the processor's limits the losses run on data that fill no cache.

Across, the instructions that pyloss executes for a byte; up, the bytes a second of pyloss and of the fastest other library. The memory's
roof is the floor that was measured beside them, the processor's the highest rate of instructions that pyloss reached in any cell. Where
those of an ISA level cannot be counted, the work of a loss is told in the instructions of the level below.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from report import FAINT, INK, by

from peers.instructions import Counts, counted_for, counts_of
from peers.results import Row

LARGE = 10_000_000
CALL, DTYPE = "value_and_grad", "float32"
OURS, THEIRS, ROOF = "#1f5fbf", "#9aa4b2", "#c8452d"
HALO = [withStroke(linewidth=3, foreground="white")]
NAMES = {
    "sparse_cce_from_logits": "softmax CE",
    "bce_from_logits": "BCE from logits",
    "binary_focal_from_logits": "focal",
    "kl_divergence": "KL",
    "poisson_nll": "Poisson",
    "log_cosh": "log-cosh",
}
OFFSETS = sorted(
    ((x, y) for x in (8, -8, 30, -30) for y in range(-90, 91, 6)), key=lambda at: at[1] ** 2 + at[0] ** 2 / 2
)
"""Where a label may stand beside its mark, in points, the nearest first."""


def draw(rows: list[Row], about: str, path: Path) -> bool:
    """A panel for each number of threads, at the highest ISA level; nothing without large cells."""
    level = max(row.level for row in rows)
    counted = counted_for(level)
    counts = counts_of(counted)
    alike = [
        row for row in rows if row.level == level and (row.call, row.dtype) == (CALL, DTYPE) and intensity(row, counts)
    ]
    panels = by(sorted(alike, key=lambda row: row.threads), lambda row: row.threads)
    panels = {threads: group for threads, group in panels.items() if any(row.elements == LARGE for row in group)}
    if not panels:
        return False
    large = [row for group in panels.values() for row in group if row.elements == LARGE]
    slowest = min(row.bytes / max(row.pyloss, row.peers[row.best]) for row in large) / 1e9
    heights = 0.5 * slowest, 2 * max(row.bytes / row.floor for row in large) / 1e9
    figure, axes = plt.subplots(
        1, len(panels), figsize=(8 * len(panels), 6.4), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axis, (threads, group) in zip(axes.flat, panels.items(), strict=True):
        draw_panel(axis, group, counts, heights)
        axis.set_title(f"{threads} thread{'s' * (threads > 1)}", loc="left", fontsize=11, fontweight="bold", color=INK)
        axis.set_xlabel(f"instructions of pyloss ({counted}) per byte moved", color=INK)
    axes[0, 0].set_ylabel("GB moved per second", color=INK)
    figure.suptitle(
        f"{CALL} into out=, {DTYPE}, {LARGE:,} elements, {level}\n{about}", x=0.01, ha="left", fontsize=10, color=INK
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return True


def intensity(row: Row, counts: Counts) -> float:
    """Instructions per byte; 0 where they were not counted. An element costs the same whatever the size."""
    count = counts.get((row.form, row.call, row.dtype, row.size.partition("x")[2]))
    return count.instructions / count.bytes if count else 0


def draw_panel(axis: Any, rows: list[Row], counts: Counts, heights: tuple[float, float]) -> None:
    large = [row for row in rows if row.elements == LARGE]
    x = [intensity(row, counts) for row in large]
    ours, theirs = (
        [row.bytes / seconds(row) / 1e9 for row in large]
        for seconds in (lambda row: row.pyloss, lambda row: row.peers[row.best])
    )
    memory = max(row.bytes / row.floor for row in large) / 1e9
    processor = max(intensity(row, counts) * row.bytes / row.pyloss for row in rows) / 1e9
    across = np.geomspace(0.6 * min(x), 2 * max(x), 200)
    axis.plot(across, np.minimum(memory, processor / across), color=ROOF, linewidth=1.4, zorder=1)
    axis.vlines(x, np.minimum(ours, theirs), np.maximum(ours, theirs), color=FAINT, linewidth=1, zorder=1)
    axis.scatter(
        x, theirs, s=36, facecolor="none", edgecolor=THEIRS, linewidth=1.4, zorder=2, label="the fastest other library"
    )
    axis.scatter(x, ours, s=48, color=OURS, edgecolor="white", linewidth=0.6, zorder=3, label="pyloss")
    axis.set(xscale="log", yscale="log", xlim=across[[0, -1]], ylim=heights)
    for number in (axis.xaxis, axis.yaxis):
        number.set_major_formatter(lambda value, _: f"{value:g}")
        number.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axis.grid(color=FAINT, linewidth=0.6, zorder=0)
    axis.tick_params(which="both", length=0, colors=INK, labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower left", frameon=False, fontsize=9)
    roofs = f"roofs: memory, {memory:.3g} GB/s; processor, {processor:.3g} billion of these instructions/s"
    axis.text(0.99, 0.985, roofs, transform=axis.transAxes, ha="right", va="top", fontsize=9, color=ROOF)
    labels = [(NAMES.get(row.form, row.form), *at) for row, *at in zip(large, x, ours, strict=True)]
    write_labels(axis, labels, zip(x + x, ours + theirs, strict=True))


def write_labels(axis: Any, labels: list[tuple[str, float, float]], marks: Iterable[tuple[float, float]]) -> None:
    """Each at the nearest place where it covers no mark and no other label."""
    axis.figure.draw_without_rendering()
    inside, taken, written = axis.get_window_extent(), [axis.transData.transform(mark) for mark in marks], []
    for name, x, y in sorted(labels, key=lambda label: label[1:]):
        for across, up in OFFSETS:
            far = abs(up) > 12 or abs(across) > 8
            text = axis.annotate(
                name, (x, y), (across, up), textcoords="offset points", ha="left" if across > 0 else "right", va="center",
                fontsize=9, color=INK, path_effects=HALO,
                arrowprops={"arrowstyle": "-", "color": FAINT, "shrinkA": 1, "shrinkB": 3} if far else None,
            )  # fmt: skip
            text.update_positions(axis.figure.canvas.get_renderer())
            box = Text.get_window_extent(text)  # without the arrow
            free = not any(map(box.overlaps, written)) and not any(box.padded(5).contains(*mark) for mark in taken)
            if free and inside.contains(*box.min) and inside.contains(*box.max):
                written.append(box)
                break
            text.remove()
