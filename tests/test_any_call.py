"""Every form of every loss as hypothesis finds it: the textbook's answer, or the declared refusal."""

import math
from contextlib import suppress

import numpy as np
import pytest
from comparing import answers, assert_same_bits, check, largest, methods, truth_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Call, calls, each
from variants import CONTRASTIVE, EVERY, VARIANTS, Variant

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


def terms(call: Call) -> float:
    """A term of the textbook may be a product of truth, prediction and weight; of all the truth that a row has."""
    y, p, w = call.plain
    if call.loss.family == "rowwise" and np.ndim(y) == np.ndim(p):
        y = np.abs(y.astype(float)).sum(axis=call.loss.axis)
    return math.prod(max(1.0, *map(largest, each(argument)), 1.0) for argument in (y, p, w))


def summed(variant: Variant, call: Call) -> float:
    """How many values there are for each that the reduction divides by."""
    if call.loss.family in ("total", "sorted"):
        return 1.0
    values = variant.values_shape(np.shape(each(call.plain[1])[0]))
    return {"sum": math.prod(values), "batchmean": math.prod(values[1:])}.get(call.loss.reduction, 1.0)


def check_batch(call: Call, got: dict) -> None:
    """A similarity is off by some roundings over the temperature, and each of its anchor's terms with it."""
    expected = pyloss.reference.evaluate(call.loss, *call.plain)
    rows = np.shape(call.plain[1])[-2]
    similar = 8 * np.finfo(float).eps / call.loss.temperature * max(1, rows)
    for name, answer in got.items():
        truth = np.asarray(truth_of(expected, name))
        atol = similar * max(1.0, largest(truth), largest(call.plain[2] if call.plain[2] is not None else 1))
        np.testing.assert_allclose(answer, truth, rtol=similar, atol=atol, err_msg=name)


def assert_call(variant: Variant, call: Call) -> None:
    """The textbook's answer, with the same bits in any layout; or a refusal, if it is one that the domains declare."""
    if has_answers(call):
        got = answers(call.loss, *call.given)
        assert_same_bits(answers(call.loss, *call.plain), got)
        if variant in CONTRASTIVE:
            check_batch(call, got)
        elif not call.formula:
            check(
                call.loss,
                *call.plain,
                given=call.given,
                limits=call.limits,
                terms=terms(call),
                summed=summed(variant, call),
            )


@settings(max_examples=5)
@given(st.data())
@pytest.mark.parametrize("variant", EVERY, ids=str)
def test_any_call(variant, data):
    """tests/torture/test_hypothesis.py draws two hundred times as many."""
    assert_call(variant, data.draw(calls(variant)))


@settings(max_examples=10)
@given(st.data())
@pytest.mark.parametrize("variant", [v for v in VARIANTS if v().family != "total"], ids=str)
def test_parts_of_a_call(variant, data):
    """What an element, or a row, is asked alone is what it is among others."""
    call = data.draw(calls(variant))
    y, p, _ = call.plain
    assume(p.ndim > variant.rowwise and len(p) and TypeError not in call.may)
    loss = variant(reduction="none", check=False)
    whole = answers(loss, y, p)
    i = data.draw(st.integers(0, len(p) - 1))
    for name, part in answers(loss, y[i : i + 1], p[i : i + 1]).items():
        expected = whole[name][i : i + 1]
        assert part.dtype == expected.dtype
        np.testing.assert_array_equal(
            part.astype(float), expected.astype(float)
        )  # bfloat16's nan is not known to NumPy


NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, 3e38])


@settings(max_examples=30)
@given(st.data())
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_any_number_gets_an_answer(variant, data):
    """Unchecked, whatever is in the arrays: no exception, no neighbour disturbed; checked, an error or the same answer."""
    shape = (data.draw(st.integers(1, 40)), 3)
    pred = np.array(data.draw(st.lists(NUMBERS, min_size=6, max_size=6)), np.float32)
    p = np.resize(pred, shape)
    y = (
        np.zeros(shape[0] if variant.row_truth else shape, int)
        if variant.labels
        else np.resize(data.draw(st.lists(NUMBERS, min_size=6, max_size=6)), shape).astype(np.float32)
    )
    unchecked = answers(variant(check=False), y, p)
    with suppress(ValueError):
        assert_same_bits(answers(variant(), y, p), unchecked)
