"""The front door under atheris: `pip install atheris; PYTHONPATH=tests:tests/torture python tests/torture/fuzz_front_door.py`.

The arguments are libFuzzer's: `-max_total_time=600` for ten minutes, `-timeout=60` for what hangs, and a folder for the corpus.
"""

import random
import sys
import warnings

import atheris

with atheris.instrument_imports(include=["pyloss"]):
    import pyloss  # noqa: F401

from test_front_door import MASKED_IN_A_LIST, test_the_front_door

CHOICES = 2048
"""Bytes that are enough for most calls: libFuzzer's own inputs are short, and a call whose choices run out is not made."""


def one_call(choices: bytes) -> None:
    test_the_front_door.hypothesis.fuzz_one_input(choices + random.Random(choices[:4]).randbytes(CHOICES))


warnings.simplefilter("error")
warnings.filterwarnings(*MASKED_IN_A_LIST.split(":"))
atheris.Setup(sys.argv, one_call)
atheris.Fuzz()
