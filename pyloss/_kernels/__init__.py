"""The compiled kernels: a module for each ISA level and precision, `v3_f32` and so on. One level is loaded, when pyloss is imported.

But for `table` their functions are probes: one kernel on plain arrays of the module's precision, for tests and the curious.
"""

import importlib
from types import ModuleType


def load(level: str, bits: int) -> ModuleType:
    """The kernels of one ISA level and precision."""
    return importlib.import_module(f"{__name__}.{level}_f{bits}")
