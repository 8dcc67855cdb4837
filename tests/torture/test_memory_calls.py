"""A hundred thousand calls of every kind leave nothing behind."""

import gc
import sys
from pathlib import Path

import pytest
from inputs import leaves
from test_memory import MAKERS, MEGABYTE, arguments_for, every_call, exercise, references

CALLS = 100_000


def resident() -> int:
    """In bytes; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


@pytest.mark.optimized
def test_hundred_thousand_calls():
    arguments = {name: arguments_for(make, 20) for name, make in MAKERS.items()}
    calls = [
        call for name, make in MAKERS.items() for call in every_call((make(reduction="none"), make()), *arguments[name])
    ]
    given = [leaf for each in arguments.values() for leaf in leaves(each)]
    for rounds in (5, -(-CALLS // len(calls))):
        gc.collect()
        blocks, counts, memory = sys.getallocatedblocks(), references(*given), resident()
        for _ in range(rounds):
            exercise(calls)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 500
    assert references(*given) - counts < 500
    assert resident() - memory < 2 * MEGABYTE
