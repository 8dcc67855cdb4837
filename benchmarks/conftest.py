"""One thread on both sides, results checked before they are timed, and a word about the targets at the end."""

import os
from collections.abc import Callable, Iterator

import pytest

TARGETS = pytest.StashKey[list[str]]()
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "threads for pyloss, and for the BLAS under NumPy (default: 1)"
    parser.addoption("--pyloss-threads", type=int, default=1, help=about)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """BLAS reads these when NumPy is imported, which is later than this."""
    os.environ.update(dict.fromkeys(BLAS_THREADS, str(config.getoption("--pyloss-threads"))))
    config.option.benchmark_quiet = True  # hundreds of lines, which the report says better
    config.stash[TARGETS] = []


@pytest.fixture(autouse=True)
def thread_count(pytestconfig: pytest.Config) -> Iterator[int]:
    import pyloss

    count = pytestconfig.getoption("--pyloss-threads")
    with pyloss.threads(count):
        yield count


@pytest.fixture
def announce(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at the end of the run."""
    return pytestconfig.stash[TARGETS].append


def verdict(reached: bool, reached_against_plain: bool = False) -> str:
    return "reached" if reached else "reached against plain NumPy only" if reached_against_plain else "MISSED"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash[TARGETS]
    if lines:
        terminalreporter.section("targets")
        terminalreporter.write_line("\n".join(lines))
