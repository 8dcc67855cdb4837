"""Every row of the edge contract and every reported bug has a test: read from the names of tests, and from the ids in their tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_edges
import test_edges_kinks

HERE = Path(__file__).parent
ROWS = range(1, 110)
TRAPS = range(1, 70)

# Tests whose names say what they are about, and not by which number it goes.
NAMED = {
    "row": {
        104: "test_threads.py::test_concurrent_callers",
    },
    "trap": {
        10: "test_isa.py::test_losses",
        12: "test_memory.py::test_nothing_is_touched_beyond_the_arrays",
        31: "test_bits.py::test_threads",
        34: "test_check.py::test_every_loss_agrees",
        41: "test_check.py::test_a_wrong_gradient_is_found",
        64: "test_bits.py::test_threads",
        67: "test_isa.py::test_points",
    },
}

# Bugs that are the edge of a row.
ROW_OF_TRAP = {
    1: 76,
    4: 38,
    7: 40,
    11: 45,
    14: 101,
    15: 41,
    16: 11,
    17: 18,
    24: 23,
    26: 33,
    27: 30,
    28: 66,
    29: 20,
    30: 72,
    37: 11,
    40: 102,
    42: 47,
    44: 76,
    48: 14,
    53: 37,
    54: 45,
    56: 64,
}

# What no test of this suite can be about.
WITHOUT = {
    68: "compilers that miscompile vector code: `make test` runs all tests on what gcc made, and docs/building.md tells how with clang",
}


def numbers(kind: str, text: str) -> Iterator[int]:
    """Of `test_rows_38_39_42_...`, `test_rows_76_to_78_...`, `test_row26_and_27_...`, `row11-p = 0`."""
    for found in re.findall(rf"(?<![a-z]){kind}s?_?(\d+(?:_(?:and_|to_)?\d+)*)", text):
        for first, last in re.findall(r"(\d+)(?:_to_(\d+))?", found):
            yield from range(int(first), int(last or first) + 1)


def names() -> dict[str, list[str]]:
    """The tests of every file."""
    trees = {path.name: ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*.py")}
    return {
        file: [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        for file, tree in trees.items()
    }


def table_ids(module: object) -> Iterator[str]:
    """The ids that the tables of a file give to their lines."""
    for function in vars(module).values():
        for mark in getattr(function, "pytestmark", []):
            if mark.name == "parametrize":
                yield from (line.id for line in mark.args[1] if getattr(line, "id", None))


def with_tests(kind: str) -> set[int]:
    texts = [name for tests in names().values() for name in tests]
    texts += [text for module in (test_edges, test_edges_kinks) for text in table_ids(module)]
    return {number for text in texts for number in numbers(kind, text)} | set(NAMED[kind])


def test_every_row_has_a_test():
    assert set(ROWS) - with_tests("row") == set()
    assert with_tests("row") <= set(ROWS)


def test_every_reported_bug_has_a_test():
    own = with_tests("trap")
    assert set(ROW_OF_TRAP.values()) <= with_tests("row")
    assert set(TRAPS) - own - set(ROW_OF_TRAP) - set(WITHOUT) == set()
    assert own <= set(TRAPS)
    assert not own & set(WITHOUT)


@pytest.mark.parametrize("test", sorted({*NAMED["row"].values(), *NAMED["trap"].values()}))
def test_what_is_named_is_there(test):
    file, name = test.split("::")
    assert name in names()[file]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test_rows_38_39_42_zero_weights", [38, 39, 42]),
        ("test_rows_76_to_78_shapes", [76, 77, 78]),
        ("test_row26_and_27_huber", [26, 27]),
        ("test_row2_and_107_empty", [2, 107]),
        ("row11-p = 0, y = 1", [11]),
        ("test_throws_3", []),
    ],
)
def test_how_numbers_are_read(text, expected):
    assert [*numbers("row", text)] == expected
