"""What must be in an sdist, in a wheel and in an installed pyloss: derived from the tree."""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pyloss._runtime import LEVELS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (".py", ".pyi", ".pxd", ".h")
MODULE = re.compile(r"(pyloss/[\w/]+)(\.[\w-]+)?\.(so|pyd)")


def tracked() -> set[str]:
    """What git knows."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    return {name for name in listed.split("\0") if name}


def sources() -> set[str]:
    """What a wheel takes from the tree as it is; the stubs of the kernels are copies that the build makes."""
    found = {path.relative_to(ROOT) for path in (ROOT / "pyloss").rglob("*")}
    kept = {path for path in found if path.suffix in SOURCES or path.name == "py.typed"}
    return {path.as_posix() for path in kept if path.match("pyloss/_kernels/*.py") or path.parent.name != "_kernels"}


def modules(names: Iterable[str]) -> set[str]:
    """The compiled modules among files, without the tag of their Python."""
    return {match[1] for match in map(MODULE.fullmatch, names) if match}


def expected_modules(levels: Iterable[str]) -> set[str]:
    kernels = {f"pyloss/_kernels/{level}_f{bits}" for level in levels for bits in (32, 64)}
    return {"pyloss/_engine", *kernels}


def levels_of(compiled: Iterable[str]) -> set[str]:
    return {level for level in LEVELS for name in compiled if name.startswith(f"pyloss/_kernels/{level}_")}


def built_levels() -> set[str]:
    """The ISA levels that setup.py builds for x86-64."""
    return set(os.environ.get("PYLOSS_LEVELS", "v2,v3,v4").split(","))


def check_package(names: Iterable[str], levels: Iterable[str]) -> None:
    """The files of an installed package: all sources, all compiled modules with their stubs, and nothing else."""
    names = set(names)
    compiled = {name for name in names if MODULE.fullmatch(name)}
    assert modules(compiled) == expected_modules(levels)
    assert len(compiled) == len(modules(compiled)), "a module that was compiled twice"
    stubs = {f"{module}.pyi" for module in modules(compiled) if module.startswith("pyloss/_kernels/")}
    assert names - compiled == sources() | stubs
