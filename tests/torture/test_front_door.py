"""The front door takes arbitrary objects: it answers, or it refuses with an error for people, and it never harms what it was given."""

import os
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from anything import Broken, huge, objects, picked, viewed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import base
from variants import CONTRASTIVE, EVERY, REDUCTIONS, Variant

NUMPY = os.path.dirname(np.__file__)
REFUSALS = (TypeError, ValueError, IndexError, MemoryError, Broken)
METHODS = ("__call__", "grad", "value_and_grad", "grad_and_hess", "forward", "backward")
PLACES = ("y_true", "y_pred", "sample_weight", "out", "parameters")
SHAPES = [(2, 3), (4, 3), (1, 1), (8, 4), (65, 2), (0, 3), (2, 3, 4)]
VARIANT, METHOD, REDUCTION, SHAPE, DTYPE = map(picked, (EVERY, METHODS, REDUCTIONS, SHAPES, "fde"))
CHANGED = st.lists(picked(PLACES), max_size=2, unique=True)


def good(variant: Variant, shape: tuple[int, ...], dtype: str) -> tuple[Any, Any]:
    """Data that the loss takes."""
    truth, pred = base(variant, shape[:2] if variant in CONTRASTIVE else shape, 0)
    return truth, tuple(part.astype(dtype) for part in pred) if isinstance(pred, tuple) else pred.astype(dtype)


def each(arrays: Any, depth: int = 3) -> list[np.ndarray]:
    """The arrays in an argument or an answer; a list may be nested in itself."""
    if isinstance(arrays, tuple | list) and depth:
        return [part for argument in arrays for part in each(argument, depth - 1)]
    return [np.ndarray.view(arrays, np.ndarray)] if isinstance(arrays, np.ndarray) else []


def places_for(answer: Any) -> Any:
    """Arrays for an answer like this one; a number has none."""
    if isinstance(answer, tuple):
        return tuple(map(places_for, answer))
    return np.empty_like(answer) if isinstance(answer, np.ndarray) else None


@st.composite
def outs(draw: Any, loss: Any, method: str, arguments: dict[str, Any]) -> Any:
    """Arrays for results: right ones, the inputs themselves, views of them, or anything."""
    named = {} if method in ("forward", "backward") else {"out": None}
    if not named or draw(st.booleans()):
        return named
    try:
        right = places_for(getattr(loss, method)(**arguments))
    except REFUSALS:
        right = None
    if isinstance(right, tuple) and right[0] is None:
        right = right[1]
    inputs = each(list(arguments.values()))
    taken = draw(picked([right, right, *inputs, *[(array, None) for array in inputs]]))
    return {"out": draw(viewed(taken)) if isinstance(taken, np.ndarray) else taken}


@dataclass(repr=False)
class Call:
    variant: Variant
    options: dict[str, Any]
    method: str
    arguments: dict[str, Any]

    def __repr__(self) -> str:
        given = {**self.options, **self.arguments}
        return f"{self.variant} {self.method} {', '.join(f'{name}={described(part)}' for name, part in given.items())}"


def described(given: Any) -> str:
    """What cannot be printed is told by its type."""
    try:
        return f"{given!r}" if type(given) is not np.ndarray else f"{given!r} of strides {given.strides}"
    except Exception:
        return f"a {type(given).__name__}"


@st.composite
def calls(draw: Any) -> Call:
    """A form of a loss, options, a method, and arguments of which up to two are anything."""
    variant = draw(VARIANT)
    options = {"reduction": draw(REDUCTION), "check": draw(st.booleans())}
    method = draw(METHOD)
    shape = draw(SHAPE)
    truth, pred = good(variant, shape, draw(DTYPE))
    weight = draw(picked([None, None, np.ones(shape[0]), np.arange(shape[0])]))
    arguments = {"y_true": truth, "y_pred": pred, "sample_weight": weight}
    changed = draw(CHANGED)
    if hasattr(variant(), method):
        arguments |= draw(outs(variant(**options), method, arguments))
    for place in (place for place in changed if place in arguments):
        arguments[place] = draw(anything_like(arguments[place]))
    if "parameters" in changed:
        names = [*variant().parameters, "reduction", "on_empty", "check"]
        options |= {draw(picked(names)): draw(objects())}
    elif draw(st.integers(0, 30)) == 0:
        arguments[draw(picked(PLACES[:3]))] = draw(huge(variant().family in ("elementwise", "total")))
    return Call(variant, options, method, arguments)


def anything_like(argument: Any) -> Any:
    """Another view of an array, one of a tuple replaced, or anything of its shape or of another."""
    if isinstance(argument, tuple):
        return st.tuples(*(st.just(part) | anything_like(part) for part in argument)) | objects()
    if isinstance(argument, np.ndarray):
        return viewed(argument) | objects(argument.shape) | objects()
    return objects()


def assert_kind(loss: Any, method: str, answer: Any) -> None:
    """A value is a float or an array, a derivative an array or a tuple of one for each prediction."""

    def value(part: Any) -> bool:
        return type(part) is (np.ndarray if loss.reduction == "none" else float)

    def derivative(part: Any) -> bool:
        several = len(loss.predictions)
        parts = part if several and type(part) is tuple and len(part) == several else (part,)
        return all(type(array) is np.ndarray for array in parts)

    kinds = {
        **{"__call__": (value,), "forward": (value,), "grad": (derivative,), "backward": (derivative,)},
        **{"value_and_grad": (value, derivative), "grad_and_hess": (derivative, derivative)},
    }[method]
    parts = answer if len(kinds) > 1 else (answer,)
    assert len(parts) == len(kinds)
    assert all(kind(part) for kind, part in zip(kinds, parts, strict=True)), answer


def is_of_the_conversion(error: Exception) -> bool:
    """Whether NumPy could not make an array of an object, and says so itself, be it in C or in Python."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if not frame.filename.startswith(NUMPY)][-1] == "as_array"


MASKED_IN_A_LIST = "ignore:Warning. converting a masked element to nan"


@pytest.mark.filterwarnings(MASKED_IN_A_LIST)  # NumPy's own, of lists
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
@given(calls())
def test_the_front_door(call: Call) -> None:
    variant, options, method, arguments = call.variant, call.options, call.method, call.arguments
    outputs = each(arguments.get("out"))
    inputs = [array for name in PLACES[:3] for array in each(arguments[name])]
    kept = [
        array for array in inputs if array.size < 2**20 and not any(np.may_share_memory(array, out) for out in outputs)
    ]
    before = [array.tobytes() for array in kept]
    try:
        loss = variant(**options)
        if hasattr(loss, method):
            assert_kind(loss, method, getattr(loss, method)(**arguments))
    except REFUSALS:
        pass
    except Exception as error:
        if isinstance(error, SystemError) or not is_of_the_conversion(error):
            raise
    assert [array.tobytes() for array in kept] == before
