"""What a call costs in memory: next to nothing beside its result, whatever the inputs; and nothing stays behind."""

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from layouts import LAYOUTS
from variants import VARIANTS, data, weights

import pyloss

every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
MEGABYTE = 1 << 20
HERE = Path(__file__).parent


def big(variant):
    """Strided, mixed and swapped arrays of some megabytes each: copies of any would show."""
    shape = (400_000, 5) if variant.rowwise else (2_000_000,)
    y, p = data(variant, (shape[0] // 100, *shape[1:]))
    tile = (100, *[1] * (len(shape) - 1))
    y, p = np.tile(y, tile[: y.ndim]), np.tile(p, tile)
    truth = y.astype(np.int32 if variant.labels else np.float16)
    weight = np.tile(weights((shape[0] // 100,)), 100).astype(np.float32)
    return LAYOUTS["step_two"](truth), LAYOUTS["swapped"](p.astype(np.float32))[::-1], LAYOUTS["negative"](weight)


@pytest.mark.optimized
@pytest.mark.parametrize("threads", [1, 2])
@every_variant
def test_no_copies(variant, threads):
    y, p, w = big(variant)
    out, hess = np.zeros(p.shape, np.float16), np.zeros(p.shape, np.float64)
    calls = [
        lambda: variant()(y, p, w),
        lambda: variant().grad(y, p, w, out=out),
        lambda: variant().value_and_grad(y, p, w, out=hess),
    ]
    if variant.has_hess:
        calls.append(lambda: variant().grad_and_hess(y, p, w, out=(out, hess)))
    with pyloss.threads(threads):
        for call in calls:
            call()
            tracemalloc.start()
            call()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < MEGABYTE


RSS = """
import sys
import numpy as np, pyloss
from resource import RUSAGE_SELF, getrusage
from test_memory import big
from variants import VARIANTS

variants = [variant for variant in VARIANTS if variant.stem == sys.argv[1]]
arrays = [big(variant) for variant in variants]
out = np.ones(max((a[1].shape for a in arrays)), np.float32)
out[...] = 0
pyloss.set_num_threads(2)
for round in range(2):
    before = getrusage(RUSAGE_SELF).ru_maxrss
    for variant, (y, p, w) in zip(variants, arrays):
        variant()(y, p, w)
        variant().value_and_grad(y, p, w, out=out)
print(getrusage(RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.optimized
@pytest.mark.skipif(sys.platform != "linux", reason="asks for the resident memory in kilobytes")
@pytest.mark.parametrize("stem", dict.fromkeys(variant.stem for variant in VARIANTS))
def test_resident_memory(stem):
    """What the kernels allocate themselves is seen by the operating system alone. The threads' stacks come before."""
    done = subprocess.run([sys.executable, "-c", RSS, stem], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 2 * 1024


def provoke(loss, y, p, out):
    """Calls that fail at every stage."""
    for arguments, keywords in (
        ((y, p, -np.ones(len(p))), {}),
        ((y, p[:-1]), {}),
        ((y, p.astype(complex)), {}),
        ((None, p), {}),
        ((y, p, np.ones(3)), {}),
        ((y, p), {"out": out[:-1]}),
        ((y, p), {"out": np.zeros(out.shape, int)}),
        ((np.full_like(y, 99), p), {"out": out}),
    ):
        try:
            loss.grad(*arguments, **keywords)
        except (TypeError, ValueError, IndexError):
            continue


def exercise(variant, y, p, w, out):
    loss = variant()
    loss.value_and_grad(y, p, w, out=out)
    loss.grad(y.tolist(), np.ma.masked_array(p, p > 0.75), w)
    variant(reduction="none").value_and_grad(y, p, w)
    getattr(pyloss, variant.stem)(y, p, **variant.parameters)
    if variant.has_hess:
        loss.grad_and_hess(y, p, w, out=(out, None))
    buffer = np.concatenate([p, p[:1]])
    loss.grad(y, buffer[:-1], out=buffer[1:])
    provoke(loss, y, p, out)


def growth_of(call, times):
    """In objects: caches fill now and then, but what leaks grows every time."""
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        call()
    gc.collect()
    return sys.getallocatedblocks() - before


@every_variant
def test_nothing_stays_behind(variant):
    """Neither references to the arguments nor memory, also where a call fails."""
    arguments = (*data(variant, (300, 4)), weights((300,)), np.zeros((300, 4)))
    exercise(variant, *arguments)
    references = [sys.getrefcount(array) for array in arguments]
    assert any(growth_of(lambda: exercise(variant, *arguments), 50) < 50 for _ in range(5))
    assert [sys.getrefcount(array) for array in arguments] == references


@pytest.mark.skipif(sys.platform == "win32", reason="protects pages as POSIX does")
def test_nothing_is_touched_beyond_the_arrays():
    done = subprocess.run([sys.executable, HERE / "guarded.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} {done.stderr}"
