"""The front door under atheris: `pip install atheris; PYTHONPATH=tests:tests/torture python tests/torture/fuzz_front_door.py`.

The arguments are libFuzzer's: `-max_total_time=600` for ten minutes, `-timeout=20` for what hangs, and a folder for the corpus. What it
finds is kept in Hypothesis's database too, where test_front_door.py plays it again.
"""

import sys
import warnings

import atheris

with atheris.instrument_imports(include=["pyloss"]):
    import pyloss  # noqa: F401

from test_front_door import MASKED_IN_A_LIST, test_the_front_door

warnings.simplefilter("error")
warnings.filterwarnings(*MASKED_IN_A_LIST.split(":"))
atheris.Setup(sys.argv, test_the_front_door.hypothesis.fuzz_one_input)
atheris.Fuzz()
