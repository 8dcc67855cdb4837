"""`pyloss score`: the numbers of one call on the arrays, from files in pieces, and every fault of a file in one line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from score_files import CLASSES, ROWS, arrays, invoke, refused, scored, write_csv, write_parquet

import pyloss
from pyloss import LOSSES, metrics
from pyloss.cli import _losses, _score_groups, _score_report, _score_sources, _score_tables
from pyloss.cli.score import score

pytestmark = pytest.mark.optimized  # files and tables: Python alone

SPECS = ["mse", "huber:delta=0.5", "log_loss", "rmse", "mae:reduction=sum", "pinball:quantile=0.9,on_empty='zero'"]
OBJECTS = [pyloss.MSE(), pyloss.Huber(delta=0.5), pyloss.BCE(), pyloss.RMSE(), pyloss.MAE(reduction="sum")]
OBJECTS += [pyloss.Pinball(quantile=0.9, on_empty="zero")]


@pytest.fixture
def data(tmp_path, rng):
    """Arrays of more rows than a piece has, and their .npy files."""
    found = arrays(rng)
    for name, array in found.items():
        np.save(tmp_path / f"{name}.npy", array)
    return found


def of_npy(folder, *names):
    return [folder / f"{name}.npy" for name in names]


# Numbers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ">f4", ">f8"])
@pytest.mark.parametrize("weighted", [False, True])
def test_npy_files_have_the_bits_of_one_call(dtype, weighted, data, tmp_path):
    y, p, w = (data[name].astype(dtype) for name in "ypw")
    for name, array in (("y", y), ("p", p), ("w", w)):
        np.save(tmp_path / f"{name}.npy", array)
    weights = ["--weights", tmp_path / "w.npy"] if weighted else []
    losses = scored(*of_npy(tmp_path, "y", "p"), *weights, losses=SPECS)["losses"]
    expected = [loss(y, p, w if weighted else None) for loss in OBJECTS]
    assert losses == dict(zip(SPECS, expected, strict=True))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, bool])
def test_integers(dtype, data, tmp_path):
    y = (data["y"] > 0.5).astype(dtype)
    np.save(tmp_path / "y.npy", y)
    answer = scored(*of_npy(tmp_path, "y", "p"), losses=["bce", "brier"])
    assert answer["losses"] == {"bce": pyloss.BCE()(y, data["p"]), "brier": pyloss.Brier()(y, data["p"])}


@pytest.mark.parametrize("rows", [0, 1, 1023, 1024, 1025, _score_sources.PIECE, _score_sources.PIECE + 1])
def test_any_number_of_rows(rows, data, tmp_path):
    y, p = data["y"][:rows], data["p"][:rows]
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "p.npy", p)
    answer = scored(*of_npy(tmp_path, "y", "p"), losses=["mse:on_empty=zero"])
    assert answer == {"rows": rows, "losses": {"mse:on_empty=zero": pyloss.MSE(on_empty="zero")(y, p)}}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, ">f8"])
def test_class_scores(order, dtype, data, tmp_path):
    scores = np.asarray(data["scores"], dtype, order=order)
    np.save(tmp_path / "scores.npy", scores)
    specs = ["sparse_cce:from_logits=true", "cce:from_logits=True,class_weight=(1,2,5)"]
    objects = [pyloss.SparseCCE(from_logits=True), pyloss.CCE(from_logits=True, class_weight=(1, 2, 5))]
    answer = scored(*of_npy(tmp_path, "labels", "scores"), losses=specs)
    assert list(answer["losses"].values()) == [loss(data["labels"], scores) for loss in objects]


@pytest.mark.parametrize("order", ["C", "F"])
def test_three_axes(order, rng, tmp_path):
    y, p = (np.asarray(array, order=order) for array in rng.random((2, 3000, 5, 7)))
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "p.npy", p)
    answer = scored(*of_npy(tmp_path, "y", "p"), losses=["mse", "dice", "dice:axis=(1,2)"])
    expected = [pyloss.MSE()(y, p), pyloss.Dice()(y, p), pyloss.Dice(axis=(1, 2))(y, p)]
    assert list(answer["losses"].values()) == expected


@pytest.mark.parametrize("rows", [_score_sources.PIECE, _score_sources.PIECE // CLASSES * 2 + 5])
@pytest.mark.parametrize("stem", LOSSES)
def test_every_loss_has_the_value_of_one_call_or_is_refused(stem, rows, rng, tmp_path):
    """Whatever a loss makes of axes and labels: cut in pieces it is never silently another number."""
    y, p = rng.integers(0, 2, (rows, CLASSES)).astype(float), rng.uniform(0.1, 0.3, (rows, CLASSES))
    y[:, 0], y[:, 1], y[:, 2] = 1, 0, 0
    p[:, 0] = 1 - p[:, 1] - p[:, 2]
    answers = 0
    for truth, pred in ((y, p), (y.astype(int), p), (y[:, 0], p), (y[:, 0].astype(int), p), (y[:, 0], p[:, 0])):
        np.save(tmp_path / "y.npy", truth)
        np.save(tmp_path / "p.npy", pred)
        result = invoke(*of_npy(tmp_path, "y", "p"), "--loss", stem, "--json")
        if result.exit_code:
            assert result.exit_code == 2
            assert result.stderr.startswith("pyloss score: ")
            continue
        answers += 1
        assert float(json.loads(result.stdout)["losses"][stem]) == LOSSES[stem]()(truth, pred)
    compares_arrays = LOSSES[stem].predictions or LOSSES[stem].labels == "none"
    assert bool(answers) == (not compares_arrays and stem not in ("lovasz", "nt_xent", "info_nce"))


def test_a_loss_of_sorted_errors_in_rows(rng, tmp_path):
    y, p = rng.integers(0, 2, (3000, 50)).astype(float), rng.normal(size=(3000, 50))
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "p.npy", p)
    answer = scored(*of_npy(tmp_path, "y", "p"), losses=["lovasz:axis=1"])
    assert answer["losses"] == {"lovasz:axis=1": pyloss.Lovasz(axis=1)(y, p)}


def test_the_classes_of_a_row_are_not_cut(data, tmp_path):
    np.save(tmp_path / "p.npy", data["scores"])
    message = refused(*of_npy(tmp_path, "p", "p"), losses=["cosine_distance:axis=0"])
    assert "cosine_distance is a loss of rows" in message


# Tables ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["pyarrow", "csv module", "parquet"])
def table(request, data, tmp_path, monkeypatch):
    """A file with all columns, and how it is read."""
    if request.param == "csv module":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow")
    if request.param == "parquet":
        return write_parquet(tmp_path / "table.parquet", data)
    return write_csv(tmp_path / "table.csv", data)


def test_tables(table, data):
    answer = scored(f"{table}:y", f"{table}:p", "--weights", f"{table}:w", losses=SPECS)
    y, p, w = (data[name].astype(table_dtype(table)) for name in "ypw")
    assert answer == {"rows": ROWS, "losses": dict(zip(SPECS, [loss(y, p, w) for loss in OBJECTS], strict=True))}


def table_dtype(table: Path) -> type:
    return np.float64 if table.suffix == ".csv" else np.float32


def test_a_table_beside_arrays(table, data, tmp_path):
    answer = scored(f"{table}:labels", tmp_path / "scores.npy", losses=["sparse_cce:from_logits=true", "nll"])
    labels = data["labels"]
    expected = [pyloss.SparseCCE(from_logits=True)(labels, data["scores"]), pyloss.NLL()(labels, data["scores"])]
    assert list(answer["losses"].values()) == expected


def test_a_truth_of_numbers_beside_quantiles(table, data, tmp_path):
    spec = "multi_quantile:quantiles=(0.1,0.5,0.9)"
    loss = pyloss.MultiQuantile(quantiles=(0.1, 0.5, 0.9))
    y = data["y"].astype(table_dtype(table))
    assert scored(f"{table}:y", tmp_path / "scores.npy", losses=[spec])["losses"][spec] == loss(y, data["scores"])


def test_groups_of_tables(table, data):
    answer = scored(f"{table}:y", f"{table}:p", "--weights", f"{table}:w", "--by", f"{table}:city", losses=SPECS[:3])
    y, p, w = (data[name].astype(table_dtype(table)) for name in "ypw")
    assert list(answer["groups"]) == sorted(set(data["city"]))
    for city, found in answer["groups"].items():
        rows = data["city"] == city
        assert found["rows"] == rows.sum()
        assert list(found["losses"].values()) == [loss(y[rows], p[rows], w[rows]) for loss in OBJECTS[:3]]


def test_groups_of_parquet_may_be_categories_or_integers(data, tmp_path):
    pa = pytest.importorskip("pyarrow")
    columns = {"category": pa.array(data["city"]).dictionary_encode(), "number": data["labels"], "p": data["p"]}
    table = write_parquet(tmp_path / "table.parquet", columns)
    for name, values in (("category", data["city"]), ("number", data["labels"])):
        groups = scored(tmp_path / "y.npy", f"{table}:p", "--by", f"{table}:{name}", losses=["mse"])["groups"]
        assert list(groups) == [str(value) for value in np.unique(values)]
        for value, found in zip(np.unique(values), groups.values(), strict=True):
            rows = values == value
            assert found["losses"]["mse"] == pyloss.MSE()(data["y"][rows], data["p"][rows])
    assert "--by takes one integer or string" in refused(
        tmp_path / "y.npy", f"{table}:p", "--by", f"{table}:p", losses=["mse"]
    )
    assert "column 'category' must hold numbers" in refused(tmp_path / "y.npy", f"{table}:category", losses=["mse"])


def test_a_column_may_be_number_and_group(table, data):
    answer = scored(f"{table}:labels", f"{table}:p", "--by", f"{table}:labels", losses=["mse"])
    p = data["p"].astype(table_dtype(table))
    for label, found in answer["groups"].items():
        rows = data["labels"] == int(label)
        assert found["losses"]["mse"] == pyloss.MSE()(data["labels"][rows], p[rows])


def test_a_table_of_one_column_needs_no_name(table, data, tmp_path):
    write = write_csv if table.suffix == ".csv" else write_parquet
    one = write(tmp_path / f"one{table.suffix}", {"only": data["p"]})
    assert scored(f"{table}:y", one, losses=["mse"]) == scored(f"{table}:y", f"{table}:p", losses=["mse"])
    assert "several columns" in refused(table, one, losses=["mse"])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("z", "has no column 'z'; its columns are 'y', 'p', 'w', 'labels', 'city'"),
        ("city", ""),
    ],
)
def test_wrong_columns(column, message, table):
    said = refused(f"{table}:y", f"{table}:{column}", losses=["mse"])
    assert message in said
    assert table.name in said


def test_a_missing_value_has_a_place(table, data, tmp_path):
    late = ROWS - 3
    if table.suffix == ".csv":
        lines = table.read_text().splitlines()
        lines[1 + late] = "," + lines[1 + late].partition(",")[2]
        table.write_text("\n".join(lines))
    else:
        y = [None if row == late else float(value) for row, value in enumerate(data["y"])]
        write_parquet(table, {**data, "y": y})
    assert f"column 'y' has no value at index {late}" in refused(f"{table}:y", f"{table}:p", losses=["mse"])


def test_unequal_tables(table, data, tmp_path):
    write = write_csv if table.suffix == ".csv" else write_parquet
    other = write(tmp_path / f"other{table.suffix}", {"p": data["p"][:-1]})
    for pair in ((f"{table}:y", other), (other, f"{table}:y"), (other, tmp_path / "y.npy")):
        said = refused(*pair, losses=["mse"])
        assert "the files must have equally many rows" in said
        assert f"{other} has {ROWS - 1}" in said


def test_a_table_without_rows(table, data, tmp_path):
    write = write_csv if table.suffix == ".csv" else write_parquet
    none = write(tmp_path / f"none{table.suffix}", {"y": data["y"][:0], "p": data["p"][:0]})
    assert scored(f"{none}:y", f"{none}:p", losses=["mse:on_empty=zero"])["losses"] == {"mse:on_empty=zero": 0}
    assert "there is nothing to average" in refused(f"{none}:y", f"{none}:p", losses=["mse:on_empty=raise"])


def test_garbage_is_no_table(table):
    table.write_bytes(b"\xff\xfe\x00garbage\x00" * 50)
    assert table.name in refused(f"{table}:y", f"{table}:p", losses=["mse"])
    table.write_bytes(b"")
    assert table.name in refused(f"{table}:y", f"{table}:p", losses=["mse"])


@pytest.mark.parametrize("with_pyarrow", [True, False])
@pytest.mark.parametrize("line", ["1", "1,2,3", "x,2", '"1,2'])
def test_bad_lines_of_csv(with_pyarrow, line, tmp_path, monkeypatch):
    if with_pyarrow:
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = tmp_path / "table.csv"
    table.write_text(f"y,p\n1,2\n{line}\n")
    assert str(table) in refused(f"{table}:y", f"{table}:p", losses=["mse"])


@pytest.mark.parametrize("with_pyarrow", [True, False])
@pytest.mark.parametrize("row", [0, ROWS - 1])
def test_text_among_numbers_has_a_place(row, with_pyarrow, data, tmp_path, monkeypatch):
    if with_pyarrow:
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    p = [str(number) for number in data["p"].tolist()]
    p[row] = "b"
    table = write_csv(tmp_path / "table.csv", {"y": data["y"], "p": p})
    said = refused(f"{table}:y", f"{table}:p", losses=["mse"])
    assert said == f"{table}: column 'p' must hold numbers, got 'b' at index {row}"


@pytest.mark.parametrize("with_pyarrow", [True, False])
def test_csv_as_programs_write_it(with_pyarrow, tmp_path, monkeypatch):
    """A byte-order mark, quotes, a name with a comma, a line in a field, an empty last line."""
    if with_pyarrow:
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = tmp_path / "table.csv"
    table.write_text('\ufeff"y","p,1","n"\r\n"1",2,"a\nb"\r\n3,5e0,c\r\n\r\n', "utf-8", newline="")
    answer = scored(f"{table}:y", f"{table}:p,1", "--by", f"{table}:n", losses=["mse"])
    assert answer["losses"] == {"mse": 2.5}
    assert {name: found["losses"]["mse"] for name, found in answer["groups"].items()} == {"a\nb": 1, "c": 4}


@pytest.fixture(params=["pyarrow", "csv module"])
def read_by(request, monkeypatch):
    """Who reads .csv files."""
    if request.param == "csv module":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow")


NUMBERS = ["1", "+1", "-1", "007", "1.", ".5", "+.5e3", "5.E+3", "1e-400", "1e400", "-inf", "Infinity", " 1\t"]
NO_NUMBERS = [
    "1_000",
    "\u0663",
    "0x10",
    "1e",
    ".",
    "1,5",
    "\n1",
    "\x0b1",
    "\xa01",
    "--1",
    "true",
    " ",
    "nan(a b)",
    "inf()",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_a_number_in_a_csv(text, read_by, tmp_path):
    """The same, whoever reads it."""
    table = tmp_path / "table.csv"
    table.write_text(f'y,p\n0,0\n0,"{text}"\n0,0\n', "utf-8", newline="")
    assert scored(f"{table}:y", f"{table}:p", losses=["mae"])["losses"] == {"mae": abs(float(text)) / 3}


@pytest.mark.parametrize("text", ["nan", "-NaN", "nan()", "NAN(abc_1)"])
def test_what_is_nan_in_a_csv(text, read_by, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(f"y,p\n0,{text}\n")
    assert np.isnan(scored(f"{table}:y", f"{table}:p", losses=["mae"])["losses"]["mae"])


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_in_a_csv(text, read_by, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(f'y,p\n0,0\n0,"{text}"\n', "utf-8", newline="")
    said = refused(f"{table}:y", f"{table}:p", losses=["mae"])
    assert said == " ".join(f"{table}: column 'p' must hold numbers, got {text!r} at index 1".split())


@pytest.mark.parametrize("text", ["1", "+1", "001", " 1 ", "+0000000000000000001"])
def test_what_is_a_label_in_a_csv(text, read_by, tmp_path):
    table, scores = tmp_path / "table.csv", np.array([[0.0, 1.0], [2.0, 0.0]])
    np.save(tmp_path / "p.npy", scores)
    table.write_text(f"y\n0\n{text}\n")
    assert scored(table, tmp_path / "p.npy", losses=["nll"])["losses"] == {"nll": pyloss.NLL()([0, 1], scores)}


@pytest.mark.parametrize("text", ["1.0", "1_0", "0x1", "\u0661", str(2**63), "-" + "9" * 30, "a"])
def test_what_is_no_label_in_a_csv(text, read_by, tmp_path):
    np.save(tmp_path / "p.npy", np.zeros((2, 2)))
    table = tmp_path / "table.csv"
    table.write_text(f"y\n0\n{text}\n", "utf-8")
    said = refused(table, tmp_path / "p.npy", losses=["nll"])
    assert said == f"{table}: column 'y' must hold labels, got {text!r} at index 1"


def test_a_table_of_many_columns(read_by, tmp_path):
    """Its names alone are more than pyarrow reads at a time."""
    table = tmp_path / "table.csv"
    names = [f"column{k}" for k in range(100_000)]
    table.write_text(f"{','.join(names)}\n{','.join(['1'] * len(names))}\n")
    assert scored(f"{table}:column0", f"{table}:column99999", losses=["mse"])["losses"] == {"mse": 0}
    assert "'column29' and 99970 more" in refused(table, f"{table}:column1", losses=["mse"])


def test_blanks_of_names_are_seen(read_by, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("y, p\n1,2\n")
    assert refused(f"{table}:y", f"{table}:p", losses=["mse"]).endswith("has no column 'p'; its columns are 'y', ' p'")


def test_parquet_needs_pyarrow(data, tmp_path, monkeypatch):
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "in a clone of pyloss: pip install '.[files]'" in refused(
        tmp_path / "y.parquet", tmp_path / "p.npy", losses=["mse"]
    )


def test_pieces_of_any_batches(rng):
    lengths = [0, 3, 5000, 1, 0, 2047, 10]
    batches = [(rng.random(n),) for n in lengths]
    pieces = list(_score_tables.recut(iter(batches), 1024))
    assert [len(piece) for (piece,) in pieces] == [1024] * 6 + [sum(lengths) - 6 * 1024]
    np.testing.assert_array_equal(
        np.concatenate([piece for (piece,) in pieces]), np.concatenate([b for (b,) in batches])
    )


def test_rows_of_a_group_wait_for_a_block_only():
    group, y = _score_groups.Group([pyloss.MSE()]), np.zeros(3000)
    group.take((y, y + 1, None), np.arange(3000))
    assert (group._count, group.rows) == (3000 % 1024, 3000)
    assert group.results() == (1.0,)


def test_results_as_data(data, tmp_path):
    found = score(*map(str, of_npy(tmp_path, "y", "p")), ["mse"], None, None, 1000)
    assert found == _score_report.Scores(_score_report.Score(ROWS, {"mse": pyloss.MSE()(data["y"], data["p"])}), None)


def test_losses_are_parsed():
    assert _losses.parse("barron:alpha=-2,c=.5") == pyloss.Barron(alpha=-2, c=0.5)
    assert _losses.parse("log_loss:from_logits=true,reduction=sum") == pyloss.BCE(from_logits=True, reduction="sum")


@pytest.mark.parametrize("name", _losses.METRICS)
def test_names_of_metrics_are_those_of_the_loss(name, data):
    truth, pred = (data["p"] > 0.5) * 1.0, data["p"].astype(float) ** 2
    assert _losses.parse(name)(truth, pred) == pytest.approx(getattr(metrics, name)(truth, pred), rel=1e-13)


def test_classes_are_names_of_their_loss():
    for stem, loss in LOSSES.items():
        assert _losses.NAMES[stem] is _losses.NAMES[loss.__name__] is loss
    assert _losses.parse("Huber:delta=2") == pyloss.Huber(delta=2)
