"""What pyloss runs on: the ISA level, chosen once at import, and the threads; and where its header is."""

import operator
import os
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from threading import Lock, get_ident

from . import _engine, _kernels

LEVELS = ("base", "v2", "v3", "v4")
MOST_THREADS = 1024


def available_levels() -> tuple[str, ...]:
    """The ISA levels that this build has and this processor can run, lowest first."""
    runs = _engine.supported_levels()
    return tuple(level for level in LEVELS if level in runs and _is_built(level))


def _is_built(level: str) -> bool:
    return find_spec(f"pyloss._kernels.{level}_f32") is not None


def choose_level() -> str:
    """The highest level, or the one that PYLOSS_ISA names."""
    available = available_levels()
    if not available:
        raise ImportError(
            f"pyloss has no kernels for this processor ({platform.machine()}); on x86-64 it needs the level x86-64-v2"
        )
    wanted = os.environ.get("PYLOSS_ISA")
    if not wanted:
        return available[-1]
    if wanted not in LEVELS:
        raise ImportError(f"PYLOSS_ISA must be one of {', '.join(available)}, got {wanted!r}")
    if not _is_built(wanted):
        built = ", ".join(filter(_is_built, LEVELS))
        raise ImportError(f"PYLOSS_ISA={wanted} is not in this build of pyloss; it has {built}")
    if wanted not in available:
        raise ImportError(f"PYLOSS_ISA={wanted} is not supported by this processor; it has {', '.join(available)}")
    return wanted


def available_cpus() -> int:
    """How many processors this process may use: its affinity, and what its control group grants."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:
        cpus = os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:  # pathlib takes long to import
            quota, period = file.read().split()
        return max(1, min(cpus, MOST_THREADS, -(-int(quota) // int(period))))
    except (OSError, ValueError):
        return min(cpus, MOST_THREADS)


def default_threads() -> int:
    wanted = os.environ.get("PYLOSS_NUM_THREADS")
    if not wanted:
        return available_cpus()
    if not wanted.isdecimal() or not 1 <= int(wanted) <= MOST_THREADS:
        raise ImportError(f"PYLOSS_NUM_THREADS must be in [1, {MOST_THREADS}], got {wanted!r}")
    return int(wanted)


class _Threads:
    """The number of threads, one for the process: that of the latest block that lasts, but 1 while a call wants to be alone."""

    def __init__(self, n: int) -> None:
        self._lock = Lock()
        # The blocks and the calls that last, with the thread that is in them; the first block is the process.
        self._blocks: dict[tuple[int, object], int] = {(0, None): n}
        self._alone: set[tuple[int, object]] = set()
        self._settle()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget_others)

    def _forget_others(self) -> None:
        """The thread that forked is the only one of a child."""
        self._lock = Lock()
        self._blocks = {place: n for place, n in self._blocks.items() if place[0] in (0, get_ident())}
        self._alone = {place for place in self._alone if place[0] == get_ident()}
        self._settle()

    def set(self, n: int) -> None:
        """In the place of the latest block's."""
        with self._lock:
            self._blocks[next(reversed(self._blocks))] = n
            self._settle()

    @contextmanager
    def block(self, n: int) -> Iterator[None]:
        me = get_ident(), object()
        with self._lock:
            self._blocks[me] = n
            self._settle()
        try:
            yield
        finally:
            with self._lock:
                del self._blocks[me]
                self._settle()

    @contextmanager
    def one(self) -> Iterator[None]:
        me = get_ident(), object()
        with self._lock:
            self._alone.add(me)
            self._settle()
        try:
            yield
        finally:
            with self._lock:
                self._alone.remove(me)
                self._settle()

    def _settle(self) -> None:
        _engine.set_thread_count(1 if self._alone else next(reversed(self._blocks.values())))


def set_num_threads(n: int) -> None:
    """Let a call use up to `n` threads. Only large calls use more than one; the results have the same bits with any number.

    While there is a block of `threads`, in whichever Python thread, it holds as long as that block.
    """
    _threads.set(_number_of_threads("set_num_threads", n))


def get_num_threads() -> int:
    """Up to how many threads a call uses."""
    return _engine.get_thread_count()


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Within the block, let calls use up to `n` threads. The number is one for the whole process: that of the latest block that lasts.

    Blocks of several Python threads may overlap. What `set_num_threads` sets meanwhile holds as long as the latest of them.
    """
    with _threads.block(_number_of_threads("threads", n)):
        yield


def one_thread() -> AbstractContextManager[None]:
    """Within the block, calls use one thread, whatever is set meanwhile: that holds when the block has ended."""
    return _threads.one()


def _number_of_threads(function: str, n: int) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"{function}: n must be an integer, got {n!r}")
    n = operator.index(n)
    if not 1 <= n <= MOST_THREADS:
        raise ValueError(f"{function}: n must be in [1, {MOST_THREADS}], got {n}")
    return n


def get_include() -> str:
    """The folder of pyloss.h, the C API; Cython finds its declarations by `from pyloss cimport ...`."""
    return os.path.join(os.path.dirname(__file__), "include")


def runtime() -> dict[str, str]:
    """What `show_runtime` prints."""
    from . import __version__

    return {
        "pyloss": __version__,
        "ISA level": f"{LEVEL} (available: {', '.join(available_levels())})",
        "threads": f"{get_num_threads()} (processors: {available_cpus()})",
    }


def show_runtime() -> None:
    """Print the version, the ISA level in use and those available, and the threads."""
    for name, value in runtime().items():
        print(f"{name + ':':<12}{value}")


LEVEL = choose_level()
_engine.use_kernels(_kernels.load(LEVEL, 32), _kernels.load(LEVEL, 64))
_threads = _Threads(default_threads())
