"""`python -m accuracy`: measure, write what improved to the records, and fail where something got worse."""

import argparse
import sys
from collections.abc import Collection
from itertools import groupby
from multiprocessing import get_context

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from accuracy import functions, losses, record
from accuracy.page import PAGE, page
from pyloss import LOSSES
from pyloss._runtime import available_levels

console = Console()


def progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def entries(found: dict[str, functions.Worst]) -> record.Tree:
    return {
        level: {"ulp": record.printed(worst.ulp), "at": worst.at.hex(), "count": worst.count}
        for level, worst in found.items()
    }


def measure_functions(names: tuple[str, ...], levels: tuple[str, ...], processes: int) -> list[str]:
    """Each is written when it is done, so that what was interrupted goes on with the next."""
    complaints = []
    table = Table("function", "precision", "level", "numbers", "ULP", "at")

    def note(name: str, precision: str, found: dict[str, functions.Worst]) -> None:
        complaints.extend(record.update(record.FUNCTIONS, {name: {precision: entries(found)}}))
        for level, worst in found.items():
            table.add_row(name, precision, level, f"{worst.count:,}", f"{worst.ulp:.3f}", f"{worst.at!r}")

    with progress() as bar:
        task = bar.add_task("", total=len(names) * functions.PATTERNS)
        for name, done, found in functions.every_float(names, levels, processes):
            worst = max(x.ulp for x in found.values())
            bar.update(task, advance=functions.TASK, description=f"{name}: {worst:.3f} ULP")
            if done == functions.PATTERNS:
                note(name, "float32", found)
        if functions.has_extended():
            for name in names:
                bar.update(task, description=f"{name} of doubles")
                note(name, "float64", functions.of_random_doubles(name, levels))
    console.print(table)
    return complaints


def measure_losses(stems: Collection[str], levels: tuple[str, ...], processes: int) -> list[str]:
    """Each is written when all its forms are done."""
    complaints = []
    with progress() as bar, get_context("spawn").Pool(processes) as pool:
        task = bar.add_task("losses", total=losses.count_of_tasks(stems))
        for stem, forms in groupby(pool.imap(losses.of_form, losses.tasks(stems, levels)), lambda one: one.stem):
            found: dict[tuple[str, str], losses.Figures] = {}
            for one in forms:
                bar.update(task, advance=1, description=stem)
                complaints += one.complaints
                for level in levels:
                    key = one.precision, level
                    found[key] = losses.worst(found.get(key, {}), one.figures[level])
            for (precision, level), figures in found.items():
                entry = {
                    place: worst._asdict() | {"ulp": record.printed(worst.ulp)} for place, worst in figures.items()
                }
                complaints += record.update(record.LOSSES, {stem: {precision: {level: entry}}})
    return complaints


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m accuracy", description=__doc__)
    parser.add_argument("--functions", nargs="*", metavar="NAME", choices=functions.NAMES, default=functions.NAMES)
    parser.add_argument("--losses", nargs="*", metavar="STEM", choices=LOSSES, default=list(LOSSES))
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    levels = available_levels()
    complaints = measure_losses(given.losses, levels, given.processes) if given.losses else []
    if given.functions:
        complaints += measure_functions(tuple(given.functions), levels, given.processes)
    PAGE.write_text(page(), "utf-8")
    for complaint in complaints:
        console.print(f"worse: {complaint}", style="red", soft_wrap=True)
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
