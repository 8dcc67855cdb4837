"""tests/test_any_call.py with many more calls, other ones each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import calls
from test_any_call import assert_call
from variants import EVERY


@settings(max_examples=1000, derandomize=False)
@given(st.data())
@pytest.mark.parametrize("variant", EVERY, ids=str)
def test_any_call_of_many(variant, data):
    assert_call(variant, data.draw(calls(variant)))
