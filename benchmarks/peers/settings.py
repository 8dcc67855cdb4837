"""The environment of a process that measures."""

from pathlib import Path

from conftest import BLAS_THREADS

AVX2 = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt,+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt",
}
"""What keeps the other libraries to AVX2 on a processor with AVX-512, where pyloss is measured at v3."""


def settings(threads: int, level: str | None, out: Path) -> dict[str, str]:
    """What the libraries read when they are imported; without a level pyloss takes its best."""
    xla = ["--xla_cpu_multi_thread_eigen=false"] * (threads == 1) + ["--xla_cpu_max_isa=AVX2"] * (level == "v3")
    chosen = {"PYLOSS_ISA": level} if level else {}
    return {
        **dict.fromkeys((*BLAS_THREADS, "NUMBA_NUM_THREADS", "PYLOSS_NUM_THREADS"), str(threads)),
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
        # One for each level: what inductor compiled under another is taken for its own, and computes something else or crashes.
        "TORCHINDUCTOR_CACHE_DIR": str(out.resolve() / "inductor" / (level or "best")),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no compilers that wait in the background
        **({"XLA_FLAGS": " ".join(xla)} if xla else {}),
        **(AVX2 if level == "v3" else {}),
        **chosen,
    }
