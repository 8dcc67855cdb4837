"""pyloss's threads beside scikit-learn's: one for each call, unless scikit-learn has many.

scikit-learn's wait awake for their next work, pyloss's sleep. Where calls of the two take turns, a thread of pyloss finds its processor
taken by one of these, with work of the call in its hands.
"""

from contextlib import AbstractContextManager, nullcontext

from .. import _runtime

PROBED_WORK = 1 << 15
"""Elements below which pyloss takes one thread in any case: that of csrc/schedule.pxi."""

PARALLEL_WORK = 1 << 17
"""Elements from which on many threads of scikit-learn's may be faster than one of pyloss's."""

MOST_THREADS = 2
"""Of scikit-learn's, that one of pyloss's is sure to outrun."""


def one_thread(elements: int) -> AbstractContextManager[None]:
    """Within the block, calls on so many elements take one thread."""
    return nullcontext() if elements < PROBED_WORK else _runtime.one_thread()


def outruns(n_threads: int, elements: int) -> bool:
    """Whether one thread is enough, beside so many of scikit-learn's."""
    return n_threads <= MOST_THREADS or elements < PARALLEL_WORK
