"""The environment of a process that measures."""

from pathlib import Path

from conftest import BLAS_THREADS


def settings(threads: int, level: str | None, out: Path) -> dict[str, str]:
    """What the libraries read when they are imported; without a level pyloss takes its best."""
    one_thread = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"} if threads == 1 else {}
    chosen = {"PYLOSS_ISA": level} if level else {}
    return {
        **dict.fromkeys((*BLAS_THREADS, "NUMBA_NUM_THREADS", "PYLOSS_NUM_THREADS"), str(threads)),
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
        "TORCHINDUCTOR_CACHE_DIR": str(out.resolve() / "inductor"),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no compilers that wait in the background
        **one_thread,
        **chosen,
    }
