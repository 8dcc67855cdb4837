"""A weighted sum of losses of the same arguments."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays, _errors
from ._accumulator import Accumulator
from ._domains import FINITE, Domain
from ._formulas import silent
from ._loss import Array, Loss, Value, _number
from ._tallies import SumTally

AnyLoss: TypeAlias = "Loss | Sum"
Term: TypeAlias = tuple[float, AnyLoss]


@dataclass(frozen=True, repr=False)
class Sum:
    """A weighted sum of losses of the same arguments, asked as a loss is: `Sum([(1.0, Dice()), (0.5, BCE())])`.

    value w1 v1 + w2 v2 + ..., gradient and diagonal second derivative the same sums. It is asked as every loss is: called, `grad`,
    `value_and_grad`, `forward`, `backward`, and where all terms have it `grad_and_hess`, each with `(y_true, y_pred, sample_weight=None)`
    and `out=`.

    Each term keeps its own parameters, reduction and choice for the mean of nothing. Terms with reduction="none" give arrays, whose shapes
    must be equal (0-dimensional ones of the losses of totals and one value per element are not); they cannot be added to terms that give a
    number. A sum may be a term of another.

    Derivatives are added up in one array, `out` if that is given, with one scratch array beside it; in the dtype of that array. `out` may
    be an input: then all terms but the last are added up elsewhere first, which takes a second scratch array from three terms on.

    Parameters
    ----------
    terms : sequence of (weight, loss)
        At least one. Weights are finite numbers, of any sign; what has the weight 0 contributes 0, even if it is nan.

    Raises
    ------
    TypeError
        for terms that are not pairs of a number and a loss of pyloss.
    ValueError
        for no terms, a weight that is not finite, terms of different numbers of predictions, and values that are numbers in some terms and
        arrays in others, or arrays of different shapes; and all that the terms raise.
    """

    terms: Sequence[Term]

    name: ClassVar[str] = "sum"

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", _checked(self.terms))

    def __repr__(self) -> str:
        return f"Sum([{', '.join(f'({weight!r}, {loss!r})' for weight, loss in self.terms)}])"

    @property
    def predictions(self) -> Mapping[str, Domain]:
        """The names and domains of the predictions, where the terms take several as a tuple: those of the first term."""
        return self.terms[0][1].predictions

    def leaves(self) -> list[tuple[float, Loss]]:
        """The losses that are no sums, each with the product of its weights."""
        return [(weight * factor, leaf) for weight, loss in self.terms for factor, leaf in leaves(loss)]

    def __call__(
        self,
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | None = None,
    ) -> Value:
        """The sum of the values, a float; with terms of reduction="none" an array, which goes into `out` if that is given."""
        if out is not None and not self._unreduced:
            raise TypeError("sum: out= takes arrays, and the value of reduced terms is a number")
        return self._add_up("__call__", (y_true, y_pred, sample_weight), out)

    def grad(
        self,
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | None = None,
    ) -> Array:
        """The gradient of the sum with respect to `y_pred`; into `out` if that is given, which may be `y_pred` itself."""
        gradient: Array = self._add_up("grad", (y_true, y_pred, sample_weight), out)
        return gradient

    def value_and_grad(
        self,
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: Array | tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Value, Array]:
        """The value and the gradient. `out` takes the gradient; with terms of reduction="none", a pair of arrays."""
        value, gradient = self._add_up("value_and_grad", (y_true, y_pred, sample_weight), out)
        return value, gradient

    @property
    def grad_and_hess(self) -> Callable[..., tuple[Array, Array]]:
        """A method: the gradient and the diagonal of the Hessian. There is none where a term has none. `out` is a pair of arrays."""
        for _, loss in self.terms:
            if not hasattr(loss, "grad_and_hess"):
                raise AttributeError(f"sum: {loss.name} has no diagonal second derivative")
        return self._grad_and_hess

    def _grad_and_hess(
        self,
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: tuple[Array | None, Array | None] | None = None,
    ) -> tuple[Array, Array]:
        gradient, hessian = self._add_up("grad_and_hess", (y_true, y_pred, sample_weight), out)
        return gradient, hessian

    def accumulator(self) -> Accumulator[float]:
        """What adds up this sum over a stream of data: a `pyloss.Accumulator` of it alone, whose result is a float."""
        return Accumulator(self)

    def _tally(self) -> SumTally:
        return SumTally(self)

    def forward(self, y_true: ArrayLike | None, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Value:
        """The same as calling the sum."""
        return self(y_true, y_pred, sample_weight)

    def backward(self, y_true: ArrayLike | None, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Array:
        """The same as `grad`."""
        return self.grad(y_true, y_pred, sample_weight)

    @property
    def _unreduced(self) -> bool:
        """Whether the values are arrays."""
        return self.terms[0][1]._unreduced

    def _added_up(self, values: Iterable[float]) -> float:
        """The sum of the terms' values."""
        total: float = reduce(
            added, (scaled(value, weight) for value, (weight, _) in zip(values, self.terms, strict=True))
        )
        return total

    @silent
    def _add_up(self, method: str, inputs: tuple[Any, Any, Any], out: Any) -> Any:
        """Ask every term; what they answer is a tree of tuples, arrays and numbers.

        `out` is what the first term is given, and the others a scratch array; where it is an input, it must be given to the last.
        """
        last = len(self.terms) - 1
        lands = last if out is not None and _overlap(out, inputs) else 0
        total: Any = None
        scratch: Any = None
        for k, (weight, loss) in enumerate(self.terms):
            target = out if k == lands else scratch
            answer = scaled(_ask(loss, method, inputs, target, out is not None and lands < k), weight)
            if k == 0:
                total = answer
            elif k == lands:
                total = added(answer, total)
            else:
                total = added(total, answer)
                scratch = answer[1] if method == "value_and_grad" and not self._unreduced else answer
                scratch = scratch if isinstance(scratch, np.ndarray | tuple) else None
        return total


def _checked(given: Any) -> tuple[Term, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"sum: terms must be a sequence of (weight, loss), got {given!r}")
    terms = tuple(_term(k, term) for k, term in enumerate(given))
    if not terms:
        raise ValueError("sum: terms must hold at least one (weight, loss)")
    kinds = [loss._unreduced for _, loss in terms]
    if any(kinds) and not all(kinds):
        number, array = terms[kinds.index(False)][1], terms[kinds.index(True)][1]
        raise ValueError(
            f"sum: either all terms have reduction='none' or no term has, got {array.name} with it and {number.name} without"
        )
    for _, loss in terms[1:]:
        _check_predictions(terms[0][1], loss)
    return terms


def leaves(loss: AnyLoss) -> list[tuple[float, Loss]]:
    """The losses that a sum is made of, with their weights; of a loss itself alone."""
    return loss.leaves() if isinstance(loss, Sum) else [(1.0, loss)]


def _check_predictions(first: AnyLoss, other: AnyLoss) -> None:
    """Names may differ: a scale stands where another loss has a variance."""
    counts = [len(loss.predictions) or 1 for loss in (first, other)]
    if counts[0] != counts[1]:
        raise ValueError(
            f"sum: all terms must take as many predictions, got {first.name} of {counts[0]} and {other.name} of {counts[1]}"
        )


def _term(k: int, given: Any) -> Term:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"sum: terms[{k}] must be a pair (weight, loss), got {given!r}")
    weight, loss = given
    number = _number("sum", f"the weight of terms[{k}]", weight, FINITE)
    _errors.check_loss(loss, f"sum: terms[{k}] must hold")
    return number, loss


def _overlap(out: Any, inputs: tuple[Any, ...]) -> bool:
    """Whether an array of `out` has a byte in common with an input, or with what an input keeps its numbers in."""
    ours = [array for array in _leaves(out) if isinstance(array, np.ndarray)]
    theirs = [np.asarray(given) for given in _leaves(inputs) if given is not None]
    return any(_arrays.share_memory(a, b) for a in ours for b in theirs)


def _leaves(tree: Any) -> list[Any]:
    """What is in nested tuples; of a list, which may hold several predictions, what is an array."""
    if isinstance(tree, list):
        return [part for part in tree if hasattr(part, "__array__")]
    return [leaf for branch in tree for leaf in _leaves(branch)] if isinstance(tree, tuple) else [tree]


def _ask(loss: AnyLoss, method: str, inputs: tuple[Any, Any, Any], out: Any, written: bool) -> Any:
    try:
        return getattr(loss, method)(*inputs, out=out)
    except (ValueError, IndexError) as error:
        note = "; out may be partly written"
        if not written or str(error).endswith(note):
            raise
        raise type(error)(f"{error}{note}") from None


def scaled(answer: Any, weight: float) -> Any:
    """An answer times a weight: arrays in their place. What has the weight 0 is 0, even if it was nan."""
    if isinstance(answer, tuple):
        return tuple(scaled(part, weight) for part in answer)
    if not isinstance(answer, np.ndarray):
        return answer * weight if weight else 0.0
    if weight == 0:
        answer[...] = 0
    elif weight != 1:
        np.multiply(answer, weight, out=answer)
    return answer


def added(total: Any, answer: Any) -> Any:
    """Two answers of the same form: arrays in the place of the first."""
    if isinstance(total, tuple):
        return tuple(added(a, b) for a, b in zip(total, answer, strict=True))
    if not isinstance(total, np.ndarray):
        return total + answer
    if total.shape != answer.shape:
        raise _errors.bad_parameter(
            "sum", "terms", "losses whose unreduced values have one shape", (total.shape, answer.shape)
        )
    return np.add(total, answer, out=total)
