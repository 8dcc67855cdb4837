"""Arguments of no use, refused by name before any work; and the warning for data that do not determine a metric."""

import inspect
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from math import isnan
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np

PACKAGE = __name__.rpartition(".")[0]

P = ParamSpec("P")
T = TypeVar("T")


class InvalidParameterError(ValueError, TypeError):
    """An argument of a kind, or with a value, that its parameter does not take."""


class UndefinedMetricWarning(UserWarning):
    """The data do not determine the metric."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a parameter may be, in words and as a question. What has no words is taken without being offered."""

    words: str
    holds: Callable[[Any], bool]


def is_sparse(given: object) -> bool:
    """Whether it is a sparse array or matrix of SciPy, which need not be installed."""
    return hasattr(given, "tocsr")


def is_array_like(given: object) -> bool:
    looks_like_one = any(hasattr(given, name) for name in ("__len__", "shape", "__array__"))
    return looks_like_one and not is_sparse(given) and not np.isscalar(given)


def instance(kind: type, name: str) -> Rule:
    return Rule(f"an instance of {name!r}", lambda given: isinstance(given, kind))


def one_of(*words: str) -> Rule:
    return Rule(
        f"a str among {{{', '.join(map(repr, words))}}}", lambda given: isinstance(given, str) and given in words
    )


def interval(words: str, low: float, high: float) -> Rule:
    """Finite numbers between two ends, which belong to it where they are finite."""

    def holds(given: Any) -> bool:
        if not isinstance(given, Real) or (not isinstance(given, Integral) and isnan(given)):
            return False
        return low <= float(given) <= high and abs(float(given)) < np.inf

    return Rule(f"a float in the range {words}", holds)


ARRAY = Rule("an array-like", is_array_like)
SPARSE = Rule("a sparse array or matrix", is_sparse)
NONE = Rule("None", lambda given: given is None)
HIDDEN_NONE = Rule("", lambda given: given is None)
STRING = instance(str, "str")
NUMBER = instance(Real, "float")
BOOLEAN = Rule("an instance of 'bool' or an instance of 'numpy.bool'", lambda given: isinstance(given, bool | np.bool_))
UNIT = interval("[0.0, 1.0]", 0, 1)
POWERS = (interval("(-inf, 0.0]", -np.inf, 0), interval("[1.0, inf)", 1, np.inf))


def warn(message: str, category: type[Warning]) -> None:
    """Warn of a call, at the line outside this package that it stands in."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)


def checked(**rules: tuple[Rule, ...]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function whose arguments keep at least one of the rules of their parameters, or are refused."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            for name, value in given.arguments.items():
                if not any(rule.holds(value) for rule in rules[name]):
                    raise _refused(function.__name__, name, rules[name], value)
            return function(*args, **kwargs)

        return guarded

    return decorate


def _refused(function: str, name: str, rules: tuple[Rule, ...], value: object) -> InvalidParameterError:
    *others, last = (rule.words for rule in rules if rule.words)
    words = f"{', '.join(others)} or {last}" if others else last
    return InvalidParameterError(f"The {name!r} parameter of {function} must be {words}. Got {value!r} instead.")
