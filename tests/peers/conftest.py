"""The peers' settings, before they are imported: float64 everywhere, on the CPU."""

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
