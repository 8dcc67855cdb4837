"""Build: one Cython source of kernels, compiled for each precision and, on x86-64, for each ISA level.

PYLOSS_CHECKED=1 builds with bounds checks and sanitizers, for the tests; see .ci/run. PYLOSS_LEVELS=v3,v4 builds the kernels of these
ISA levels alone, for quick turns while working on them.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

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
CLANG = sys.platform == "darwin" or "clang" in (os.environ.get("CC") or sysconfig.get_config_var("CC") or "")

LEVELS = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
MSVC_LEVELS = {"v2": [], "v3": ["/arch:AVX2"], "v4": ["/arch:AVX512"]}
# A point that is not inlined into its loop is not vectorised: gcc's limits, on a unit's growth above all, are for less than a catalogue.
LIMITS = (
    "inline-unit-growth",
    "large-function-growth",
    "large-stack-frame",
    "large-stack-frame-growth",
    "max-inline-insns-single",
)
# Nor is a loop over many arrays vectorised, if more pairs of them might overlap than gcc is ready to check.
INLINED = [*(f"--param={limit}=10000" for limit in LIMITS), "--param=vect-max-version-for-alias-checks=100"]
# To clear 32 lanes by a memset takes longer than the loop, to jam two rounds of them spills what registers hold, and what a loop looks at
# beside its work would be read again by a loop of its own.
LOOPS = ["-fno-tree-loop-distribute-patterns", "-fno-loop-unroll-and-jam", "-fno-tree-loop-distribution"]
# A point's chains of operations are longer than the processor looks ahead: they are woven together before registers are assigned.
SCHEDULE = ["-fschedule-insns", "-fsched-pressure"]
FOR_GCC = [*INLINED, *LOOPS, *SCHEDULE]
# Exact arithmetic in the order written: no fast-math, no fused multiply-add but where real.h asks for it.
EXACT = ["/O2", "/fp:precise"] if MSVC else ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-g0"]
FLAGS = EXACT if MSVC or CLANG else [*EXACT, *FOR_GCC]
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
# Said here alone: a source that says them itself would overrule the checked build.
DIRECTIVES = {"boundscheck": CHECKED, "wraparound": False, "initializedcheck": CHECKED, "nonecheck": CHECKED}


def levels() -> dict[str, list[str]]:
    if not X86:
        return {"base": []}
    every = MSVC_LEVELS if MSVC else LEVELS
    wanted = os.environ.get("PYLOSS_LEVELS")
    return {level: every[level] for level in wanted.split(",")} if wanted else every


def write_if_changed(path: Path, text: str) -> None:
    """An untouched file is not compiled again."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


STEPS = 2  # the largest step of numbers that are summed where they lie
# What the sums of light points find out about the numbers they read.
LOOKS = ("LOOK_AT_SIGNS", "LOOK_FROM_0", "LOOK_FROM_0_TO")


class Points(NamedTuple):
    """A kind of points: where they are, what one gives, the loop over them in kernels.pyx and the type of its instances."""

    folder: str
    result: str
    loop: str
    block: str
    arguments: dict[str, str]
    outputs: tuple[str, ...]


def arrays(inputs: Sequence[str], results: Sequence[str]) -> dict[str, str]:
    """The arguments of a loop that reads and writes arrays."""
    arguments = {name: "const real*" for name in inputs} | {"parameters": "const double*", "scale": "double"}
    return arguments | {name: "output" for name in results} | {"n": "Py_ssize_t"}


POINTS = Points(
    "points",
    "Point",
    "each",
    "block_fn",
    arrays(("y", "p"), ("value", "grad", "hess")),
    ("VALUE", "GRAD", "VALUE_GRAD", "GRAD_HESS", "ALL"),
)
PAIRS = Points(
    "pairs",
    "PairPoint",
    "each_pair",
    "pair_block_fn",
    arrays(("y", "p", "q"), ("value", "grad_p", "hess_p", "grad_q", "hess_q")),
    ("VALUE", "GRAD", "VALUE_GRAD", "GRAD_HESS"),
)
LINKS = Points(
    "links",
    "Link",
    "each_link",
    "link_block_fn",
    {"shares": "Shares*", "parameters": "const double*", "n": "Py_ssize_t"},
    ("VALUE", "GRAD", "VALUE_GRAD", "GRAD_HESS"),
)


def names_of(files: Sequence[Path], pattern: str) -> list[str]:
    return [name for file in files for name in re.findall(pattern, file.read_text(), re.MULTILINE)]


def write_points(kind: Points) -> None:
    """Make every point of a folder known to the kernels: a loop for each of its outputs, and the table of the loops."""
    files = sorted((ROOT / "csrc" / kind.folder).glob("*.pxi"))
    names = names_of(files, rf"^cdef inline (?:{kind.result}|Light) (\w+)\([^)]*const real\* \w+\)")
    table = kind.folder.upper()
    declared = declaration(kind.arguments)
    lines = [f'include "{kind.folder}/{file.name}"' for file in files]
    lines += [
        f"cdef {kind.block}[{len(names)}][<int>OUTPUTS] {table}",
        f"cdef tuple {table[:-1]}_NAMES = {tuple(names)}",
    ]
    for number, name in enumerate(names):
        for output in kind.outputs:
            function = f"{kind.loop}_{name}_{output.lower()}"
            lines += [
                f"cdef void {function}({declared}) noexcept nogil:",
                f"    {kind.loop}({name}, {output}, {', '.join(kind.arguments)})",
                f"{table}[{number}][<int>{output}] = {function}",
            ]
    if kind is POINTS:
        light, usual = r"^cdef inline Light (\w+)\(", r"^cdef inline Usual (\w+)_usual\("
        lines += sums(names, names_of(files, light), names_of(files, usual))
    write_if_changed(GENERATED / f"{kind.folder}.pxi", "\n".join(lines) + "\n")


def declaration(arguments: dict[str, str]) -> str:
    return ", ".join(f"{ctype} {name}" for name, ctype in arguments.items())


def sums(names: Sequence[str], light: Sequence[str], usual: Sequence[str]) -> list[str]:
    """The loops that sum the values of light points, and of usual ones for those of their name; their table by the numbers of the points,
    outputs, steps and what they look for."""
    arguments = arrays(("y", "p"), ("grad",)) | {"far": "bint", "seen": "word*"}
    lines = [
        f"cdef sum_fn[{len(names)}][<int>OUTPUTS][{STEPS}][<int>LOOKS] SUMS",
        f"cdef bint[{len(names)}] USUAL = [{', '.join(str(int(name in usual)) for name in names)}]",
    ]
    plain = product((*light, *usual), ("VALUE", "VALUE_GRAD"), range(1, STEPS + 1), ["NO_LOOK"])
    for name, output, step, look in (*plain, *product(light, ("VALUE", "VALUE_GRAD"), [1], LOOKS)):
        function = f"sum_{name}_{output.lower()}_by_{step}_{look.lower()}"
        point = f"{name}_usual" if name in usual else name
        lines += [
            f"cdef double {function}({declaration(arguments)}) noexcept nogil:",
            f"    return sum_each({point}, {output}, {step}, {look}, {', '.join(arguments)})",
            f"SUMS[{names.index(name)}][<int>{output}][{step - 1}][<int>{look}] = {function}",
        ]
    return lines


def write_rows() -> None:
    """Make every kernel of csrc/rows known: what takes a range of blocks of rows. A link is the softmax's kernel with that link."""
    files = sorted((ROOT / "csrc" / "rows").glob("*.pxi"))
    names = names_of(
        files, r"^cdef void (\w+)\(const Call\* call, Py_ssize_t first, Py_ssize_t last, Partial\* partial\)"
    )
    lines = [f'include "rows/{file.name}"' for file in files]
    links = names_of(sorted((ROOT / "csrc" / "links").glob("*.pxi")), r"^cdef inline Link (\w+)\(")
    for number, name in enumerate(links):
        lines += [
            f"cdef void {name}_rows(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:",
            f"    softmax_links(call, LINKS[{number}], first, last, partial)",
        ]
    lines += [f"cdef range_fn[{len(names) + len(links)}] ROW_KERNELS", f"cdef tuple ROW_NAMES = {(*names, *links)}"]
    kernels = [*names, *(f"{name}_rows" for name in links)]
    lines += [f"ROW_KERNELS[{number}] = {kernel}" for number, kernel in enumerate(kernels)]
    write_if_changed(GENERATED / "row_kernels.pxi", "\n".join(lines) + "\n")


def extension(name: str, source: str, flags: Sequence[str] = (), link: Sequence[str] = (), bits: int = 64) -> Extension:
    checks = SANITIZERS if CHECKED and not MSVC else []
    return Extension(
        f"pyloss.{name}",
        [f"csrc/{source}.pyx"],
        include_dirs=["csrc", "pyloss/include", np.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), ("REAL_BITS", str(bits))],
        extra_compile_args=[*FLAGS, *flags, *checks],
        extra_link_args=[*link, *checks],
        depends=[
            "setup.py",
            "pyloss/include/pyloss.h",
            *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "csrc").rglob("*.*"))),
        ],
    )


def extensions() -> list[Extension]:
    kernels = [
        extension(f"_kernels.{level}_f{bits}", "kernels", flags, bits=bits)
        for level, flags in levels().items()
        for bits in (32, 64)
    ]
    threads = [] if MSVC else ["-pthread"]
    return [extension("_engine", "engine", threads, threads), *kernels]


class Build(build_ext):
    """Translate each Cython source once, and give every extension made of it a C file of its own that includes the translation."""

    def build_extensions(self) -> None:
        write_points(POINTS)
        write_points(PAIRS)
        write_points(LINKS)
        write_rows()
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
