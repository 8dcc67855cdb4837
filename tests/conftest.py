"""What all tests share: one thread number to start from, and a seed."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import pyloss

settings.register_profile("pyloss", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pyloss")


@pytest.fixture(autouse=True)
def threads_as_before():
    """No test changes the number of threads for the next."""
    before = pyloss.get_num_threads()
    yield
    assert pyloss.get_num_threads() == before


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240607)
