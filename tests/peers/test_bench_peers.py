"""`make bench-peers` from end to end, on tiny cells: every library computes the same, is timed, and is in the report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyloss._runtime import LEVEL, available_cpus

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LIBRARIES = {"pyloss", "numpy", "torch", "torch.compile", "jax", "numba", "scikit-learn"}


def run(out, *arguments):
    """What it printed, and the cells."""
    path = os.pathsep.join(filter(None, [str(BENCHMARKS), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "peers", f"--levels={LEVEL}", "--budget=0.01", f"--out={out}", *arguments]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_every_library(tmp_path):
    chosen = "--threads=1", "--only=^(mse|sparse_cce_from_logits)-value_and_grad-float32", "--sizes=32,1000x10"
    printed, cells = run(tmp_path, *chosen)
    assert [cell["size"] for cell in cells] == ["32", "1000x10"]
    for cell in cells:
        assert not cell["failures"]
        assert set(cell["seconds"]) == LIBRARIES
        assert min(*cell["seconds"].values(), *cell["floor"].values()) > 0
    assert "geometric mean" in printed
    table = (tmp_path / "table.md").read_text()
    assert "| `mse` |" in table
    assert "| loss | 32 |" in table
    again, cells = run(tmp_path, *chosen)
    assert len(cells) == 2, again


@pytest.mark.skipif(available_cpus() < 2, reason="there is one processor")
def test_two_threads(tmp_path):
    without = "--without=torch.compile,jax,torch"
    _, cells = run(tmp_path, "--threads=2", "--only=^bce.*-value_and_grad_fresh-float64", "--sizes=100000", without)
    assert [(cell["threads"], cell["failures"]) for cell in cells] == [(2, {})]
    assert set(cells[0]["seconds"]) == {"pyloss", "numpy", "numba", "scikit-learn"}


LOOP = """
import os
from pathlib import Path
from peers.settings import settings
os.environ.update(settings(1, "v3", Path()))
import numba, numpy as np
@numba.njit(fastmath=True)
def total(x, y):
    sum = np.float32(0)
    for i in range(x.size):
        sum += (x[i] - y[i]) * (x[i] - y[i])
    return sum
x = np.ones(100, np.float32)
total(x, x)
(code,) = total.inspect_asm().values()
print("zmm" in code, "ymm" in code)
"""


@pytest.mark.skipif(LEVEL not in ("v3", "v4"), reason="there is no AVX2")
def test_at_v3_numba_has_avx2_and_no_more():
    environment = os.environ | {"PYTHONPATH": str(BENCHMARKS)}
    done = subprocess.run([sys.executable, "-c", LOOP], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr
