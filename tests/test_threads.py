"""Threads, processes and signals: results and manners do not depend on who else is running."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from comparing import answers, assert_same_bits
from variants import VARIANTS, data, weights

import pyloss
from pyloss import _runtime
from pyloss._runtime import available_levels

CSRC = Path(__file__).parents[1] / "csrc"
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# ISA levels and the import --------------------------------------------------------------------------------------------


def test_a_level_is_chosen():
    for level in available_levels():
        done = run_python("import pyloss; pyloss.show_runtime(); print(pyloss.mse([0.0], [2.0]))", PYLOSS_ISA=level)
        assert f"{level} (available: {', '.join(available_levels())})" in done.stdout
        assert done.stdout.endswith("4.0\n")


@pytest.mark.parametrize("wanted", ["v5", "avx2", " ", "V2"])
def test_unknown_levels(wanted):
    done = run_python("import pyloss", PYLOSS_ISA=wanted)
    assert done.stderr.endswith(
        f"ImportError: PYLOSS_ISA must be one of {', '.join(available_levels())}, got {wanted!r}\n"
    )


def test_a_level_that_the_build_has_not():
    """None has both the baseline and the levels of x86-64."""
    wanted = "base" if available_levels()[0] != "base" else "v4"
    done = run_python("import pyloss", PYLOSS_ISA=wanted)
    assert f"ImportError: PYLOSS_ISA={wanted} is not in this build of pyloss; it has " in done.stderr


def test_a_level_that_the_processor_has_not(monkeypatch):
    monkeypatch.setattr(_runtime, "_is_built", lambda level: level != "base")
    monkeypatch.setattr(_runtime._engine, "supported_levels", lambda: ["base", "v2", "v3"])
    monkeypatch.setenv("PYLOSS_ISA", "v4")
    with pytest.raises(ImportError, match=r"^PYLOSS_ISA=v4 is not supported by this processor; it has v2, v3$"):
        _runtime.choose_level()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_threads_are_started_by_the_first_call_that_shares_its_work():
    """Not by the import, and never more than there may be. They sleep when nothing is to be done."""
    code = """
import os, time, numpy as np, pyloss
def count():
    return len(os.listdir("/proc/self/task"))
large = np.ones((2, 2_000_000))
assert count() == 1
with pyloss.threads(1):
    pyloss.mse(*large)
with pyloss.threads(3):
    pyloss.mse(*large[:, :1000])
    assert count() == 1
    pyloss.mse(*large)
    assert count() == 3
with pyloss.threads(2):
    pyloss.mse(*large)
assert count() == 3
time.sleep(0.01)
used = time.process_time()
time.sleep(0.3)
assert time.process_time() - used < 0.1
"""
    done = run_python(code, OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks the scheduler of Linux")
def test_threads_leave_a_processor_to_the_caller():
    """Wherever it is when it wakes them; where it may be on one only, they are there too."""
    code = """
import ctypes, os, time, numpy as np, pyloss
large = np.ones((2, 2_000_000))
where = ctypes.CDLL(None).sched_getcpu
def are_right(own):
    time.sleep(0.002)  # they fall asleep
    before = where()
    with pyloss.threads(3):
        pyloss.mse(*large)
    threads = [int(thread) for thread in os.listdir("/proc/self/task") if int(thread) != os.getpid()]
    assert len(threads) == 2
    places = [os.sched_getaffinity(thread) for thread in threads]
    return before == where() and all(place == (own - {before} or own) for place in places)
first, second = sorted(os.sched_getaffinity(0))[:2]
for own in ({first, second}, {first}, {second}, {first, second}):
    os.sched_setaffinity(0, own)
    assert any(are_right(own) for _ in range(100)), own
"""
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("there is one processor")
    done = run_python(code, OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr


def test_import_leaves_denormals_alone():
    """A shared object linked with fast-math would flush them to zero in the whole process."""
    code = """
import numpy as np, pyloss
with pyloss.threads(2):
    pyloss.mse(np.zeros(1_000_000), np.ones(1_000_000))
assert np.float64(5e-324) * 1 > 0 and np.float32(1e-45) * np.float32(1) > 0 and 5e-324 / 1.0 > 0
assert 2.2250738585072014e-308 / 2 > 0
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


# Several Python threads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_concurrent_callers(number):
    """Different losses, and one loss object, from many threads at once: each gets its own answers."""
    jobs = []
    for variant in VARIANTS:
        y, p = data(variant, (30_000, 6))
        jobs.append((variant(), y, p, weights((30_000,))))
    with pyloss.threads(number):
        expected = [answers(*job) for job in jobs]
        with ThreadPoolExecutor(8) as pool:
            for _ in range(2):
                for got, right in zip(pool.map(lambda job: answers(*job), jobs), expected, strict=True):
                    assert_same_bits(got, right)
            for got in pool.map(lambda _: answers(*jobs[0]), range(24)):
                assert_same_bits(got, expected[0])


def test_the_number_changes_while_others_run():
    """The last of several callers to set it wins; nobody's answer has other bits for it, and no call ends badly."""
    long = np.linspace(0, 1, 500_000)
    calls = (pyloss.MSE(), pyloss.BCE(), pyloss.Dice(), pyloss.KLDivergence())
    jobs = [(loss, long.reshape(-1, 4), long[::-1].reshape(-1, 4)) for loss in calls]
    with pyloss.threads(1):
        expected = [answers(*job) for job in jobs]
    running = threading.Event()
    running.set()

    def restless():
        changes = 0
        while running.is_set():
            pyloss.set_num_threads(1 + changes % 5)
            changes += 1
        return changes

    with pyloss.threads(2), ThreadPoolExecutor(5) as pool:
        changing = pool.submit(restless)
        for _ in range(4):
            for got, right in zip(pool.map(lambda job: answers(*job), jobs), expected, strict=True):
                assert_same_bits(got, right)
        running.clear()
        assert changing.result() > 20


def test_inside_limits_of_other_libraries():
    """Within a pool and within threadpoolctl's limits, which are for other libraries: the same bits."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    expected = ask()
    with pyloss.threads(2), threadpoolctl.threadpool_limits(1), ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: ask(), range(6))) == [expected] * 6
    with pyloss.threads(3):
        assert ask() == expected


def test_free_threading_is_not_declared():
    """Nothing here has been run without the GIL. An extension that does not say that it can do without makes Python take it again, with a
    warning: `Py_mod_gil` in a module's slots, which Cython writes for this directive, would promise what nobody has tried."""
    sources = [path for path in CSRC.rglob("*") if path.suffix in (".pyx", ".pxd", ".pxi")] + [CSRC.parent / "setup.py"]
    if not CSRC.exists():
        pytest.skip("the sources are not there")
    assert len(sources) > 20
    assert not [path.name for path in sources if "freethreading_compatible" in path.read_text("utf-8")]


def test_other_threads_run_meanwhile():
    """A long call does not hold the interpreter."""
    long = np.broadcast_to(np.float32(1), 300_000_000)
    done, ticks = threading.Event(), 0

    def call():
        pyloss.mse(long, long)
        done.set()

    thread = threading.Thread(target=call)
    thread.start()
    while not done.wait(0.005):
        ticks += 1
    thread.join()
    assert ticks >= 3


def test_errors_from_many_threads():
    def wrong(i):
        y = np.zeros(200_000)
        y[i * 1000] = 7
        with pytest.raises(ValueError, match=f"at index {i * 1000}$"):
            pyloss.bce(y, np.full(200_000, 0.5))
        return True

    with pyloss.threads(2), ThreadPoolExecutor(6) as pool:
        assert all(pool.map(wrong, range(1, 60)))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_fault_is_told_whatever_it_is(threads, rng):
    """A bad probability some rows before a bad label: the places of both are counted alike."""
    rows, classes = 50_000, 40
    y_true, y_pred = rng.integers(0, classes, rows), rng.uniform(0.1, 1, (rows, classes))
    loss = pyloss.SparseCCE(label_smoothing=0.1)
    with pyloss.threads(threads):
        for row in range(1000, rows - 9000, 4000):
            wrong, probabilities = y_true.copy(), y_pred.copy()
            wrong[row + 3000], probabilities[row, 7] = 99, -1
            with pytest.raises(ValueError, match=rf"y_pred must be >= 0, got -1.0 at index \({row}, 7\)"):
                loss(wrong, probabilities)


def test_a_nan_is_one_nan():
    """Of several, whichever thread has added its own first."""
    y_pred = np.zeros(400_000)
    y_pred[[0, -1]] = np.nan, -np.nan
    with pyloss.threads(2):
        assert {np.float64(pyloss.mse(np.zeros(400_000), y_pred)).tobytes() for _ in range(200)} == {
            np.float64(np.nan).tobytes()
        }


# Memory for the stacks of a few threads, and for none: as long as the process lives, so does the call.
FEW_THREADS = """
import os, resource, sys
import numpy as np
import pyloss

y_true, y_pred = np.zeros(8_000_000, np.float32), np.linspace(-1, 1, 8_000_000, dtype=np.float32)
with pyloss.threads(1):
    alone = pyloss.mse(y_true, y_pred)
used = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), resource.RLIM_INFINITY))
with pyloss.threads(200):
    for _ in range(3):
        assert pyloss.mse(y_true, y_pred).hex() == alone.hex()
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's here")
@pytest.mark.parametrize("room", [2**21, 2**26])
def test_where_threads_cannot_be_started_fewer_do_the_work(room):
    """Down to none but the caller."""
    done = subprocess.run([sys.executable, "-c", FEW_THREADS, str(room)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert int(done.stdout) < 200


# Processes ------------------------------------------------------------------------------------------------------------

Y, P = np.zeros(1_000_000), np.linspace(-1, 1, 1_000_000)


def ask() -> float:
    return pyloss.mse(Y, P)


@posix
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_row102_fork_after_a_parallel_call():
    """The child answers, instead of waiting for threads that it has not inherited."""
    with pyloss.threads(2):
        expected = ask()
        for _ in range(3):
            child = os.fork()
            if not child:
                os._exit(0 if ask() == expected else 1)
            deadline = time.monotonic() + 20
            finished = 0
            while not finished and time.monotonic() < deadline:
                finished, status = os.waitpid(child, os.WNOHANG)
                time.sleep(0.002)
            if not finished:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            assert finished, "the child hangs"
            assert status == 0
            assert ask() == expected


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_forked_child_has_threads_of_its_own():
    code = """
import os, warnings
import numpy as np, pyloss
warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)
pyloss.set_num_threads(2)
large = np.ones((2, 2_000_000))
pyloss.mse(*large)
child = os.fork()
if not child:
    before = len(os.listdir("/proc/self/task"))
    pyloss.mse(*large)
    os._exit((before, len(os.listdir("/proc/self/task"))) != (1, 2))
assert os.waitpid(child, 0)[1] == 0
"""
    done = run_python(code, OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_row102_pools_of_processes(method):
    with pyloss.threads(2):
        expected = ask()
        with multiprocessing.get_context(method).Pool(2) as pool:
            results = [pool.apply_async(ask) for _ in range(4)]
            assert [result.get(timeout=60) for result in results] == [expected] * 4


@posix
def test_fork_before_and_after_the_first_parallel_call():
    """Beside a Python thread that computes; parent, child and grandchild have the same bits, and none waits for the other."""
    code = """
import os, sys, threading, warnings
import numpy as np, pyloss
warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)
pyloss.set_num_threads(2)
y, p = np.zeros(1_000_000), np.linspace(-1, 1, 1_000_000)
small = np.ones(50_000)
stop = threading.Event()

def beside():
    while not stop.is_set():
        pyloss.mse(small, small)

def forked(depth):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        print(pyloss.mse(y, p).hex())
        depth and forked(depth - 1)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

thread = threading.Thread(target=beside)
thread.start()
forked(1)
print(pyloss.mse(y, p).hex())
forked(1)
print(pyloss.mse(y, p).hex())
stop.set()
thread.join()
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [pyloss.mse(Y, P).hex()] * 6


@posix
def test_fork_during_a_parallel_call():
    """A child that is forked while another thread of the parent computes has nobody to wait for either."""
    code = """
import os, threading, time
import numpy as np, pyloss
pyloss.set_num_threads(2)
long = np.broadcast_to(np.float32(1), 400_000_000)
thread = threading.Thread(target=pyloss.mse, args=(long, long))
thread.start()
time.sleep(0.1)
child = os.fork()
value = pyloss.mse(np.zeros(1_000_000), np.ones(1_000_000))
if not child:
    os._exit(value != 1)
assert os.waitpid(child, 0)[1] == 0 and value == 1
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@posix
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "call",
    [
        "pyloss.mse(y, p)",
        "pyloss.CCE(from_logits=True)(labels, rows)",
        "pyloss.BCE()(y, p, y)",
        "pyloss.Dice(axis=0)(rows, rows)",
        "pyloss.CategoricalFocal(from_logits=True)(labels[:1 << 24], wide, weight)",
    ],
)
def test_row103_ctrl_c(call, threads):
    """A call of many seconds ends soon after the signal; also where a row takes a thousand times as long as those before."""
    code = f"""
import signal
import numpy as np, pyloss
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored by what it starts in the background
pyloss.set_num_threads({threads})
y = p = np.broadcast_to(np.float32(1), 1 << 40)
labels, rows = np.broadcast_to(np.uint8(1), 1 << 38), np.broadcast_to(np.float32(1), (1 << 38, 3))
wide, weight = np.broadcast_to(np.float32(1), (1 << 24, 512)), np.repeat(np.uint8([0, 1]), 1 << 23)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert output == "interrupted\n"
        assert time.monotonic() - start < 2
    finally:
        process.kill()
        process.wait()


# The runtime's description --------------------------------------------------------------------------------------------


def test_show_runtime(capsys):
    with pyloss.threads(3):
        pyloss.show_runtime()
    version, level, threads = capsys.readouterr().out.splitlines()
    assert version == f"pyloss:     {pyloss.__version__}"
    assert level.startswith("ISA level:  ")
    assert threads.startswith("threads:    3 (processors: ")
