"""What `make wheels` has put into dist/: the files, the metadata, and each wheel where there is no compiler and nothing but NumPy.

NumPy comes from pip's index, and so does what a build needs.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from package_files import ROOT, built_levels, check_package, tracked

sys.path.insert(0, str(ROOT / ".ci"))
from wheels import pythons

DIST = ROOT / "dist"
WHEELS = sorted(DIST.glob("*.whl"))
SDISTS = sorted(DIST.glob("*.tar.gz"))
REPOSITORY = (ROOT / ".git").exists()
every_wheel = pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.name)
made = pytest.mark.skipif(not WHEELS, reason="dist/ is empty: `make wheels` fills it")
in_the_repository = pytest.mark.skipif(not REPOSITORY, reason="the repository is not there")

NOT_PACKED = {".gitattributes", ".gitignore"}
GENERATED = re.compile(r"PKG-INFO|setup\.cfg|pyloss\.egg-info/[\w.-]+")


def python_of(wheel: Path) -> Path:
    major, minor = re.search(r"-cp(\d)(\d+)-cp\1\2-", wheel.name).groups()
    return pythons()[int(major), int(minor)]


# Files ----------------------------------------------------------------------------------------------------------------


@made
def test_there_is_a_wheel_for_every_python_and_one_sdist():
    assert len(SDISTS) == 1
    assert [python_of(wheel) for wheel in WHEELS] == list(pythons().values())


@made
@in_the_repository
def test_the_sdist_holds_what_is_tracked():
    """Byte for byte; no generated C, nothing that was built."""
    with tarfile.open(SDISTS[0]) as sdist:
        files = {name.partition("/")[2]: sdist.extractfile(name).read() for name in sdist.getnames()}
    kept = {name: content for name, content in files.items() if not GENERATED.fullmatch(name)}
    assert set(kept) == tracked() - NOT_PACKED
    assert [name for name, content in kept.items() if content != (ROOT / name).read_bytes()] == []


@made
@every_wheel
def test_the_wheel_holds_the_package(wheel):
    """Every source of the tree byte for byte, every compiled module, the metadata; and no library of others."""
    with ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    package = {name: content for name, content in files.items() if name.startswith("pyloss/")}
    check_package(package, built_levels())
    beside = {name.partition("/")[2] if "dist-info" in name else name for name in set(files) - set(package)}
    expected = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
    assert beside - {"sboms/auditwheel.cdx.json"} == expected
    in_tree = {name: content for name, content in package.items() if (ROOT / name).suffix in (".py", ".h", ".pxd")}
    assert [name for name, content in in_tree.items() if content != (ROOT / name).read_bytes()] == []


@made
def test_the_metadata_are_fit_for_an_index():
    """The README renders too."""
    pytest.importorskip("twine")
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *SDISTS, *WHEELS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == len(SDISTS) + len(WHEELS)


# Use ------------------------------------------------------------------------------------------------------------------


@made
@every_wheel
def test_in_a_clean_environment(wheel, tmp_path):
    """The wheel asks for NumPy alone, and no compiler is in reach."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python_of(wheel), "-m", "venv", python.parents[1]], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "numpy"], check=True)
    environment = {"PATH": str(python.parent), "PYTHONPATH": str(ROOT / "tests"), "HOME": str(tmp_path)}
    assert not any(shutil.which(tool, path=environment["PATH"]) for tool in ("cc", "gcc", "clang", "make", "ld"))

    def run(*command: str | Path, **more: str) -> str:
        done = subprocess.run(
            [python, "-B", *command], cwd=tmp_path, env=environment | more, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "pip", "install", "--no-index", wheel)
    assert run("-m", "pip", "check") == "No broken requirements found.\n"
    levels = run("-c", "from pyloss._runtime import available_levels as a; print(*a())").split()
    for level in levels:
        assert run(ROOT / "tests" / "torture" / "smoke.py", PYLOSS_ISA=level) == f"{level}\n"


# The same commit, the same bytes --------------------------------------------------------------------------------------


@in_the_repository
@pytest.mark.large
def test_two_builds_are_the_same(tmp_path):
    """In other folders, in another time zone, by a user whose new files are private. One ISA level, since it takes minutes."""
    for needed in ("build", "auditwheel") if sys.platform == "linux" else ("build",):
        pytest.importorskip(needed)
    circumstances = [
        ("a", 0o022, {"TZ": "UTC"}),
        ("another/folder", 0o077, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}),
    ]
    builds = []
    for folder, umask, environment in circumstances:
        tree = tmp_path / folder
        subprocess.run(["git", "clone", "--quiet", ROOT, tree], check=True, umask=umask)
        environment = {**os.environ, "PYLOSS_LEVELS": "v3", **environment}
        command = [sys.executable, ".ci/wheels.py", "--this"]
        subprocess.run(command, cwd=tree, env=environment, check=True, umask=umask)
        builds.append(sorted((tree / "dist").iterdir()))
    assert len(builds[0]) == 2
    for first, second in zip(*builds, strict=True):
        assert first.name == second.name
        assert sha256(first.read_bytes()).digest() == sha256(second.read_bytes()).digest(), differing(first, second)


def differing(first: Path, second: Path) -> list[str]:
    """The files in two archives that are not the same, with their time stamps and modes."""
    one, other = contents(first), contents(second)
    return [f"{first.name}: order or compression"] if one == other else sorted({n for n, *_ in one ^ other})


def contents(archive: Path) -> set[tuple[str, object, int, bytes]]:
    if archive.suffix == ".whl":
        with ZipFile(archive) as wheel:
            return {(i.filename, i.date_time, i.external_attr, wheel.read(i)) for i in wheel.infolist()}
    with tarfile.open(archive) as sdist:
        return {(i.name, i.mtime, i.mode, sdist.extractfile(i).read()) for i in sdist}
