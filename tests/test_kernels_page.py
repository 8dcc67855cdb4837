"""The examples of docs/kernels.md: taken from the page and run, in the order in which they stand there."""

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_kernels import BUILDING, COMPILER, compiles

import pyloss

PAGE = (Path(__file__).parents[1] / "docs" / "kernels.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {name: text for _, text in BLOCKS for name in re.findall(r"\A(?:# |/\* )(\w+\.\w+)", text)}
COMMANDS = [shlex.split(text) for language, text in BLOCKS if language == "console"]
PROGRAMS = [name for name in FILES if name.endswith(".py") and name != "setup.py"]

pytestmark = [compiles, pytest.mark.optimized]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All files of the page, and what its commands make of them."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    programs = {"cc": COMPILER, "python": sys.executable}
    for program, *arguments in COMMANDS:
        subprocess.run([programs[program], *arguments], cwd=folder, check=True, env=BUILDING, capture_output=True)
    return folder


def linex(y_true, y_pred, a=0.5):
    z = a * (y_pred - y_true)
    return np.mean(np.expm1(z) - z)


def test_the_page_has_the_examples():
    assert len(COMMANDS) == 2
    assert PROGRAMS == ["linex_numba.py", "linex_ctypes.py", "use_linex_cython.py", "use_descent.py", "use_total.py"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_example(program, folder, monkeypatch, capsys):
    if "numba" in program:
        pytest.importorskip("numba", reason="numba has no release for this Python")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    runpy.run_path(program)
    said = capsys.readouterr().out
    if "linex" in program:
        value, verdict = said.splitlines()[:2]
        assert float(value) == pytest.approx(linex(*np.random.default_rng(0).normal(size=(2, 100))), rel=1e-14)
        assert verdict == "linex: value, gradient and Hessian agree"
    elif "total" in program:
        assert len(set(said.splitlines())) == 1
    else:
        assert float(said) == pytest.approx(3, abs=0.1)


def test_the_answers_in_c(folder, monkeypatch):
    """What the page's module raises is what the API has set, or what it says of a number."""
    monkeypatch.syspath_prepend(folder)
    import total

    with pytest.raises(TypeError, match="elementwise"):
        total.total(pyloss.Dice(), np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"^bce: number 1 is out of its domain$"):
        total.total(pyloss.BCE(), np.zeros(3), np.array([0.5, 1.5, 0.5]))
    with pytest.raises(ValueError, match="one length"):
        total.total(pyloss.BCE(), np.zeros(3), np.zeros(2))


def test_the_table_of_the_c_api():
    """The page names every function of the header."""
    header = Path(pyloss.get_include(), "pyloss.h").read_text("utf-8")
    functions = set(re.findall(r"static inline [^(]*?\b(\w+)\(", header))
    assert len(functions) == 9
    assert functions <= set(re.findall(r"\w+", PAGE))
