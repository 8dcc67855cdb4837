"""Measures the chosen cells in this process, whose threads and processor features are settled before anything is imported.

Started by `python -m peers`, once for each number of threads and each ISA level. A line of JSON is written for each cell.
"""

import argparse
import gc
import json
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from timeit import Timer
from typing import Any

import numpy as np
from agreement import TWIN_TOLERANCE, assert_same
from cases import Case, Data, data
from timing import medians

import pyloss
from peers import floor
from peers.cells import Calls, chosen, name_of
from peers.results import Record, read_records

MODULES = {
    "pyloss": "by_pyloss",
    "numpy": "by_numpy",
    "torch": "by_torch",
    "torch.compile": "by_torch_compile",
    "jax": "by_jax",
    "numba": "by_numba",
    "scikit-learn": "by_sklearn",
}
ASLEEP = 0.01
"""Seconds after which the threads that one library left spinning do not disturb the next."""


def options() -> argparse.ArgumentParser:
    """Of this module and of the driver."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--only",
        default="",
        metavar="EXPR",
        help="cells such as mae-value_and_grad-float32-1000 in which EXPR is found",
    )
    parser.add_argument("--sizes", default="", help="shapes or numbers of elements, such as 32,10000x1000")
    parser.add_argument("--without", default="", help=f"libraries that stay away, of {', '.join(MODULES)}")
    parser.add_argument(
        "--budget", type=float, default=0.4, help="seconds for each cell at least (default: %(default)s)"
    )
    parser.add_argument("--again", action="store_true", help="measure too what has been measured")
    parser.add_argument(
        "--out", type=Path, default=Path("build/bench-peers"), help="folder of results.jsonl, table.md and roofline.png"
    )
    return parser


def wanted(without: str) -> list[str]:
    return [name for name in MODULES if name not in without.replace(",", " ").split()]


@cache
def conditions() -> Record:
    """What a cell must share with another to be comparable."""
    packages = {}
    for name in ("numpy", "torch", "jax", "numba", "scikit-learn"):
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    compiled = sorted(Path(pyloss.__file__).parent.rglob("*.so"))
    build = sha256(b"".join(path.read_bytes() for path in compiled)).hexdigest()[:12]
    return {"build": build, "processor": processor(), "versions": packages}


def processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def prepared(case: Case, inputs: Data, threads: int, names: Iterable[str]) -> tuple[dict[str, Calls], dict[str, str]]:
    """What can compute the case; and why others cannot that should."""
    found, failures = {}, {}
    for name in names:
        try:
            calls = import_module(f"peers.{MODULES[name]}").prepare(case, inputs, threads)
        except Exception as error:
            failures[name] = told(error)
        else:
            found |= {name: calls} if calls else {}
    return found, failures


def told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def check(case: Case, call: str, calls: dict[str, Calls]) -> dict[str, str]:
    """What fails or computes something else than pyloss."""
    y, p, *_ = data(case)
    ours = answer(case, call, case.loss(y, p) if call == "value" else case.loss.value_and_grad(y, p))
    failures = {}
    for name, candidate in calls.items():
        try:
            assert_same(case, ours, answer(case, call, getattr(candidate, call)()), TWIN_TOLERANCE[case.dtype])
        except Exception as error:
            failures[name] = told(error)
    return failures


def answer(case: Case, call: str, result: Any) -> tuple[float, Any]:
    """A number, and an array of NumPy if there is a gradient."""
    if call == "value":
        return float(result), None
    value, grad = result
    return float(value), np.asarray(grad).reshape(case.shape)


def measured(case: Case, calls: Iterable[str], names: list[str], threads: int, budget: float) -> Iterator[Record]:
    inputs = data(case)
    found, absent = prepared(case, inputs, threads, names)
    for call in calls:
        failures = absent | check(case, call, found)
        sides: dict[str, Callable[[], Any]] = {
            name: getattr(one, call) for name, one in found.items() if name not in failures
        }
        ways = floor.ways(inputs, call, threads)
        seconds = medians(
            *map(Timer, (*sides.values(), *ways.values())),
            budget=budget,
            pause=ASLEEP if threads > 1 else 0,
        )
        yield {
            "name": name_of(case, call), "form": case.form, "call": call, "dtype": case.dtype.__name__, "size": case.size,
            "elements": case.elements, "bytes": sum(inputs.bytes_moved(call)), "threads": threads, "level": pyloss._runtime.LEVEL,
            "seconds": dict(zip(sides, seconds, strict=False)), "floor": dict(zip(ways, seconds[len(sides) :], strict=True)),
            "failures": failures, "asked": names, **conditions(),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(parents=[options()], description=__doc__)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    path, names = given.out / "results.jsonl", wanted(given.without)
    place = {"threads": given.threads, "level": pyloss._runtime.LEVEL, **conditions()}
    done = {
        record["name"] for record in read_records(path)
        if not given.again and place.items() <= record.items() and set(names) <= set(record["asked"])
    }  # fmt: skip
    with path.open("a") as file:
        for case, calls in chosen(given.only, given.sizes):
            missing = [call for call in calls if name_of(case, call) not in done]
            for record in measured(case, missing, names, given.threads, given.budget) if missing else ():
                print(json.dumps(record), file=file, flush=True)
                print(line_of(record), flush=True)
            gc.collect()


def line_of(record: Record) -> str:
    """What is said while it runs."""
    seconds = record["seconds"]
    peers = {name: seconds[name] for name in seconds.keys() - {"pyloss"}}
    best = min(peers, key=peers.get, default=None)
    against = (
        f"{peers[best] / seconds['pyloss']:.2f}x {best}" if best and "pyloss" in seconds else "nothing to compare with"
    )
    failed = "".join(f"; {name} failed: {why}" for name, why in record["failures"].items())
    return f"{record['threads']} threads, {record['level']}, {record['name']}: {against}{failed}"


if __name__ == "__main__":
    main()
