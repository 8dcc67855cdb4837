"""`pyloss score` refuses bad files and arguments with one line and exit code 2; what it prints, and what it keeps in memory."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from score_files import ROWS, arrays, invoke, refused, scored

import pyloss
from pyloss.cli import _score_sources

pytestmark = pytest.mark.optimized  # files and tables: Python alone


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """Where the arrays lie as files; it is the current one, so that messages are short."""
    for name, array in arrays(rng).items():
        np.save(tmp_path / f"{name}.npy", array)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Trap:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


# Files -----------------------------------------------------------------------------------------------------------------


def test_pickled_arrays_are_not_unpickled(folder):
    np.save("trap.npy", np.array([Trap()] * ROWS, dtype=object), allow_pickle=True)
    for files in (["trap.npy", "p.npy"], ["y.npy", "trap.npy"], ["y.npy", "p.npy", "--by", "trap.npy"]):
        assert refused(*files, losses=["mse"]) == "trap.npy holds pickled Python objects, which are not loaded"
    Path("bare.npy").write_bytes(pickle.dumps(Trap()))
    assert refused("bare.npy", "p.npy", losses=["mse"]).startswith("bare.npy is no .npy file that can be read: ")
    assert not Path("sprung").exists()
    np.load("trap.npy", allow_pickle=True)
    assert Path("sprung").exists()  # so the trap works


def test_unequal_lengths(folder):
    np.save("short.npy", np.zeros(10))
    message = "the files must have equally many rows: {} has {}, {} has {}"
    assert refused("y.npy", "short.npy", losses=["mse"]) == message.format("y.npy", ROWS, "short.npy", 10)
    assert refused("short.npy", "p.npy", losses=["mse"]) == message.format("short.npy", 10, "p.npy", ROWS)
    weights = refused("y.npy", "p.npy", "--weights", "short.npy", losses=["mse"])
    assert weights == message.format("y.npy", ROWS, "short.npy", 10)


@pytest.mark.parametrize("size", [0, 5, 60, 128, 4000])
def test_truncated_files(size, folder):
    Path("y.npy").write_bytes(Path("y.npy").read_bytes()[:size])
    message = refused("y.npy", "p.npy", losses=["mse"])
    assert message.startswith("y.npy is cut short: " if size >= 128 else "y.npy is no .npy file that can be read: ")


def test_more_than_an_array(folder):
    with Path("y.npy").open("ab") as file:
        np.save(file, np.zeros(3))
    assert "y.npy has bytes behind its array: by its header it has " in refused("y.npy", "p.npy", losses=["mse"])


def test_a_file_that_shrinks(folder, monkeypatch):
    monkeypatch.setattr("pyloss.cli._score_npy.NpyReader._check_size", lambda reader: None)
    Path("y.npy").write_bytes(Path("y.npy").read_bytes()[:-4])
    assert refused("y.npy", "p.npy", losses=["mse"]) == "y.npy became shorter while it was read"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}",
        "__import__('pathlib').Path('sprung').touch()",
        "(" * 500,
        "\0",
    ],
)
def test_strange_headers(header, folder):
    text = header.encode("latin-1") + b"\n"
    Path("y.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 64)
    assert "y.npy" in refused("y.npy", "p.npy", losses=["mse"])
    assert not Path("sprung").exists()


@pytest.mark.parametrize("version", [(2, 0), (1, 0)])
def test_versions_of_the_format(version, folder):
    y = np.load("y.npy")
    with Path("y.npy").open("wb") as file:
        np.lib.format.write_array(file, y, version)
    assert scored("y.npy", "p.npy", losses=["mse"])["losses"]["mse"] == pyloss.MSE()(y, np.load("p.npy"))


@pytest.mark.parametrize(
    ("dtype", "told"),
    [("U3", "<U3"), ("S2", "|S2"), ("M8[s]", "datetime64"), ("c8", "complex64"), ([("a", "f4"), ("é", "f4")], "")],
)
def test_wrong_dtypes(dtype, told, folder):
    np.save("y.npy", np.zeros(ROWS, dtype))
    message = refused("y.npy", "p.npy", losses=["mse"])
    assert message.startswith(("mse: y_true must hold real numbers", "y.npy"))
    assert told.strip("<|") in message or "S2" in message


def test_wrong_shapes(folder):
    message = "mse: y_true and y_pred must have the same shape, got ({0},) and ({0}, 3)"
    assert refused("y.npy", "scores.npy", losses=["mse"]) == message.format(ROWS)
    assert "cce is a loss of rows: Y_PRED must be an array of 2 axes" in refused("y.npy", "p.npy", losses=["cce"])
    np.save("number.npy", np.float32(1))
    assert refused("number.npy", "p.npy", losses=["mse"]) == "number.npy: the array must have rows, got the shape ()"


def test_files_that_are_not_there(folder):
    assert refused("none.npy", "p.npy", losses=["mse"]) == "there is no file none.npy"
    Path("folder.npy").mkdir()
    assert refused("y.npy", "folder.npy", losses=["mse"]) == "there is no file folder.npy"
    assert refused("y.txt", "p.npy", losses=["mse"]).startswith("'y.txt' is no FILE.npy, FILE.csv, ")
    assert refused("y.npy:a", "p.npy", losses=["mse"]) == "y.npy has no columns, got 'y.npy:a'"


@pytest.mark.parametrize(
    ("text", "path", "column"),
    [
        (r"C:\data\y.csv:price", r"C:\data\y.csv", "price"),
        (r"C:\data\y.npy", r"C:\data\y.npy", None),
        ("y.PARQUET:a:b", "y.PARQUET", "a:b"),
        ("my.csv.d/y.csv:p.csv", "my.csv.d/y.csv", "p.csv"),
        ("12:30.csv", "12:30.csv", None),
    ],
)
def test_files_and_columns(text, path, column, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    source = _score_sources.parse(text)
    assert (source.path, source.column) == (Path(path), column)


# Data ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 1023, 1024, _score_sources.PIECE, ROWS - 1])
def test_data_out_of_their_domain_have_a_place_in_the_file(row, folder):
    p = np.load("p.npy")
    p[row] = 1.5
    np.save("p.npy", p)
    message = refused("y.npy", "p.npy", losses=["mse", "log_loss"])
    assert (
        message == f"bce: y_pred must be in [0, 1], got 1.5 at index {row} (write from_logits=True if these are logits)"
    )
    w = np.load("w.npy")
    w[row] = -1
    np.save("w.npy", w)
    message = refused("y.npy", "p.npy", "--weights", "w.npy", losses=["mse"])
    assert message == f"mse: sample_weight must be >= 0, got -1.0 at index {row}"


def test_labels_have_a_place_too(folder):
    labels = np.load("labels.npy")
    labels[-2] = 3
    np.save("labels.npy", labels)
    message = refused("labels.npy", "scores.npy", losses=["sparse_cce:from_logits=true"])
    assert message == f"sparse_cce: class labels must be in 0 ... 2, got 3 at index {ROWS - 2}"
    p = np.abs(np.load("scores.npy"))
    p[ROWS - 5, 1] = -3
    np.save("p.npy", p)
    message = refused("p.npy", "p.npy", losses=["generalized_kl"])
    assert message == f"generalized_kl: y_true must be >= 0, got -3.0 at index ({ROWS - 5}, 1)"


# Losses ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("hubert", "there is no loss 'hubert'; did you mean huber"),
        ("logloss", "there is no loss 'logloss'; did you mean log_loss"),
        ("Hubert", "there is no loss 'Hubert'; did you mean huber"),
        ("mean_square_error", "there is no loss 'mean_square_error'; did you mean mean_squared_error"),
        ("PoisonNLL", "there is no loss 'PoisonNLL'; did you mean PoissonNLL"),
        ("xyzzy", "there is no loss 'xyzzy'; pyloss.LOSSES lists them all"),
        ("", "there is no loss ''"),
        ("huber:width=2", "huber has no parameter 'width'; its parameters are reduction, on_empty, check, delta"),
        ("huber:delta=-1", "huber: delta must be > 0"),
        ("huber:delta=wide", "huber: delta must be a number, got 'wide'"),
        ("huber:delta", "a loss is NAME:parameter=value,parameter=value with literal values, got 'huber:delta'"),
        ("huber:delta=1,delta=2", "'huber:delta=1,delta=2' gives a parameter twice"),
        ("huber:delta=__import__('os')", "a loss is NAME:parameter=value"),
        ("huber:**{'delta': 2}", "a loss is NAME:parameter=value"),
        ("huber:delta=1) + g(a=1", "a loss is NAME:parameter=value"),
        ("huber:delta=" + "(" * 1000, "a loss is NAME:parameter=value"),
        ("huber:delta=\0", "a loss is NAME:parameter=value"),
        ("mse:reduction=none", "mse: a score is one number, and reduction=none gives many"),
        ("mse:reduction='none'", "mse: a score is one number, and reduction=none gives many"),
        ("mse:reduction=sums", "mse: reduction must be 'mean' or 'sum'"),
        ("gaussian_nll", "gaussian_nll compares several arrays of predictions, and Y_PRED is one"),
        ("nt_xent", "nt_xent"),
        (
            "lovasz",
            "lovasz: its errors are sorted together, and a file is read in pieces of rows: a case must lie in one row, as in ",
        ),
        ("lovasz:axis=0", "lovasz: its errors are sorted together"),
        ("lovasz:axis=1", "lovasz: axis must name axes of y_true"),
    ],
)
def test_losses_that_are_refused(spec, message, folder):
    said = refused("labels.npy", "p.npy", losses=["mse", spec])
    assert message in said


def test_a_loss_must_be_named(folder):
    assert refused("y.npy", "p.npy") == "name at least one loss, as in --loss mse"


# Groups ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["integers", "strings", "booleans"])
def test_groups(kind, folder):
    city = np.load("city.npy")
    values = {"integers": np.load("labels.npy") - 1, "strings": city, "booleans": city == city[0]}[kind]
    np.save("groups.npy", values)
    y, p, w = (np.load(f"{name}.npy") for name in "ypw")
    losses = {"mse": pyloss.MSE(), "rmse": pyloss.RMSE()}
    answer = scored("y.npy", "p.npy", "--weights", "w.npy", "--by", "groups.npy", losses=losses)
    assert answer["losses"] == {name: loss(y, p, w) for name, loss in losses.items()}
    assert list(answer["groups"]) == [str(value) for value in np.unique(values)]
    for value in np.unique(values):
        rows = values == value
        expected = {name: loss(y[rows], p[rows], w[rows]) for name, loss in losses.items()}
        assert answer["groups"][str(value)] == {"rows": rows.sum(), "losses": expected}


def test_groups_of_class_scores(folder):
    labels, scores, city = (np.load(f"{name}.npy") for name in ("labels", "scores", "city"))
    np.save("scores.npy", np.asfortranarray(scores))
    spec = "sparse_cce:from_logits=true"
    answer = scored("labels.npy", "scores.npy", "--by", "city.npy", losses=[spec])
    for name, found in answer["groups"].items():
        rows = city == name
        assert found["losses"][spec] == pyloss.SparseCCE(from_logits=True)(labels[rows], scores[rows])


def test_too_many_groups(folder):
    np.save("groups.npy", np.arange(ROWS))
    message = refused("y.npy", "p.npy", "--by", "groups.npy", losses=["mse"])
    assert message == "--by: there are more than 1000 groups; --max-groups allows more"
    np.save("groups.npy", np.arange(ROWS) % 2000)
    files = ["y.npy", "p.npy", "--by", "groups.npy"]
    assert len(scored(*files, "--max-groups", 2000, losses=["mse"])["groups"]) == 2000
    assert "more than 1999 groups" in refused(*files, "--max-groups", 1999, losses=["mse"])


@pytest.mark.parametrize("name", ["p", "scores"])
def test_groups_are_integers_or_strings(name, folder):
    message = refused("y.npy", "p.npy", "--by", f"{name}.npy", losses=["mse"])
    assert message.startswith("--by takes one integer or string for each row, got float32")


# What is printed ---------------------------------------------------------------------------------------------------------


def test_the_table(folder):
    result = invoke("y.npy", "p.npy", "--loss", "mse", "--loss", "huber:delta=2")
    assert (result.exit_code, result.stderr) == (0, "")
    y, p = np.load("y.npy"), np.load("p.npy")
    heading, _, *lines = [line.split() for line in result.stdout.splitlines()]
    assert heading == ["loss", "of", str(ROWS), "rows"]
    assert [line[0] for line in lines] == ["mse", "huber:delta=2"]
    values = [float(line[1]) for line in lines]
    np.testing.assert_allclose(values, [pyloss.MSE()(y, p), pyloss.Huber(delta=2)(y, p)], rtol=1e-9)


def test_the_table_of_groups(folder):
    specs = [f"huber:delta={n}" for n in range(1, 21)]
    losses = [word for spec in specs for word in ("--loss", spec)]
    result = invoke("y.npy", "p.npy", "--by", "city.npy", *losses)
    assert (result.exit_code, result.stderr) == (0, "")
    heading, _, *lines = result.stdout.splitlines()
    assert heading.split() == ["group", "rows", *specs]
    answer = scored("y.npy", "p.npy", "--by", "city.npy", losses=specs)
    for (name, found), line in zip(answer["groups"].items(), lines, strict=False):
        assert line.startswith(name)
        assert int(line.split()[-len(specs) - 1]) == found["rows"]
        np.testing.assert_allclose(
            list(map(float, line.split()[-len(specs) :])), list(found["losses"].values()), rtol=1e-9
        )
    assert lines[-1].startswith("all rows ")


def test_json_has_no_nan(folder):
    np.save("nothing.npy", np.zeros(0))
    result = invoke("nothing.npy", "nothing.npy", "--loss", "mse", "--json")
    assert result.stdout == '{"rows": 0, "losses": {"mse": "nan"}}\n'
    np.save("one.npy", np.ones(1))
    np.save("zero.npy", np.zeros(1))
    result = invoke("one.npy", "zero.npy", "--loss", "log_loss", "--json", "--by", "one.npy")
    assert result.exit_code == 2
    result = invoke("one.npy", "zero.npy", "--loss", "log_loss", "--json")
    assert json.loads(result.stdout) == {"rows": 1, "losses": {"log_loss": "inf"}}


def test_a_terminal_has_a_bar(folder):
    """On stderr alone: what goes to stdout stays clean."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    import os

    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "pyloss", "score", "y.npy", "p.npy", "--loss", "mse", "--json"]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writing, env=environment, check=True)
    os.close(writing)
    bar = os.read(reading, 100_000)
    os.close(reading)
    assert json.loads(done.stdout)["rows"] == ROWS
    assert b"scoring" in bar


# Memory ------------------------------------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from pyloss.cli import main
sys.argv = ["pyloss", "score", *sys.argv[1:]]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.parametrize("by", [[], ["--by", "p.npy"]], ids=["whole", "groups"])
def test_a_large_file_does_not_become_resident(by, tmp_path):
    """80 MB of numbers and, with groups, again 40 MB."""
    pytest.importorskip("resource", reason="not on Windows")
    rows = 10_000_000
    for name in "yp":
        array = np.lib.format.open_memmap(tmp_path / f"{name}.npy", mode="w+", dtype=np.int32, shape=(rows,))
        array[:] = np.arange(rows) % 7
        del array
    small = tmp_path / "small.npy"
    np.save(small, np.zeros(10, np.int32))

    def peak(*arguments: object) -> tuple[str, int]:
        command = [sys.executable, "-c", PEAK, *map(str, arguments), "--loss", "mse", "--loss", "mae", "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        answer, resident = done.stdout.splitlines()
        return answer, int(resident)

    floor = peak(small, small)[1]
    answer, resident = peak("y.npy", "p.npy", *by)
    assert json.loads(answer)["rows"] == rows
    assert len(json.loads(answer).get("groups", {})) == (7 if by else 0)
    assert resident - floor < 30e6
