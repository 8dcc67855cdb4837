"""Where memory runs out: a MemoryError, and nothing is lost."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILER = shutil.which("gcc") or shutil.which("cc")

pytestmark = [
    pytest.mark.optimized,  # the checked build has an allocator of its own
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc" or not COMPILER, reason="wraps the allocator of glibc"),
]


def run_faults(folder: Path, *stems: str) -> None:
    library = folder / "faults.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, HERE / "faults.c"], check=True)
    environment = os.environ | {"LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"}
    command = [sys.executable, HERE / "faults.py", *stems]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} {done.stdout[-80:]} {done.stderr[-2000:]}"


def test_every_allocation_fails_in_turn(tmp_path):
    """Whether it is Python's, NumPy's or the engine's, with and without threads."""
    run_faults(tmp_path)
