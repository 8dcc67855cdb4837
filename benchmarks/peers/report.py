"""What `python -m peers` found: a table on the terminal, the worst cells first, table.md for the README, and roofline.png.

python -m peers.report --out FOLDER
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from report import by, grid, show, time_of, times

from peers import layer, roofline
from peers.cells import CALLS, SOFTMAX
from peers.results import Record, Row, compared, geometric_mean, of_one_run, read_records

HEADER = "loss", "call", "dtype", "size", "threads", "level", "pyloss", "best peer", "", "speed", "floor", "over floor"
NAMES = {
    "value_and_grad": "value_and_grad into `out`",
    "value_and_grad_fresh": "value_and_grad into new arrays",
}


def cells(row: Row) -> tuple[str, ...]:
    return (
        row.form, row.call, row.dtype, row.size, str(row.threads), row.level, time_of(row.pyloss),
        row.best, time_of(row.peers[row.best]), times(row.speed), time_of(row.floor), times(row.over_floor),
    )  # fmt: skip


def summary(rows: list[Row]) -> list[str]:
    """For each level and number of threads, and for all."""
    groups = by(rows, lambda row: f"{row.level}, {threads_of(row.threads)}")
    lines = [verdict(name, group) for name, group in groups.items()] + [verdict("all", rows)] * (len(groups) > 1)
    winners = Counter(row.best for row in rows if row.speed < 1).most_common()
    if winners:
        lines.append(f"faster than pyloss: {', '.join(f'{name} in {count}' for name, count in winners)}")
    return lines


def verdict(name: str, rows: list[Row]) -> str:
    lost = sum(row.speed < 1 for row in rows)
    return f"{name}: a peer is faster in {lost} of {len(rows)} cells; geometric mean {geometric_mean(rows):.2f}x the best peer"


def threads_of(threads: int) -> str:
    return f"{threads} thread{'s' * (threads > 1)}"


def complaints(records: list[Record]) -> list[str]:
    """Who failed where."""
    failed = by(
        ((name, why, record["name"]) for record in records for name, why in record["failures"].items()),
        lambda told: told[:2],
    )
    return [
        f"{name} failed in {len(group)} cells, such as {group[0][2]}: {why}" for (name, why), group in failed.items()
    ]


def left_out(count: int) -> list[str]:
    return [f"{count} cells of another build, machine or version are left out"] * (count > 0)


def conditions(record: Record) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return f"{record['processor']}; {versions}; medians of calls that take turns"


def markdown(rows: list[Row], about: str) -> str:
    """For each level, number of threads, dtype and call a line for each loss; the softmax losses, which have other sizes, by themselves."""
    parts = [
        "Times as fast as the fastest of the other libraries; in brackets, times as long as moving the bytes alone. "
        f"**Bold**: another library is faster. {about}.",
        *summary(rows),
    ]
    softmax = [row for row in rows if row.form == SOFTMAX]
    others = [row for row in rows if row.form != SOFTMAX]
    tables = by(sorted(others, key=order), lambda row: (named(row.call), row.dtype, threads_of(row.threads), row.level))
    for title, group in tables.items():
        parts += [f"**{', '.join(title)}**", table(group, "loss", lambda row: f"`{row.form}`")]
    for level, group in by(softmax, lambda row: row.level).items():
        title = f"**`{SOFTMAX}`, {level}**"
        parts += [title, table(group, "", lambda row: f"{named(row.call)}, {row.dtype}, {threads_of(row.threads)}")]
    return "\n\n".join(parts) + "\n"


def named(call: str) -> str:
    return NAMES.get(call, call)


def order(row: Row) -> Any:
    """The order of the tables; that of the losses stays as it is."""
    return row.level, row.threads, row.dtype, CALLS.index(row.call)


def table(rows: list[Row], corner: str, label: Any) -> str:
    columns = {column_of(row): None for row in sorted(rows, key=lambda row: row.elements)}
    lines = []
    for name, group in by(rows, label).items():
        at = {column_of(row): row for row in group}
        lines.append([name, *(cell(at[column]) if column in at else "" for column in columns)])
    return grid([corner, *columns], lines)


def column_of(row: Row) -> str:
    return row.size if row.form == SOFTMAX else f"{row.elements:,}"


def cell(row: Row) -> str:
    text = f"{times(row.speed)} ({row.over_floor:.{0 if row.over_floor >= 9.95 else 1}f} floor)"
    return f"**{text}**" if row.speed < 1 else text


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.report", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("build/bench-peers"), help="folder of results.jsonl, and for the report"
    )
    parser.add_argument("--worst", type=int, help="how many cells are printed (default: all)")
    given = parser.parse_args(arguments)
    everything = read_records(given.out / "results.jsonl")
    records = of_one_run(everything)
    rows = compared(records)
    if not rows:
        parser.error(f"{given.out} has no cell in which pyloss was compared with another library")
    about = conditions(records[-1])
    of_layer = layer.lines(given.out)
    (given.out / "table.md").write_text("\n".join([markdown(rows, about), *of_layer]))
    worst = sorted(rows, key=lambda row: row.speed)[: given.worst]
    show("Slowest against the best peer first", HEADER, [(cells(row), row.speed < 1) for row in worst], left=6)
    drawn = roofline.draw(rows, about, given.out / "roofline.png")
    files = f"wrote {given.out / 'table.md'}{' and roofline.png' * drawn}"
    print(
        about,
        *summary(rows),
        *of_layer,
        *complaints(records),
        *left_out(len(everything) - len(records)),
        files,
        sep="\n",
    )


if __name__ == "__main__":
    main()
