"""Calls whose allocations fail one after the other: run by tests with faults.c loaded before the C library, for a fault may end the process.

    LD_PRELOAD=faults.so PYTHONMALLOC=malloc python faults.py STEP [STEM ...]

takes every STEP-th form of the losses. All memory, Python's and NumPy's too, comes from malloc then.
"""

import ctypes
import gc
import sys

import numpy as np
from comparing import bits
from guarded import FORMS
from inputs import inputs, into_outs, leaves

import pyloss

ARMED, FIRST, LAST, SEEN, LIVE = range(5)
FOR_GOOD = 10**6
control = (ctypes.c_long * 5).in_dll(ctypes.CDLL(None), "control")


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


def refuse():
    raise ValueError


def answers_of_python() -> set[str]:
    """CPython itself may lose an error where it has no memory to note from where it came."""
    outcomes = {repr(with_failures(lambda: refuse(), first, count)[0]) for first in range(20) for count in (1, FOR_GOOD)}
    return {answer[1:-1] for answer in outcomes if "SystemError" in answer}


def check(name: str, call, given) -> None:
    """Every request for memory fails in turn, alone or with all that follow."""
    expected, before = outcome(call), outcome(lambda: given)
    allowed = (None, expected, *OWN)
    for count in (1, FOR_GOOD):
        first, missed = 0, True
        while missed:
            got, missed = with_failures(call, first, count)
            assert got in allowed, f"{name}: without memory {first} (of {count}) got {got}, not {expected}"
            assert outcome(lambda: given) == before, f"{name}: an input has changed"
            assert outcome(call) == expected, f"{name}: another answer after an error"
            first += 1
        assert got == expected


OWN = answers_of_python()


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


def main(step: int, stems: list[str]) -> None:
    gc.disable()
    for variant in [form for form in FORMS if not stems or form.stem in stems][::step]:
        print(variant, flush=True)
        for size, threads in ((150, 1), (50_000, 2)):
            given = inputs(variant, (size, 3))
            with pyloss.threads(threads):
                for name, call in calls(variant, given):
                    outcome(call)
                    work = lambda name=name, call=call: check(f"{variant} {name} {size}", call, given)  # noqa: E731
                    work()
                    print(name, control[SEEN], growth(work), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
