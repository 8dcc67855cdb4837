"""What all tests share: one thread number to start from, threads where there may be any, and a seed."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import pyloss
from pyloss import _engine

settings.register_profile("pyloss", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pyloss")

# By itself a call on so few elements asks first how long they take, and who is awake: that is not the same every time.
_engine.set_shared_work(131_072)


@pytest.fixture(autouse=True)
def threads_as_before():
    """No test changes the number of threads for the next."""
    before = pyloss.get_num_threads()
    yield
    assert pyloss.get_num_threads() == before


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240607)
