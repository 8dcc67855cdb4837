"""Every form of every loss as hypothesis finds it: the textbook's answer, or the declared refusal."""

from contextlib import suppress

import numpy as np
import pytest
from comparing import answers, assert_same_bits, check, largest, methods, truth_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Call, calls
from variants import CONTRASTIVE, EVERY

import pyloss


def has_answers(call: Call) -> bool:
    """Whether the call is answered; if not, every method refuses it with the error that it may end with."""
    refused = []
    for ask in methods(call.loss):
        with suppress(*call.may):
            getattr(call.loss, ask)(*call.given)
            continue
        refused.append(ask)
    assert len(refused) in (0, len(methods(call.loss))), refused
    assert refused or not call.must, f"{call.loss} takes what its domain does not"
    return not refused


def check_batch(call: Call, got: dict) -> None:
    """A similarity is off by some roundings over the temperature, and each of its anchor's terms with it."""
    expected = pyloss.reference.evaluate(call.loss, *call.plain)
    rows = np.shape(call.plain[1])[-2]
    similar = 8 * np.finfo(float).eps / call.loss.temperature * max(1, rows)
    for name, answer in got.items():
        truth = np.asarray(truth_of(expected, name))
        atol = similar * max(1.0, largest(truth), largest(call.plain[2] if call.plain[2] is not None else 1))
        np.testing.assert_allclose(answer, truth, rtol=similar, atol=atol, err_msg=name)


@settings(max_examples=5, phases=[__import__("hypothesis").Phase.generate])
@given(st.data())
@pytest.mark.parametrize("variant", EVERY, ids=str)
def test_any_call(variant, data):
    call = data.draw(calls(variant))
    if has_answers(call):
        got = answers(call.loss, *call.given)
        assert_same_bits(answers(call.loss, *call.plain), got)
        if variant in CONTRASTIVE:
            check_batch(call, got)
        elif not call.formula:
            check(call.loss, *call.plain, given=call.given, limits=call.limits)
