"""Every loss between pages that must not be touched: at every size from 0 to 257, in every layout, at every offset from either page."""

import subprocess
import sys
from pathlib import Path

import pytest
from guarded import TURNS
from variants import EVERY

GUARDED = Path(__file__).parents[1] / "guarded.py"


@pytest.mark.skipif(sys.platform == "win32", reason="protects pages as POSIX does")
@pytest.mark.parametrize("stem", dict.fromkeys(form.stem for form in EVERY))
def test_nothing_is_touched_beyond_the_arrays(stem):
    command = [sys.executable, GUARDED, "1", str(TURNS), stem]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} {done.stdout[-80:]} {done.stderr[-2000:]}"
