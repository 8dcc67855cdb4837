"""What a call costs in memory: next to nothing beside its result, whatever the inputs; and nothing stays behind."""

import gc
import subprocess
import sys
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from inputs import inputs, into_outs, leaves
from layouts import LAYOUTS
from variants import EVERY, VARIANTS, Variant, data, weights

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
            assert any(peak_of(call) < MEGABYTE for _ in range(3))


def peak_of(call):
    """A copy shows every time; what the runner of the tests receives meanwhile, on a thread of its own, does not."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


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


def each(function, pred):
    """Of each prediction."""
    return tuple(map(function, pred)) if isinstance(pred, tuple) else function(pred)


def zeros(like, role=None):
    return np.zeros(np.shape(like), np.float32)


def refused(loss, y, p, w):
    """Calls that fail at every stage."""
    for arguments, keywords in (
        ((y, p, -1 - w), {}),
        ((y, each(lambda part: part[:-1], p)), {}),
        ((y, each(lambda part: part.astype(complex), p)), {}),
        ((None, p), {}),
        ((y, None), {}),
        ((y, p, w[:3]), {}),
        ((y, p), {"out": each(lambda part: zeros(part)[:-1], p)}),
        ((y, p), {"out": each(lambda part: np.zeros(part.shape, int), p)}),
        ((None if y is None else np.full_like(y, 99), p), {"out": each(zeros, p)}),
    ):
        yield partial(loss.grad, *arguments, **keywords)


def every_call(losses, y, p, w):
    """Every way in and out, and calls that fail. Their arguments are made once, since NumPy keeps something of some."""
    for loss in losses:
        yield partial(loss.grad, y, p, w)
        yield from into_outs(loss, (y, p, w), zeros)
    lists = y if y is None else y.tolist()
    yield partial(loss.grad, lists, each(lambda part: np.ma.masked_array(part, part > 0.75), p), w)
    buffers = each(lambda part: np.concatenate([part, part[:1]]), p)
    yield partial(loss.grad, y, each(lambda part: part[:-1], buffers), out=each(lambda part: part[1:], buffers))
    yield from refused(loss, y, p, w)


def exercise(calls):
    for call in calls:
        try:
            call()
        except (TypeError, ValueError, IndexError):
            continue


def references(*arguments):
    """Also to what all calls have in common; but for dtypes, of which NumPy's `empty` loses references."""
    return sum(map(sys.getrefcount, (*leaves(arguments), None, True)))


def growth_of(calls, times, *arguments):
    """In objects and references: caches fill now and then, but what leaks grows every time."""
    gc.collect()
    before = sys.getallocatedblocks(), references(*arguments)
    for _ in range(times):
        exercise(calls)
    gc.collect()
    return max(sys.getallocatedblocks() - before[0], references(*arguments) - before[1])


SUMS = {
    "sum": lambda **more: pyloss.Sum(
        [(1.0, pyloss.Huber(**more)), (0.5, pyloss.MSE(**more)), (0.0, pyloss.MAE(**more))]
    )
}
MAKERS = {str(variant): variant for variant in EVERY} | SUMS


def arguments_for(make, rows):
    return inputs(make if isinstance(make, Variant) else EVERY[0], (rows, 4))


@pytest.fixture(scope="module")
def frozen():
    """What there was before is not gone through each time that rubbish is collected."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_nothing_stays_behind(make):
    """Neither references to the arguments nor memory, also where a call fails."""
    arguments = arguments_for(make, 40)
    arrays = [leaf for leaf in leaves(arguments) if leaf is not None]
    calls = list(every_call((make(reduction="none"), make()), *arguments))
    exercise(calls)
    before = list(map(sys.getrefcount, arrays))
    assert any(growth_of(calls, 20, *arguments) < 20 for _ in range(20))
    assert list(map(sys.getrefcount, arrays)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="protects pages as POSIX does")
def test_nothing_is_touched_beyond_the_arrays():
    command = [sys.executable, HERE / "guarded.py", "16", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode} {done.stdout[-80:]} {done.stderr[-2000:]}"
