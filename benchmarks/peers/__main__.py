"""Measures pyloss against other libraries, one process for each number of threads and each ISA level, and reports.

An interrupted run goes on where it was; a new build of pyloss starts over. `--only`, `--sizes` and `--budget` choose a part.
"""

import argparse
import os
import subprocess
import sys
from functools import partial

from peers import layer, report
from peers.measure import options
from peers.settings import settings
from pyloss._runtime import available_cpus, available_levels


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers", parents=[options()], description=__doc__)
    parser.add_argument("--threads", default="1,2", help="numbers of threads (default: %(default)s)")
    parser.add_argument("--levels", default=",".join(available_levels()), help="ISA levels (default: %(default)s)")
    parser.add_argument("--no-report", action="store_true", help="measure only")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for threads in map(int, given.threads.split(",")):
        if threads > available_cpus():
            print(f"{threads} threads are left out: there are {available_cpus()} processors")
            continue
        for level in given.levels.split(","):
            measure(threads, level, given)
    if not given.only and not given.sizes:
        layer.main(["--out", str(given.out), "--threads", str(available_cpus())])
    if not given.no_report:
        report.main(["--out", str(given.out)])


def measure(threads: int, level: str, given: argparse.Namespace) -> None:
    """The process gets as many processors as threads, so that no library can use more."""
    chosen = [f"--{name}={getattr(given, name)}" for name in ("only", "sizes", "without", "budget", "out")]
    command = [sys.executable, "-m", "peers.measure", f"--threads={threads}", *chosen, *["--again"] * given.again]
    limit = (
        partial(os.sched_setaffinity, 0, sorted(os.sched_getaffinity(0))[:threads])
        if hasattr(os, "sched_setaffinity")
        else None
    )
    done = subprocess.run(command, env=os.environ | settings(threads, level, given.out), preexec_fn=limit)
    if done.returncode:
        raise SystemExit(
            f"the measurement ended early, with status {done.returncode}; the same command goes on from there"
        )


if __name__ == "__main__":
    main()
