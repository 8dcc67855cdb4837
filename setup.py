"""Build: one Cython source of kernels, compiled for each precision and, on x86-64, for each ISA level.

PYLOSS_CHECKED=1 builds with bounds checks and sanitizers, for the tests; see .ci/run.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
CHECKED = os.environ.get("PYLOSS_CHECKED") == "1"
# Objects of one kind of build must not be taken for those of the other.
BUILD = Path("build", "checked" if CHECKED else "release")
GENERATED = ROOT / BUILD / "generated"
X86 = sysconfig.get_platform().endswith(("x86_64", "amd64"))  # what is built for; universal2 is not
MSVC = sys.platform == "win32"

LEVELS = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
MSVC_LEVELS = {"v2": [], "v3": ["/arch:AVX2"], "v4": ["/arch:AVX512"]}
# Exact arithmetic in the order written: no fast-math, no fused multiply-add but where real.h asks for it.
FLAGS = ["/O2", "/fp:precise"] if MSVC else ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-g0"]
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
# Said here alone: a source that says them itself would overrule the checked build.
DIRECTIVES = {"boundscheck": CHECKED, "wraparound": False, "initializedcheck": CHECKED, "nonecheck": CHECKED}


def levels() -> dict[str, list[str]]:
    if not X86:
        return {"base": []}
    return MSVC_LEVELS if MSVC else LEVELS


def write_if_changed(path: Path, text: str) -> None:
    """An untouched file is not compiled again."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def write_points() -> None:
    """Make every point of csrc/points known to the kernels: five loops a point, and their table."""
    outputs = ("VALUE", "GRAD", "VALUE_GRAD", "GRAD_HESS", "ALL")
    files = sorted((ROOT / "csrc" / "points").glob("*.pxi"))
    names = [
        name for file in files for name in re.findall(r"^cdef inline Point (\w+)\(", file.read_text(), re.MULTILINE)
    ]
    lines = [f'include "points/{file.name}"' for file in files]
    lines += [f"cdef block_fn[{len(names)}][<int>OUTPUTS] POINTS", f"cdef tuple POINT_NAMES = {tuple(names)}"]
    for number, name in enumerate(names):
        for output in outputs:
            loop = f"each_{name}_{output.lower()}"
            lines += [
                f"cdef void {loop}(const real* y, const real* p, const double* parameters, double scale,",
                "        real* value, real* grad, real* hess, Py_ssize_t n) noexcept nogil:",
                f"    each({name}, {output}, y, p, parameters, scale, value, grad, hess, n)",
                f"POINTS[{number}][<int>{output}] = {loop}",
            ]
    write_if_changed(GENERATED / "points.pxi", "\n".join(lines) + "\n")


def extension(name: str, source: str, flags: Sequence[str] = (), link: Sequence[str] = (), bits: int = 64) -> Extension:
    checks = SANITIZERS if CHECKED and not MSVC else []
    return Extension(
        f"pyloss.{name}",
        [f"csrc/{source}.pyx"],
        include_dirs=["csrc", np.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), ("REAL_BITS", str(bits))],
        extra_compile_args=[*FLAGS, *flags, *checks],
        extra_link_args=[*link, *checks],
        depends=["setup.py", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "csrc").rglob("*.*")))],
    )


def extensions() -> list[Extension]:
    openmp = ["/openmp"] if MSVC else ["-fopenmp"]
    kernels = [
        extension(f"_kernels.{level}_f{bits}", "kernels", flags, bits=bits)
        for level, flags in levels().items()
        for bits in (32, 64)
    ]
    # Apple's compiler has no OpenMP: there pyloss is serial.
    parallel = [] if sys.platform == "darwin" else [extension("_parallel", "parallel", openmp, openmp)]
    return [extension("_engine", "engine"), *parallel, *kernels]


class Build(build_ext):
    """Translate each Cython source once, and give every extension made of it a C file of its own that includes the translation."""

    def build_extensions(self) -> None:
        write_points()
        sources = sorted({extension.sources[0] for extension in self.extensions})
        translated = cythonize(
            [Extension(f"pyloss._{Path(source).stem}", [source]) for source in sources],
            build_dir=str(GENERATED),
            include_path=["csrc", str(GENERATED)],
            compiler_directives=DIRECTIVES,
            force=self.force,
        )
        c_files = {Path(extension.sources[0]).stem: Path(extension.sources[0]).resolve() for extension in translated}
        for extension in self.extensions:
            stem, name = Path(extension.sources[0]).stem, extension.name.rpartition(".")[2]
            wrapper = GENERATED / f"{name}.c"
            write_if_changed(wrapper, f'#define PyInit__{stem} PyInit_{name}\n#include "{c_files[stem]}"\n')
            extension.sources = [str(wrapper.relative_to(ROOT))]
            extension.depends.append(str(c_files[stem]))
            if stem == "kernels":
                stub = Path(self.get_ext_fullpath(extension.name)).parent / f"{name}.pyi"
                write_if_changed(stub, (ROOT / "csrc" / "kernels.pyi").read_text())
        super().build_extensions()


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": Build},
    options={"build": {"build_base": str(BUILD)}, "build_ext": {"parallel": os.cpu_count()}},
)
