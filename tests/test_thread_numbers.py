"""How many threads a call may use: by the process, by blocks, by the environment."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pyloss
from pyloss import _runtime


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """With nothing of pyloss's in the environment but what is given."""
    own = {name: text for name, text in os.environ.items() if name not in ("PYLOSS_NUM_THREADS", "PYLOSS_ISA")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_set_get_and_within():
    before = pyloss.get_num_threads()
    try:
        pyloss.set_num_threads(3)
        assert pyloss.get_num_threads() == 3
        with pyloss.threads(np.int64(5)):
            assert pyloss.get_num_threads() == 5
            with pytest.raises(KeyError), pyloss.threads(2):
                raise KeyError
            assert pyloss.get_num_threads() == 5
        assert pyloss.get_num_threads() == 3
    finally:
        pyloss.set_num_threads(before)


def test_blocks_of_several_threads_may_overlap():
    """The one that began first ends first: the number is the other's, and then what it was."""
    before = pyloss.get_num_threads()
    for mine, theirs in ((1, 1), (before + 1, before + 2)):
        first, second = pyloss.threads(mine), pyloss.threads(theirs)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert pyloss.get_num_threads() == theirs
        second.__exit__(None, None, None)
        assert pyloss.get_num_threads() == before


def test_what_is_set_in_a_block_holds_as_long_as_the_block():
    before = pyloss.get_num_threads()
    with pyloss.threads(before + 1):
        pyloss.set_num_threads(before + 3)
        with pyloss.threads(1):
            assert pyloss.get_num_threads() == 1
        assert pyloss.get_num_threads() == before + 3
    assert pyloss.get_num_threads() == before


def test_what_is_set_while_a_call_is_alone_holds_afterwards():
    with pyloss.threads(2):
        with _runtime.one_thread():
            pyloss.set_num_threads(4)
            assert pyloss.get_num_threads() == 1
        assert pyloss.get_num_threads() == 4


def test_blocks_of_many_threads():
    before = pyloss.get_num_threads()

    def work(n):
        for _ in range(200):
            with pyloss.threads(n):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 9)))
    assert pyloss.get_num_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_waits_for_no_thread_of_its_parent():
    code = """
import os, pyloss
from pyloss import _runtime
with _runtime._threads._lock:
    child = os.fork()
    if not child:
        pyloss.set_num_threads(3)
        os._exit(pyloss.get_num_threads())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run_python(code).stdout == "3\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_is_in_no_block_of_other_threads():
    code = """
import os, threading, pyloss
from pyloss import _runtime
entered, leave = threading.Event(), threading.Event()
def other():
    with pyloss.threads(7), _runtime.one_thread():
        entered.set()
        leave.wait()
pyloss.set_num_threads(2)
thread = threading.Thread(target=other)
thread.start()
entered.wait()
with pyloss.threads(5):
    child = os.fork()
    if not child:
        os._exit(pyloss.get_num_threads())
    leave.set()
    thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), pyloss.get_num_threads())
"""
    assert run_python(code).stdout == "5 2\n"


@pytest.mark.parametrize("n", [0, -1, 1025, 2**70])
def test_numbers_of_threads_out_of_range(n):
    with pytest.raises(ValueError, match=rf"^set_num_threads: n must be in \[1, 1024\], got {n}$"):
        pyloss.set_num_threads(n)
    with pytest.raises(ValueError, match="must be in"), pyloss.threads(n):
        pass


@pytest.mark.parametrize("n", [1.0, "2", None], ids=repr)
def test_what_is_no_number_of_threads(n):
    with pytest.raises(TypeError, match=f"^set_num_threads: n must be an integer, got {n!r}$"):
        pyloss.set_num_threads(n)


def test_the_default_is_what_the_process_may_use():
    code = "import pyloss; print(pyloss.get_num_threads())"
    assert 1 <= int(run_python(code).stdout) <= (os.cpu_count() or 1)
    if hasattr(os, "sched_setaffinity"):
        one = f"import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); {code}"
        assert run_python(one).stdout == "1\n"


def test_the_environment_sets_the_number():
    assert run_python("import pyloss; print(pyloss.get_num_threads())", PYLOSS_NUM_THREADS="3").stdout == "3\n"


def test_what_is_empty_in_the_environment_is_not_set():
    code = "import pyloss; pyloss.show_runtime()"
    empty, unset = run_python(code, PYLOSS_NUM_THREADS="", PYLOSS_ISA=""), run_python(code)
    assert empty.stdout == unset.stdout != ""


@pytest.mark.parametrize("wanted", ["0", "-1", "1025", "two", "1.5", " "])
def test_bad_numbers_in_the_environment(wanted):
    done = run_python("import pyloss", PYLOSS_NUM_THREADS=wanted)
    assert done.stderr.endswith(f"ImportError: PYLOSS_NUM_THREADS must be in [1, 1024], got {wanted!r}\n")
