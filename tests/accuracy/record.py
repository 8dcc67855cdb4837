"""The records: files of the worst errors, in which a figure may only become smaller."""

import json
from math import ceil, isfinite
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LOSSES, FUNCTIONS = FOLDER / "losses.json", FOLDER / "functions.json"
DECIMALS = 3
Tree = dict[str, Any]


def printed(ulp: float) -> float:
    """Rounded up, so that what was measured never exceeds what is written."""
    return ceil(ulp * 10**DECIMALS) / 10**DECIMALS if isfinite(ulp) else ulp


def read(file: Path) -> Tree:
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def write(file: Path, record: Tree) -> None:
    file.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


def figure(entry: Any) -> float | None:
    """The error of an entry that is one, be it a number or one with its circumstances."""
    number = entry.get("ulp") if isinstance(entry, dict) else entry
    return None if number is None else float(number)


def merge(record: Tree, measured: Tree, path: tuple[str, ...] = ()) -> list[str]:
    """Put into the record what is new or better, and tell what is worse."""
    complaints = []
    for key, entry in measured.items():
        old, new, place = record.get(key), figure(entry), (*path, key)
        if old is None or (new is not None and new < (figure(old) or 0.0)):
            record[key] = entry
        elif new is None:
            complaints += merge(old, entry, place)
        elif new > (figure(old) or 0.0):
            complaints.append(f"{' '.join(place)}: {new} ULP, and {figure(old)} in the record")
    return complaints


def update(file: Path, measured: Tree) -> list[str]:
    record = read(file)
    complaints = merge(record, measured)
    write(file, record)
    return complaints
