"""csrc/pool.h under ThreadSanitizer; and that races in it would be seen."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
POOL = HERE.parents[1] / "csrc" / "pool.h"
# What -fsanitize=thread does not read addresses of must lie where it expects them: no random layout, where that can be had.
RUN = [*(["setarch", "-R"] if shutil.which("setarch") else [])]
FLAGS = ("-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-fsanitize=thread")

PLANTED = {
    "the counter of units is not atomic": (
        "#define POOL_TAKE(counter, n) __atomic_fetch_add((counter), (n), __ATOMIC_RELAXED)",
        "#define POOL_TAKE(counter, n) ((*(counter) += (n)) - (n))",
    ),
    "sums are added without the lock": (
        "static void pyloss_lock(void) { POOL_LOCK(&pool.lock); }\nstatic void pyloss_unlock(void) { POOL_UNLOCK(&pool.lock); }",
        "static void pyloss_lock(void) {}\nstatic void pyloss_unlock(void) {}",
    ),
    "a call does not wait for those that have begun": (
        "    look_while(&pool.busy, 0);\n    while (pool.busy)\n        POOL_SLEEP(&pool.rest, &pool.lock);\n",
        "",
    ),
    "a thread begins before it says so": (
        "POOL_SET(&pool.busy, pool.busy + 1);\n        POOL_UNLOCK(&pool.lock);",
        "POOL_UNLOCK(&pool.lock);\n        POOL_SET(&pool.busy, pool.busy + 1);",
    ),
    "places are looked at by a plain read": (
        "#define POOL_LOOK(count) __atomic_load_n((count), __ATOMIC_RELAXED)",
        "#define POOL_LOOK(count) (*(volatile const int *)(count))",
    ),
}


def has_sanitizer(folder: Path) -> bool:
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    if not shutil.which("gcc"):
        return False
    program = str(folder / "empty")
    built = subprocess.run(["gcc", *FLAGS, source, "-o", program], capture_output=True, check=False)
    return built.returncode == 0 and subprocess.run([*RUN, program], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def sanitizer(tmp_path_factory: pytest.TempPathFactory) -> None:
    if not POOL.exists():
        pytest.skip("the sources are not there")
    if not has_sanitizer(tmp_path_factory.mktemp("tsan")):
        pytest.skip("there is no gcc with ThreadSanitizer, or it does not run here")


def drive(folder: Path, pool: str, *, looks: int) -> subprocess.CompletedProcess[str]:
    (folder / "pool.h").write_text(pool)
    program = folder / "driver"
    built = ["gcc", *FLAGS, f"-DLOOKS={looks}", f"-I{folder}", HERE / "tsan_driver.c", "-o", program]
    subprocess.run(built, check=True, capture_output=True)
    return subprocess.run([*RUN, program], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("looks", [0, 1, 1000])
def test_no_race(tmp_path, looks):
    """Sums and stored numbers are those of a serial run, and nothing is read while it is written; however soon threads sleep."""
    done = drive(tmp_path, POOL.read_text(), looks=looks)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.parametrize(("sound", "planted"), PLANTED.values(), ids=PLANTED)
def test_planted_races_are_found(tmp_path, sound, planted):
    pool = POOL.read_text()
    assert sound in pool
    done = drive(tmp_path, pool.replace(sound, planted), looks=1000)
    assert done.returncode
    assert "WARNING: ThreadSanitizer: data race" in done.stderr
