"""Files for `pyloss score`, and what it answers."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner, Result

from pyloss.cli import _score_sources
from pyloss.cli.app import app

ROWS = 2 * _score_sources.PIECE + 1500
CLASSES = 3
CITIES = np.array(["Rome", "Łódź", "a b", "[red]"])


def arrays(rng: np.random.Generator, rows: int = ROWS) -> dict[str, Any]:
    """A truth, predictions, weights, class labels with scores, and cities."""
    y, p, w = rng.random((3, rows), dtype=np.float32)
    labels = rng.integers(0, CLASSES, rows)
    city = CITIES[rng.choice(len(CITIES), rows, p=[0.6, 0.39, 0.009, 0.001])]
    scores = rng.normal(size=(rows, CLASSES)).astype(np.float32)
    return {"y": y, "p": p, "w": w, "labels": labels, "city": city, "scores": scores}


def write_csv(path: Path, columns: Mapping[str, Any]) -> Path:
    flat = {name: np.asarray(column) for name, column in columns.items() if np.ndim(column) == 1}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(flat)
        # float64: what is written must be the number itself
        writer.writerows(zip(*(as_written(column) for column in flat.values()), strict=True))
    return path


def as_written(column: Any) -> list[Any]:
    return column.astype(np.float64).tolist() if column.dtype.kind == "f" else column.tolist()


def write_parquet(path: Path, columns: Mapping[str, Any]) -> Path:
    """In row groups that are no multiple of a piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = {name: pa.array(column) for name, column in columns.items() if np.ndim(column) == 1}
    pq.write_table(pa.table(flat), path, row_group_size=50_001)
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def options(losses: Sequence[str]) -> list[str]:
    return [word for loss in losses for word in ("--loss", loss)]


def scored(*arguments: object, losses: Sequence[str]) -> Any:
    """The JSON object of a run that goes well."""
    result = invoke(*arguments, *options(losses), "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    assert len(result.stdout.splitlines()) == 1, result.stdout
    answer = json.loads(result.stdout)
    for score in (answer, *answer.get("groups", {}).values()):
        score["losses"] = {name: float(value) for name, value in score["losses"].items()}
    return answer


def refused(*arguments: object, losses: Sequence[str] = ()) -> str:
    """The one line of a run that is refused; nothing else is printed."""
    result = invoke(*arguments, *options(losses), "--json")
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("pyloss score: ")
    return line.removeprefix("pyloss score: ")
