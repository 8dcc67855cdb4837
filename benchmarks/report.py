"""What the benchmarks found: a table on the terminal, table.md for the README and the chart speed.png.

python benchmarks/report.py RESULTS.json --out FOLDER
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy_best import TWINS

FLOOR_COUNTS = 100_000
"""Elements from which on moving the bytes takes longer than a call."""

INK, FAINT, SLOWER = "#22272e", "#d5dae1", "#c8452d"
MARKERS = "osD^vPX"
TEXTBOOK = "(textbook)"
"""Behind a loss that has no twin: what it is timed against."""


class Row(NamedTuple):
    """One loss, call, dtype and size: median seconds of pyloss, of its NumPy twin, and of moving the bytes alone."""

    form: str
    call: str
    dtype: str
    size: str
    elements: int
    pyloss: float
    numpy: float
    floor: float

    @property
    def speed(self) -> float:
        """How many times as fast as NumPy."""
        return self.numpy / self.pyloss

    @property
    def over_floor(self) -> float:
        return self.pyloss / self.floor


def read_rows(results: dict[str, Any]) -> list[Row]:
    """One row for each pair of cells, in the order in which they ran; first those with a twin."""
    cells: dict[tuple[Any, ...], dict[str, float]] = {}
    for benchmark in results["benchmarks"]:
        info = benchmark["extra_info"]
        cell = cells.setdefault(tuple(info[name] for name in Row._fields[:5]), {"floor": info["floor_seconds"]})
        cell[info["side"]] = benchmark["stats"]["median"]
    rows = [
        Row(named(form), *key, **cell) for (form, *key), cell in cells.items() if {"pyloss", "numpy"} <= cell.keys()
    ]
    return sorted(rows, key=lambda row: TEXTBOOK in row.form)


def named(form: str) -> str:
    return form if form in TWINS else f"{form} {TEXTBOOK}"


def conditions(results: dict[str, Any]) -> str:
    info = results["benchmarks"][0]["extra_info"]
    cpu = results["machine_info"].get("cpu", {}).get("brand_raw", "unknown processor")
    threads = "1 thread" if info["threads"] == 1 else f"{info['threads']} threads (the floor: 1)"
    return f"{cpu}, ISA level {info['isa']}, {threads}, NumPy {info['numpy']}, gradients into a reused out=, medians"


def time_of(seconds: float) -> str:
    for unit, scale in (("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def times(ratio: float) -> str:
    return f"{ratio:.{0 if ratio >= 9.95 else 1 if ratio >= 0.995 else 2}f}x"


HEADER = ("loss", "call", "dtype", "size", "pyloss", "NumPy", "speed", "floor", "over floor")


def cells(row: Row) -> tuple[str, ...]:
    return (
        row.form, row.call, row.dtype, row.size, time_of(row.pyloss), time_of(row.numpy), times(row.speed),
        time_of(row.floor), times(row.over_floor),
    )  # fmt: skip


def print_table(rows: list[Row], title: str) -> None:
    show(title, HEADER, [(cells(row), row.speed < 1) for row in rows])


def show(title: str, header: Iterable[str], lines: list[tuple[Iterable[str], bool]], left: int = 3) -> None:
    """With rich if it is there, and then some lines in red. The first `left` columns are words."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        texts = [tuple(header), *(tuple(line) for line, _ in lines)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        print(title)
        for line in texts:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number < left else "right", no_wrap=True)
    for line, is_red in lines:
        table.add_row(*line, style="red" if is_red else None)
    Console(width=None if Console().is_terminal else 170).print(table)


def markdown(rows: list[Row], about: str) -> str:
    """For each dtype and call a table of speeds, a line for each loss; then the other shapes, and what loses."""
    against = (
        f"Times as fast as NumPy at its best, where it says {TEXTBOOK} as the oracle, which works out the Hessian too"
    )
    parts = [f"{against}; in brackets, times as long as moving the bytes alone. {about}."]
    for (dtype, call), group in by(rows, lambda row: (row.dtype, row.call)).items():
        parts += [f"**{call}, {dtype}**", speeds(group)]
    _, others = split(rows)
    if others:
        parts += ["**Other shapes**", grid(HEADER, map(cells, others))]
    parts += ["**Slower than NumPy**", grid(HEADER, map(cells, losing(rows))) if losing(rows) else "None."]
    return "\n\n".join(parts) + "\n"


def speeds(rows: list[Row]) -> str:
    regular, _ = split(rows)
    columns = sorted({row.elements for row in regular})
    lines = []
    for form, group in by(regular, lambda row: row.form).items():
        at = {row.elements: row for row in group}
        lines.append([f"`{form}`", *(speed_cell(at[column]) if column in at else "" for column in columns)])
    return grid(["loss", *(f"{column:,}" for column in columns)], lines)


def speed_cell(row: Row) -> str:
    text = f"{times(row.speed)} ({times(row.over_floor)})" if row.elements >= FLOOR_COUNTS else times(row.speed)
    return f"**{text}**" if row.speed < 1 else text


def split(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """One row for each loss and each number of elements that many losses were timed with; and the other rows."""
    forms = by(rows, lambda row: row.form).values()
    counts = Counter(elements for group in forms for elements in {row.elements for row in group})
    regular = {(*row[:3], row.elements): row for row in reversed(rows) if 8 * counts[row.elements] > len(forms)}
    chosen = set(regular.values())
    return [row for row in rows if row in chosen], [row for row in rows if row not in chosen]


def losing(rows: list[Row]) -> list[Row]:
    return sorted((row for row in rows if row.speed < 1), key=lambda row: row.speed)


def by(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Groups, in the order in which they first occur."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def grid(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    header = list(header)
    ruler = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ruler, *lines))


def draw(rows: list[Row], about: str, path: Path) -> None:
    """A panel for each dtype and call, a line for each loss, a mark for each size."""
    panels = list(by(rows, lambda row: (row.dtype, row.call)).items())
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    forms = list(dict.fromkeys(row.form for row in rows))
    size = 7.2 * across, (0.34 * len(forms) + 1.2) * down + 1
    figure, axes = plt.subplots(
        down, across, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axis, ((dtype, call), group) in zip(axes.flat, panels, strict=False):
        draw_panel(axis, group, forms)
        axis.set_title(f"{call}, {dtype}", loc="left", fontsize=11, fontweight="bold", color=INK)
    show_ratios(axes[0, 0], [ratio for row in rows for ratio in (row.speed, row.numpy / row.floor)])
    for axis in axes[-1]:
        axis.set_xlabel("times as fast as NumPy at its best, or as the textbook (log scale)", color=INK)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=10)
    figure.suptitle(f"pyloss against NumPy\n{about}", x=0.01, ha="left", fontsize=12, color=INK)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_panel(axis: Any, rows: list[Row], forms: list[str]) -> None:
    regular, others = split(rows)
    sizes = by(sorted(regular, key=lambda row: row.elements), lambda row: row.elements)
    shades = plt.get_cmap("viridis_r")

    def speed(row: Row) -> float:
        return row.speed

    def scatter(rows: list[Row], ratio: Callable[[Row], float], **style: Any) -> None:
        axis.scatter([ratio(row) for row in rows], [forms.index(row.form) for row in rows], **style)

    axis.axvline(1, color=SLOWER, linewidth=1.2, zorder=1)
    axis.axvspan(1e-3, 1, color=SLOWER, alpha=0.06, linewidth=0, zorder=0)
    for number, (size, group) in enumerate(sizes.items()):
        look = {"marker": MARKERS[number % len(MARKERS)], "color": shades(0.2 + 0.8 * number / len(sizes))}
        scatter(group, speed, s=38, zorder=3, edgecolor="white", linewidth=0.6, label=f"{size:,} elements", **look)
    scatter(others, speed, s=34, zorder=3, facecolor="none", edgecolor=INK, label="other shapes")
    label = f"memory floor at {max(sizes):,}"
    scatter(sizes[max(sizes)], lambda row: row.numpy / row.floor, s=130, zorder=2, marker="|", color=INK, label=label)
    axis.set_yticks(range(len(forms)), forms, fontsize=9)
    axis.set_ylim(len(forms) - 0.4, -0.6)
    axis.grid(color=FAINT, linewidth=0.7, zorder=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(length=0, colors=INK)


def show_ratios(axis: Any, ratios: list[float]) -> None:
    """A logarithmic axis, shared by all panels, on which every ratio has its place."""
    low, high = min(0.8, 0.8 * min(ratios)), 1.25 * max(ratios)
    ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low < tick < high]
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}x"))
    axis.xaxis.set_minor_locator(NullLocator())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="what pytest-benchmark wrote (--benchmark-json)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for table.md and speed.png")
    options = parser.parse_args(arguments)
    results = json.loads(options.results.read_text())
    rows, about = read_rows(results), conditions(results)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "table.md").write_text(markdown(rows, about))
    draw(rows, about, options.out / "speed.png")
    print_table(sorted(rows, key=lambda row: row.speed), "Slowest against NumPy first")
    print(f"{about}\n{len(losing(rows))} of {len(rows)} rows are slower than NumPy")
    print(f"wrote {options.out / 'table.md'} and {options.out / 'speed.png'}")


if __name__ == "__main__":
    main()
