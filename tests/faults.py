"""Calls whose allocations fail one after the other: run by tests with faults.c loaded first, for a fault may end the process.

    LD_PRELOAD=faults.so PYTHONMALLOC=malloc python faults.py [STEM ...]

takes one form of each family, or all of these losses. All memory, Python's and NumPy's too, comes from malloc then. NumPy's iterator may
end the process where its buffers find no memory, so losses whose work it does are not asked.
"""

import ctypes
import gc
import sys
from functools import partial

import numpy as np
from comparing import bits
from guarded import COMPILED
from inputs import inputs, into_outs, leaves
from variants import Variant

import pyloss

ARMED, FIRST, LAST, SEEN, LIVE = range(5)
FOR_GOOD = 10**6
control = (ctypes.c_long * 5).in_dll(ctypes.CDLL(None), "control")


def entered(state, *, enter=np.errstate.__enter__):
    """With memory: where there is none for a context variable twice in a row, CPython ends the process."""
    armed, control[ARMED] = control[ARMED], 0
    try:
        return enter(state)
    finally:
        control[ARMED] = armed


np.errstate.__enter__ = entered


def outcome(call):
    try:
        return [bits(leaf) for leaf in leaves(call())]
    except (TypeError, ValueError, IndexError) as error:
        return repr(error)


def with_failures(call, first: int, count: int):
    """What a call answers, None for a MemoryError; and whether it asked for memory that it did not get."""
    control[FIRST], control[LAST], control[SEEN] = first, first + count, 0
    answer = error = None
    control[ARMED] = 1
    try:
        answer = call()
    except MemoryError:
        pass
    except BaseException as other:
        error = other
    control[ARMED] = 0
    if error is not None:
        return repr(error), control[SEEN] > first
    return None if answer is None else [bits(leaf) for leaf in leaves(answer)], control[SEEN] > first


def is_foreign(answer: object) -> bool:
    """Where memory runs out CPython and NumPy themselves may lose an error: the SystemError then names the function that did."""
    return isinstance(answer, str) and answer.startswith("SystemError") and "pyloss" not in answer


def check(name: str, call, given, counts) -> None:
    """Every request for memory fails in turn, alone or with those that follow."""
    expected, before = outcome(call), outcome(lambda: given)
    for count in counts:
        first, missed = 0, True
        while missed:
            got, missed = with_failures(call, first, count)
            assert got in (None, expected) or is_foreign(got), f"{name}: without memory {first} (of {count}) got {got}"
            assert outcome(call) == expected, f"{name}: another answer after an error"
            first += 1
        assert got == expected
    assert outcome(lambda: given) == before, f"{name}: an input has changed"


def growth(work) -> int:
    """How many blocks stay in use."""
    gc.collect()
    before = control[LIVE]
    work()
    gc.collect()
    return control[LIVE] - before


def calls(variant, given):
    """With and without arrays for the results, and one that is refused."""
    truth, pred, weight = given
    loss, unreduced = variant(), variant(reduction="none")
    masked, negative = np.ma.masked_array(weight, weight > 1), -weight
    yield "value", lambda: loss(*given)
    yield "a new gradient", lambda: loss.value_and_grad(*given)
    yield "values", lambda: unreduced(*given)
    yield "a masked array", lambda: loss.grad(truth, pred, masked)
    yield "a negative weight", lambda: loss.grad(truth, pred, negative)
    for each in (loss, unreduced):
        for call in into_outs(each, given, lambda like, role: np.zeros(np.shape(like), np.float32)):
            yield "out", call


def run(form, rows: int, threads: int, counts) -> None:
    given = inputs(form, (rows, 3))
    with pyloss.threads(threads):
        for name, call in calls(form, given):
            outcome(call)
            kept = growth(partial(check, f"{form} {name} {rows}", call, given, counts))
            assert kept < 10, f"{form} {name} {rows}: {kept} blocks are still in use"


def first_of_each() -> list[Variant]:
    """A form of each family with each kind of truth."""
    kinds = {(form().family, form.labels, len(form().predictions)): form for form in reversed(COMPILED)}
    return list(kinds.values())


def main(stems: list[str]) -> None:
    gc.disable()
    few = first_of_each()
    for form in [form for form in COMPILED if form.stem in stems] or few:
        print(form, flush=True)
        run(form, 150, threads=1, counts=(1, FOR_GOOD))
        if form in few:
            run(form, 44_000, threads=2, counts=(1,))


if __name__ == "__main__":
    main(sys.argv[1:])
