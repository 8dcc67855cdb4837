"""Counts the instructions of some calls under valgrind, which no other process disturbs, and compares them with the recorded ones.

python -m peers.instructions: fails where a cell takes over 3 % more than in benchmarks/instructions.json; `--record` writes that file.
"""

import argparse
import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cases import Case, data
from report import show

from peers import by_pyloss
from peers.cells import FORMS, SOFTMAX
from pyloss._runtime import LEVELS, available_levels

RECORD = Path(__file__).parents[1] / "instructions.json"
MOST = 1.03
"""Times the recorded instructions."""
SMALL = 32
REPEATS = 20
"""Of a call, after as many that let the interpreter settle."""
KNOWN_TO_VALGRIND = LEVELS[: LEVELS.index("v3") + 1]


class Count(NamedTuple):
    """Of one call."""

    form: str
    call: str
    dtype: str
    size: str
    elements: int
    bytes: int
    instructions: int

    @property
    def name(self) -> str:
        return f"{self.form}-{self.call}-{self.dtype}-{self.size}"


Counts = dict[tuple[str, str, str, str], Count]
"""By loss, call, dtype and the length of a row, if there are rows; of large calls."""


def cells() -> Iterator[tuple[Case, str]]:
    large, rows = (100_000,), ((1_000, 10), (100, 1_000))
    for form in FORMS:
        shapes = rows if form == SOFTMAX else [(10_000, 10)] if form == "kl_divergence" else [large]
        for shape in shapes:
            yield made(form, np.float32, shape), "value_and_grad"
    for form in ("mse", "huber", "log_cosh", "bce_from_logits"):
        yield made(form, np.float64, large), "value_and_grad"
        yield made(form, np.float32, large), "value"
    for call in ("value", "value_and_grad"):
        yield made("mse", np.float32, (SMALL,)), call


def made(form: str, dtype: type, shape: tuple[int, ...]) -> Case:
    return Case(form, FORMS[form], dtype, shape)


def run_cells() -> None:
    """Under valgrind. It writes down what was counted, and starts from 0, whenever getppid is called."""
    gc.disable()
    count_between_dumps(lambda: None)
    for case, call in cells():
        count_between_dumps(getattr(by_pyloss.prepare(case, data(case), 1), call))


def count_between_dumps(function: Callable[[], Any]) -> None:
    for _ in range(REPEATS):
        function()
    os.getppid()
    for _ in range(REPEATS):
        function()
    os.getppid()


def counted(level: str, folder: Path) -> list[Count]:
    """By one run for all cells."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    valgrind = ["valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={folder}/dump"]
    settings = {"PYLOSS_ISA": level, "PYLOSS_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [*valgrind, sys.executable, "-m", "peers.instructions", "--run-cells"]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"valgrind failed:\n{done.stderr[-2000:]}")
    dumps = sorted(folder.glob("dump.*"), key=lambda path: int(path.suffix[1:]))
    empty, *calls = [total(path) / REPEATS for path in dumps[1::2]]  # before each, what made the data
    return [
        count_of(case, call, instructions - empty) for (case, call), instructions in zip(cells(), calls, strict=True)
    ]


def total(dump: Path) -> int:
    return int(re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE)[1])


def count_of(case: Case, call: str, instructions: float) -> Count:
    moved = sum(data(case).bytes_moved(call))
    return Count(case.form, call, case.dtype.__name__, case.size, case.elements, moved, round(instructions))


def recorded() -> dict[str, Any]:
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def counted_for(level: str) -> str:
    """The highest level that was counted, up to this one: valgrind does not know all."""
    return max((known for known in recorded() if known <= level), default="")


def counts_of(level: str) -> Counts:
    """The recorded ones of the large calls."""
    counts = (Count(*count) for count in recorded().get(level, {}).get("counts", ()))
    return {(*count[:3], count.size.partition("x")[2]): count for count in counts if count.elements > SMALL}


def conditions() -> str:
    """What the counts depend on beside the sources."""
    python = ".".join(map(str, sys.version_info[:2]))
    return f"Python {python}, NumPy {np.__version__}"


HEADER = ("level", "loss", "call", "dtype", "size", "instructions", "an element", "recorded", "change")


def compare(level: str, counts: list[Count]) -> list[str]:
    """Shows them, and names what takes too many."""
    record = recorded().get(level, {"conditions": "nothing recorded", "counts": ()})
    before = {count.name: count for count in (Count(*old) for old in record["counts"])}
    known = (count for count in counts if count.name in before)
    worse = [count for count in known if count.instructions > MOST * before[count.name].instructions]
    lines = [((level, *count[:4], *against(count, before.get(count.name))), count in worse) for count in counts]
    show(f"Instructions of a call: {conditions()}; before: {record['conditions']}", HEADER, lines, left=4)
    return [f"{level}, {count.name}" for count in worse]


def against(count: Count, before: Count | None) -> tuple[str, ...]:
    now = f"{count.instructions:,}", f"{count.instructions / count.elements:.2f}"
    if before is None:
        return *now, "", "new"
    return *now, f"{before.instructions:,}", f"{count.instructions / before.instructions - 1:+.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.instructions", description=__doc__)
    usable = [level for level in available_levels() if level in KNOWN_TO_VALGRIND]
    parser.add_argument("--levels", default=",".join(usable), help="ISA levels (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("build/bench-instructions"), help="folder of instructions.json"
    )
    parser.add_argument(
        "--record", action="store_true", help=f"write {RECORD.name}, which later runs are compared with"
    )
    parser.add_argument("--run-cells", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run_cells:
        run_cells()
        return
    if not shutil.which("valgrind"):
        parser.error("valgrind is not installed")
    found, worse = {}, []
    for level in given.levels.split(","):
        counts = counted(level, given.out / level)
        worse += compare(level, counts)
        found[level] = {"conditions": conditions(), "counts": counts}
    write(given.out / "instructions.json", found)
    if given.record:
        write(RECORD, recorded() | found)
    elif worse:
        raise SystemExit(f"over {MOST - 1:.0%} more instructions than recorded: {'; '.join(worse)}")


def write(path: Path, found: dict[str, Any]) -> None:
    """A count a line."""
    text = json.dumps(found, indent=1)
    path.write_text(re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: f"[{' '.join(match[1].split())}]", text) + "\n")


if __name__ == "__main__":
    main()
