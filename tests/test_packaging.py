"""What is installed, and what importing it loads. The wheels themselves are in torture/test_wheels.py."""

import json
import subprocess
import sys
from importlib.metadata import distribution

import pytest
from package_files import ROOT, check_package, levels_of, modules

import pyloss
from pyloss._runtime import LEVEL

INSTALLED = distribution("pyloss")
EDITABLE = "editable" in json.loads(INSTALLED.read_text("direct_url.json") or "{}").get("dir_info", {})
from_a_wheel = pytest.mark.skipif(
    INSTALLED.read_text("RECORD") is None or EDITABLE, reason="pyloss was built in place, not installed from a wheel"
)
from_the_tree = pytest.mark.skipif(not (ROOT / "pyloss").exists(), reason="the sources are not there")


# Files ----------------------------------------------------------------------------------------------------------------


@from_a_wheel
@from_the_tree
def test_the_installed_files():
    """Every module, stub and header of the tree, every compiled module; no Cython, no C, no tests."""
    names = {file.as_posix() for file in INSTALLED.files}
    package = {name for name in names if name.startswith("pyloss/") and "__pycache__" not in name}
    levels = levels_of(modules(package))
    assert LEVEL in levels
    check_package(package, levels)


@from_a_wheel
def test_nothing_is_installed_beside_the_package():
    folders = {file.parts[0] for file in INSTALLED.files if ".." not in file.parts}
    assert folders - {"pyloss.libs"} == {"pyloss", f"pyloss-{pyloss.__version__}.dist-info"}
    beside = {file.name for file in INSTALLED.files if ".." in file.parts}
    assert {name.removesuffix(".exe") for name in beside} == {"pyloss"}  # the command


@from_a_wheel
def test_the_license_is_installed():
    (text,) = (file.read_text() for file in INSTALLED.files if file.name == "LICENSE")
    assert text.startswith("BSD 3-Clause License")


# Metadata -------------------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_distribution():
    assert INSTALLED.version == pyloss.__version__


def test_numpy_is_all_that_is_required():
    required = [line for line in INSTALLED.requires if "extra ==" not in line]
    assert [line.partition(">")[0] for line in required] == ["numpy"]


def test_this_python_is_among_the_classifiers():
    classifiers = INSTALLED.metadata.get_all("Classifier")
    assert f"Programming Language :: Python :: {sys.version_info.major}.{sys.version_info.minor}" in classifiers
    assert len(classifiers) == len(set(classifiers))


# The import -----------------------------------------------------------------------------------------------------------


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has after a line of code."""
    return set(run(f"import sys; {code}; print(*sys.modules)").split())


def test_import_loads_nothing_but_numpy_and_the_standard_library():
    """Neither does the first loss, with which the others and their functions come."""
    numpy, early, late = (loaded(f"import numpy{more}") for more in ("", ", pyloss", ", pyloss; pyloss.Huber"))
    new = {name.partition(".")[0] for name in late - numpy}
    # Cython's modules of the types that extensions share.
    assert {name for name in new - sys.stdlib_module_names if "cython" not in name} == {"numpy", "pyloss"}
    assert {"pyloss._engine", f"pyloss._kernels.{LEVEL}_f64"} <= early
    assert {"pyloss.losses.regression", "pyloss._functions"} <= late - early
    assert not {name for name in late if name.startswith(("pyloss.cli", "pyloss.reference"))}


@pytest.mark.parametrize("name", ["mse", "losses", "reference"])
def test_any_name_may_be_the_first(name):
    run(f"import pyloss; assert '{name}' not in vars(pyloss); pyloss.{name}; from pyloss import *; print({name})")


def test_names_that_do_not_exist():
    for name in ("mean_squared_error", "_nothing"):
        with pytest.raises(AttributeError, match=f"^module 'pyloss' has no attribute '{name}'$"):
            getattr(pyloss, name)


def test_names_are_listed_once():
    names = run("import pyloss; print(*dir(pyloss))").split()
    assert len(names) == len(set(names))
    assert set(pyloss.__all__) <= set(names)


def test_what_is_put_in_the_place_of_a_name_stays():
    run("import pyloss; pyloss.MSE; pyloss.check = 5; hasattr(pyloss, 'nothing'); assert pyloss.check == 5")


def test_threads_may_unpickle_while_others_ask_for_the_first_name():
    code = """
import threading, pyloss
names = [f"pyloss.losses.{name}" for name in ("regression", "binary", "robust", "counts")]
barrier = threading.Barrier(8)
errors = []
def ask(k):
    barrier.wait()
    try:
        __import__(names[k // 2]) if k % 2 else pyloss.Huber
    except Exception as error:
        errors.append(error)
threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(errors)
"""
    for _ in range(4):
        assert run(code) == "[]\n"


def test_threads_may_ask_for_the_first_name_together():
    code = """
import concurrent.futures, threading, pyloss
barrier = threading.Barrier(8)
def first(_):
    barrier.wait()
    return pyloss.Huber, len(pyloss.LOSSES)
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(len(set(pool.map(first, range(8)))))
"""
    assert run(code) == "1\n"
