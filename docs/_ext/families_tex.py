r"""TeX that means a number: the part of its mathematics in which docs/formulas is written, read and evaluated.

Products are written side by side, a function takes what is in parentheses or the next factor, and a sum or a maximum over an index takes
the rest of its product. Of \begin{cases} only the case that holds is evaluated, so that the others need not be defined. A symbol with an
index, as z_k, is an entry of an array or calls a function of the index; a symbol that is known together with what stands below it, as
\gamma_+, is that symbol.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import numpy as np

Scope = Mapping[str, Any]
Meaning = Callable[[Scope], Any]

COUNT = "count"
"""The name in a scope of how many values an index has."""

TOKEN = re.compile(
    r"\\(?:begin|end)\{cases\}|\\(?:mathrm|operatorname|text|texttt|tilde)\{[^{}]*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S"
)
SILENT = re.compile(r"\\(?:left|right|[bB]igg?[lr]?|quad|[,;:! ])")
LABELS = r"\text{"


def sigmoid(z: float) -> Any:
    return 1 / (1 + np.exp(-z))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    r"\log": np.log,
    r"\exp": np.exp,
    r"\sin": np.sin,
    r"\cos": np.cos,
    r"\arctan": np.arctan,
    r"\cosh": np.cosh,
    r"\tanh": np.tanh,
    r"\sigma": sigmoid,
    r"\Gamma": math.gamma,
    r"\Phi": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    r"\varphi": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    r"\operatorname{sgn}": np.sign,
    r"\max": max,
    r"\min": min,
}
OVER_INDICES: dict[str, Callable[[Iterator[Any]], Any]] = {
    r"\sum": lambda terms: sum(terms, np.float64(0)),
    r"\max": max,
    r"\operatorname{argmax}": lambda terms: int(np.argmax(list(terms))),
}
CONSTANTS = {"e": math.e, r"\pi": math.pi, r"\infty": math.inf}
RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    r"\le": operator.le,
    r"\ge": operator.ge,
    r"\ne": operator.ne,
    r"\in": lambda member, members: member in members,
    r"\notin": lambda member, members: member not in members,
}
CLOSING = {"(": ")", "{": "}", "[": "]", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\begin{cases}": r"\end{cases}"}
STOPS = {*CLOSING.values(), *RELATIONS, "+", "-", "/", ",", "&", r"\\", r"\cdot", ""}


def read(tex: str) -> Meaning:
    """What a formula means: a function of the numbers that its symbols stand for."""
    reader = Reader(tex)
    meaning = reader.expression()
    reader.end()
    return meaning


def define(tex: str) -> tuple[str, Callable[[Scope], Callable[..., Any]]]:
    """The symbol that an equation as q_k = ... defines, and what makes of a scope the function of its indices."""
    reader = Reader(tex)
    name, indices = reader.defined()
    reader.take("=")
    meaning = reader.expression()
    reader.end()
    return name, lambda scope: lambda *places: meaning({**scope, **dict(zip(indices, places, strict=True))})


class Reader:
    """A formula, read from left to right."""

    def __init__(self, tex: str) -> None:
        self.tex = tex
        self.tokens = [token for token in TOKEN.findall(tex) if not SILENT.fullmatch(token)]
        self.place = 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token != expected):
            raise ValueError(f"{expected or 'more'} is missing before {self.tokens[self.place :]} in {self.tex}")
        self.place += 1
        return token

    def taken(self, token: str) -> bool:
        """Whether it is next, and then it is taken."""
        found = self.next == token
        self.place += found
        return found

    def end(self) -> None:
        if self.next:
            raise ValueError(f"what stands from {self.tokens[self.place :]} on makes no sense in {self.tex}")

    def expression(self) -> Meaning:
        terms: list[Meaning] = []
        while not terms or self.next in ("+", "-"):
            sign = self.take() if self.next in ("+", "-") else "+"
            terms.append(_negated(self.product()) if sign == "-" else self.product())
        return lambda scope: reduce(operator.add, (term(scope) for term in terms))

    def product(self) -> Meaning:
        result = self.factor()
        while True:
            if self.taken("/"):
                result = _joined(operator.truediv, result, self.factor())
            elif self.taken(r"\cdot"):
                result = _joined(np.dot, result, self.factor())
            elif self.next in STOPS or self.next.startswith(LABELS):
                return result
            else:
                result = _joined(operator.mul, result, self.factor())

    def factor(self) -> Meaning:
        base = self.atom()
        return _joined(_power, base, self.argument()) if self.taken("^") else base

    def argument(self) -> Meaning:
        """What stands in braces, or a single token."""
        if self.taken("{"):
            inner = self.expression()
            self.take("}")
            return inner
        return self.number_or_symbol()

    def atom(self) -> Meaning:
        token = self.next
        if token in CLOSING:
            return self.enclosed()
        if token in (r"\frac", r"\tfrac"):
            self.take()
            return _joined(operator.truediv, self.argument(), self.argument())
        if token == r"\sqrt":
            self.take()
            inner = self.argument()
            return lambda scope: np.sqrt(inner(scope))
        if token in OVER_INDICES or token in FUNCTIONS:
            return self.function()
        return self.number_or_symbol()

    def number_or_symbol(self) -> Meaning:
        if self.next in STOPS:
            raise ValueError(f"a number is missing before {self.tokens[self.place :]} in {self.tex}")
        if not self.next[0].isdigit():
            return self.symbol()
        number = np.float64(self.take())
        return lambda scope: number

    def enclosed(self) -> Meaning:
        opening = self.take()
        if opening == r"\begin{cases}":
            return self.cases()
        inner = self.condition() if opening == "[" else self.expression()
        self.take(CLOSING[opening])
        if opening == r"\lvert":
            return lambda scope: abs(inner(scope))
        if opening == r"\lVert":
            return lambda scope: np.linalg.norm(inner(scope))
        return (lambda scope: float(inner(scope))) if opening == "[" else inner

    def cases(self) -> Meaning:
        pieces = []
        while not self.taken(r"\end{cases}"):
            piece = self.expression()
            self.take("&")
            pieces.append((piece, self.condition()))
            self.taken(r"\\")
        return lambda scope: next((piece(scope) for piece, holds in pieces if holds(scope)), math.nan)

    def condition(self) -> Meaning:
        """Comparisons that all hold; "otherwise" always does."""
        parts: list[Meaning] = []
        while not parts or self.taken(","):
            if self.next.startswith(LABELS) and "otherwise" in self.take():
                return lambda scope: True
            parts += self.comparisons()
        return lambda scope: all(part(scope) for part in parts)

    def comparisons(self) -> list[Meaning]:
        """Those of a chain; what is compared with nothing is true or not by itself."""
        parts, left = [], self.expression()
        while self.next in RELATIONS:
            relation, right = RELATIONS[self.take()], self.expression()
            parts.append(_joined(relation, left, right))
            left = right
        return parts or [left]

    def function(self) -> Meaning:
        name = self.take()
        if self.taken("_"):
            index, term = self.index(), self.product()
            return lambda scope: OVER_INDICES[name](term(inner) for inner in index(scope))
        function, power = FUNCTIONS[name], self.argument() if self.taken("^") else lambda scope: 1
        arguments = self.arguments() if self.next == "(" else [self.factor()]
        return lambda scope: function(*(argument(scope) for argument in arguments)) ** power(scope)

    def arguments(self) -> list[Meaning]:
        self.take("(")
        found = [self.expression()]
        while self.taken(","):
            found.append(self.expression())
        self.take(")")
        return found

    def index(self) -> Callable[[Scope], Iterator[Scope]]:
        """The scopes with each value of the index below a sum for which the conditions there hold."""
        conditions: list[Meaning] = []
        braces = self.taken("{")
        name = self.next
        if not braces or self.tokens[self.place + 1] in (",", "}"):
            self.take()
            self.taken(",")
        while braces and not self.taken("}"):
            conditions += self.comparisons()
            self.taken(",")
        return lambda scope: (inner for inner in _numbered(scope, name) if all(holds(inner) for holds in conditions))

    def symbol(self) -> Meaning:
        name, full, places = self.name()
        return lambda scope: _found(scope, name, full, [place(scope) for place in places])

    def name(self) -> tuple[str, str, list[Meaning]]:
        """A symbol; with all that stands below it, as one name; and the indices that this may be."""
        name = self.take()
        while self.taken("'"):
            name += "'"
        if not self.taken("_"):
            return name, name, []
        start = self.place
        places = self.places() if self.taken("{") else [_entry(self.take())]
        below = "".join(token for token in self.tokens[start : self.place] if token not in "{}")
        return name, f"{name}_{below}", places

    def places(self) -> list[Meaning]:
        """One index for each letter, or one that is computed."""
        inside = self.tokens[self.place : self.tokens.index("}", self.place)]
        if all(token.isalpha() for token in inside):
            self.place += len(inside) + 1
            return [_entry(letter) for letter in inside]
        place = self.expression()
        self.take("}")
        return [place]

    def defined(self) -> tuple[str, list[str]]:
        """What stands left of an equation: the name of a function, and its indices."""
        name, full, _ = self.name()
        letters = list(full.removeprefix(f"{name}_")) if full != name else []
        return (name, letters) if all(letter.isalpha() for letter in letters) else (full, [])


def _negated(meaning: Meaning) -> Meaning:
    return lambda scope: -meaning(scope)


def _joined(join: Callable[[Any, Any], Any], left: Meaning, right: Meaning) -> Meaning:
    return lambda scope: join(left(scope), right(scope))


def _power(base: Any, exponent: Any) -> Any:
    return np.float64(base) ** exponent


def _numbered(scope: Scope, index: str) -> Iterator[Scope]:
    return ({**scope, index: place} for place in range(scope[COUNT]))


def _entry(letter: str) -> Meaning:
    return lambda scope: scope.get(letter)


def _found(scope: Scope, name: str, full: str, places: list[Any]) -> Any:
    if full in scope:
        name, places = full, []
    if name not in scope and not places and name in CONSTANTS:
        return CONSTANTS[name]
    if name not in scope:
        raise KeyError(f"{full} stands for nothing")
    value = scope[name]
    if callable(value):
        return value(*map(int, places))
    return value[tuple(map(int, places))] if places else value
