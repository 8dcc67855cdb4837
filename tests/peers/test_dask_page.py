"""The examples of docs/drop-ins/dask.md, and what its figures are measured with."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "drop-ins" / "dask.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page(capsys):
    for example in EXAMPLES:
        exec(compile(example, "dask.md", "exec"), {"__name__": "example"})
    said = capsys.readouterr().out.splitlines()
    assert said == ["1.99 1.41", "True True", "True"]


def test_what_is_measured_agrees(monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("dask_arrays", ROOT / "benchmarks" / "dropins" / "dask_arrays.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, number in {"ROWS": 40_000, "CHUNK": 10_240, "REPEATS": 1}.items():
        monkeypatch.setattr(module, name, number)
    module.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 8
    assert all(row.split(",")[0] in PAGE for row in rows)
