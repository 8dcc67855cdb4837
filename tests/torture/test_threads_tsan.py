"""csrc/parallel.pyx under ThreadSanitizer, with the threads of tsan_driver.c in the place of OpenMP's; and that it would be seen."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CSRC = HERE.parents[1] / "csrc"
INCLUDES = (CSRC, CSRC.parent / "pyloss" / "include", sysconfig.get_path("include"))
# What -fsanitize=thread does not read addresses of must lie where it expects them: no random layout, where that can be had.
RUN = [*(["setarch", "-R"] if shutil.which("setarch") else [])]
FLAGS = ("-O1", "-g", "-fsanitize=thread")
RACE_FOUND = 66

PLANTED = {
    "the counter of units is not atomic": "-D__atomic_fetch_add(counter,n,order)=((*(counter)+=(n))-(n))",
    "two calls may take the threads": "-D__atomic_exchange_n(flag,to,order)=(*(flag)?1:(*(flag)=(to),0))",
    "giving the threads back is a plain store": "-D__atomic_store_n(flag,to,order)=(*(flag)=(to))",
    "all threads add to one sum": "-DSHARED_PARTIAL",
}


def has_sanitizer(folder: Path) -> bool:
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    if not shutil.which("gcc"):
        return False
    program = str(folder / "empty")
    built = subprocess.run(["gcc", *FLAGS, source, "-o", program], capture_output=True, check=False)
    return built.returncode == 0 and subprocess.run([*RUN, program], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def parallel_c(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The translation of parallel.pyx."""
    folder = tmp_path_factory.mktemp("tsan")
    pytest.importorskip("Cython", reason="there is no Cython to translate parallel.pyx")
    if not CSRC.exists():
        pytest.skip("the sources are not there")
    if not has_sanitizer(folder):
        pytest.skip("there is no gcc with ThreadSanitizer, or it does not run here")
    translated = folder / "parallel.c"
    command = [sys.executable, "-m", "cython", "-3", "-I", CSRC, CSRC / "parallel.pyx", "-o", translated]
    subprocess.run([*command, "--module-name", "pyloss._parallel"], check=True, capture_output=True)
    return translated


def drive(parallel_c: Path, *macros: str) -> subprocess.CompletedProcess[str]:
    """Build and run; sections that nothing refers to go, and with them all that needs Python."""
    program = parallel_c.with_name("driver")
    sources = [*(f"-I{folder}" for folder in INCLUDES), f'-DPARALLEL_C="{parallel_c}"', HERE / "tsan_driver.c"]
    linked = ["-fopenmp", "-ffunction-sections", "-fdata-sections", "-c", "-o", f"{program}.o"]
    subprocess.run(["gcc", *FLAGS, *macros, *sources, *linked], check=True, capture_output=True)
    subprocess.run(["gcc", *FLAGS, f"{program}.o", "-Wl,--gc-sections", "-lm", "-lpthread", "-o", program], check=True)
    return subprocess.run([*RUN, program], capture_output=True, text=True, check=False, timeout=120)


def test_no_race(parallel_c):
    """Sums, stored numbers and faults are those of a serial run, and nothing is read while it is written."""
    done = drive(parallel_c)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_planted_races_are_found(parallel_c, planted):
    done = drive(parallel_c, planted)
    assert done.returncode == RACE_FOUND
    assert "WARNING: ThreadSanitizer: data race" in done.stderr
