"""pyloss's threads beside scikit-learn's: one for each call, unless scikit-learn has many.

scikit-learn's wait awake for their next work, pyloss's sleep. Where calls of the two take turns, a thread of pyloss finds its processor
taken by one of these, with work of the call in its hands.
"""

from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from types import TracebackType

from .._runtime import get_num_threads, set_num_threads

PROBED_WORK = 1 << 15
"""Elements below which pyloss takes one thread in any case: that of csrc/schedule.pxi."""

PARALLEL_WORK = 1 << 17
"""Elements from which on many threads of scikit-learn's may be faster than one of pyloss's."""

MOST_THREADS = 2
"""Of scikit-learn's, that one of pyloss's is sure to outrun."""


class _OneThread:
    """pyloss's number of threads is one for the process: it is 1 while any of these blocks lasts, and then what it was before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if not self._blocks:
                self._before = get_num_threads()
                set_num_threads(1)
            self._blocks += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._blocks -= 1
            if not self._blocks:
                set_num_threads(self._before)


_one_thread = _OneThread()
_no_change = nullcontext()


def one_thread(elements: int) -> AbstractContextManager[None]:
    """Within the block, calls on so many elements take one thread."""
    return _no_change if elements < PROBED_WORK else _one_thread


def outruns(n_threads: int, elements: int) -> bool:
    """Whether one thread is enough, beside so many of scikit-learn's."""
    return n_threads <= MOST_THREADS or elements < PARALLEL_WORK
