"""The base classes: what every loss can be asked, said once."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, is_dataclass
from inspect import Parameter, Signature, cleandoc, signature
from math import inf, isinf, isnan
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn, TypeAlias, TypeVar, dataclass_transform

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _errors
from ._domains import REAL, Domain
from ._engine import Calls, CurvedCalls, Plan
from ._tallies import ReducedTally, Tally

if TYPE_CHECKING:
    from ._accumulator import Accumulator

Array = NDArray[Any]
Reduction = Literal["mean", "sum", "batchmean", "none"]
OnEmpty = Literal["nan", "zero", "raise"]
Family = Literal["elementwise", "rowwise", "total", "paired", "contrastive", "sorted"]
Labels = Literal["never", "maybe", "always", "rows", "lists", "none"]
Value = Any
"""A float; an array with reduction="none"."""
Real: TypeAlias = float | np.floating[Any] | np.integer[Any]
Reals: TypeAlias = Sequence[Real] | NDArray[Any]
SomeAxes: TypeAlias = int | tuple[int, ...] | list[int]

if TYPE_CHECKING:
    Kept = TypeVar("Kept")
    Taken = TypeVar("Taken")

    class _Parameter(Generic[Kept, Taken]):
        """A field that is kept as one type, whatever a constructor takes for it."""

        def __get__(self, instance: object, owner: object = None) -> Kept: ...
        def __set__(self, instance: object, given: Taken) -> None: ...

    Number: TypeAlias = _Parameter[float, Real]
    MaybeNumber: TypeAlias = _Parameter[float | None, Real | None]
    Numbers: TypeAlias = _Parameter[tuple[float, ...], Reals]
    MaybeNumbers: TypeAlias = _Parameter[tuple[float, ...] | None, Reals | None]
    Axes: TypeAlias = _Parameter[int | tuple[int, ...] | None, SomeAxes | None]
else:
    Number, MaybeNumber = float, float | None
    Numbers, MaybeNumbers = tuple[float, ...], tuple[float, ...] | None
    Axes = int | tuple[int, ...] | None

LOSSES: "dict[str, type[Loss]]" = {}
"""Every loss by its stem. Tests, benchmarks, plots and documentation go over it."""

MOST_AXES = 64
"""As in NumPy."""

EXACT = 2**53
"""Below it every whole number is a float of its own."""

_CHOICES: dict[str, tuple[object, ...]] = {
    "reduction": ("mean", "sum", "batchmean", "none"),
    "on_empty": ("nan", "zero", "raise"),
    "check": (True, False),
}


def parameter(*, default: float | None, domain: Domain, examples: tuple[float, ...] = ()) -> Any:
    """A number that belongs to a loss, and where it may lie; None is allowed where it is the default.

    `examples` are numbers at which the loss takes another form: the tests go over them too.
    """
    return field(default=default, metadata={"domain": domain, "examples": examples})


def numbers(*, default: tuple[float, ...] | None, domain: Domain) -> Any:
    """One number for each class, and where they may lie; None is allowed where it is the default."""
    return field(default=default, metadata={"each": domain})


def choice(*, default: object, choices: tuple[object, ...]) -> Any:
    return field(default=default, metadata={"choices": choices})


def integer(*, default: int | None) -> Any:
    """A whole number; None is allowed where it is the default."""
    return field(default=default, metadata={"integer": True})


def axes(*, default: None) -> Any:
    """One axis or several of a loss's arrays; None for all."""
    return field(default=default, metadata={"axes": True})


class _Keywords:
    """The signature of a class by its fields, made when it is asked for; an object has that of its call."""

    def __get__(self, instance: Any, owner: Any) -> Signature:
        if instance is not None:
            return signature(instance.__call__)
        has_own = owner.__init__ is not _Declared.__init__
        if has_own or not is_dataclass(owner):
            raise AttributeError("__signature__")
        return Signature([_keyword(declared) for declared in fields(owner)])


def _keyword(declared: Field[Any]) -> Parameter:
    default = Parameter.empty if _is_required(declared) else declared.default
    return Parameter(declared.name, Parameter.KEYWORD_ONLY, default=default, annotation=declared.type)


def _is_required(declared: Field[Any]) -> bool:
    return declared.default is MISSING and declared.default_factory is MISSING


def _default(owner: object, declared: Field[Any]) -> Any:
    if _is_required(declared):
        raise TypeError(f"{type(owner).__name__}: {declared.name} must be given")
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(parameter, numbers, choice, integer, axes)
)
class _Declared:
    """Makes a frozen dataclass with keyword-only fields of every subclass, and lists those that have a stem.

    The methods of such a class are here: to have them compiled for every loss took most of the time until the first was there.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    name: ClassVar[str] = ""
    __signature__ = _Keywords()

    def __init_subclass__(cls, stem: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
        if stem:
            taken = LOSSES.get(stem, cls)
            if (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):  # a cell may be run again
                raise ValueError(
                    f"{cls.__name__}: the stem {stem!r} is that of {taken.__module__}.{taken.__qualname__}"
                )
            cls.name = stem
            LOSSES[stem] = cls  # type: ignore[assignment]
            cls.__doc__ = _with_parameters(cls)

    def __init__(self, *positional: object, **given: Any) -> None:
        if positional:
            raise TypeError(f"{type(self).__name__}: parameters are given by name, got {positional[0]!r} without one")
        for declared in fields(self):
            own = given.pop(declared.name) if declared.name in given else _default(self, declared)
            object.__setattr__(self, declared.name, own)
        for name in given:
            raise _errors.unknown_parameter(self.name or type(self).__name__, name, list(self._arguments()))
        self.__post_init__()
        self._prepare()

    def __post_init__(self) -> None:
        """For a subclass to check its fields."""

    def _prepare(self) -> None:
        """For a subclass to make what follows from its fields."""

    def _arguments(self) -> dict[str, Any]:
        return {declared.name: getattr(self, declared.name) for declared in fields(self)}

    def __setattr__(self, name: str, given: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        shown = (f"{own.name}={getattr(self, own.name)!r}" for own in fields(self) if own.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, own.name) for own in fields(self) if own.compare)


def _with_parameters(cls: Any) -> str | None:
    """A loss's documentation, and behind it what its own parameters may be, as they are declared."""
    own = [declared for declared in fields(cls) if declared.name not in _CHOICES]
    if not cls.__doc__ or not own:
        return cls.__doc__  # type: ignore[no-any-return]
    lines = [f"{declared.name} : {_rule(declared)}, default {declared.default!r}" for declared in own]
    return "\n".join([cleandoc(cls.__doc__), "", "Parameters", "----------", *lines, ""])


def _rule(declared: Field[Any]) -> str:
    kind = declared.metadata
    if "choices" in kind:
        return " or ".join(map(repr, kind["choices"]))
    rule = "a whole number"
    if "domain" in kind:
        rule = "any number" if kind["domain"] == REAL else f"a number {kind['domain']}"
    if "each" in kind:
        rule = f"a number {kind['each']} for each {'quantile' if declared.name == 'quantiles' else 'class'}"
    if "axes" in kind:
        rule = "an axis, a tuple of axes"
    return f"{rule} or None" if declared.default is None else rule


class _NoHessian:
    """An attribute that is missing, and says why. A `__getattr__` would make every call of a method take half as long again."""

    def __get__(self, loss: "Loss | None", kind: type["Loss"]) -> NoReturn:
        name = kind.__name__ if loss is None else loss.name
        raise AttributeError(f"{name} has no diagonal second derivative", name="grad_and_hess", obj=loss or kind)


class Loss(_Declared, Calls):
    """A loss function of (y_true, y_pred): its value, its gradient, and where there is one its diagonal Hessian.

    An object holds the parameters of a loss and is immutable; the arrays come with each call.

    Parameters
    ----------
    reduction : "mean", "sum", "batchmean" or "none"
        "mean" divides by the sum of the weights; "batchmean" divides the sum by the number of rows (the length of the first axis, the
        class axis and the axes of a total not counted); "none" gives one value per element (per row, where a loss is one of rows), times
        its weight, and derivatives that are not divided either. A total of everything, such as `RMSE`, is one number in any case. Where
        sums run over the axes of a case (`Dice(axis=...)`), weights act within it: its value is no multiple of them, and nan where all
        are 0, and the mean is the plain average of the cases that have any.
    on_empty : "nan", "zero" or "raise"
        What the mean of nothing is, be it an empty array or a total weight of 0. The gradient is 0 everywhere.
    check : bool
        Whether the data are checked against the domains of the loss. Without it the formula's own nan or inf is the answer. Class labels
        are always checked, and nothing is ever read out of bounds.

    Notes
    -----
    Every method takes `(y_true, y_pred, sample_weight=None)`.

    The shapes of `y_true` and `y_pred` must be equal (losses of classes also take labels); nothing broadcasts but `sample_weight`, which
    may be one number per row. Any strides, order, byte order and alignment, and any dtype of real numbers up to 64 bits, come in without a
    copy of the array; lists, series, tensors on the CPU and masked arrays do too. What is masked has weight 0 (where a loss is one of rows,
    the row of a masked entry); what has weight 0 counts nothing, even if it is nan. Integers above 2^53 are rounded, as NumPy's promotion
    does.

    The computation is in float32 where NumPy's promotion of both arrays gives float16 or float32, else in float64 (integer labels of a
    loss that bounds them do not promote); sums are always exact sums of float64 blocks: the same bits on any number of threads and for
    any layout of the same data (but for the contrastive losses, whose matrix products are NumPy's). Derivatives are with respect to
    `y_pred`, have its shape and floating dtype (float64 where it holds integers), and are those of the number returned.

    `grad_and_hess` is missing where the Hessian couples all predictions, so that its diagonal alone tells no curvature: a root or a ratio
    of sums, angles, distances, sorted errors, batches compared with themselves; and for the projection of `Sparsemax`, which jumps.

    A subclass declares its parameters as fields. It is copied and pickled by them: an `__init__` of its own must take them all by name.

    Raises
    ------
    TypeError
        for a dtype that does not hold real numbers.
    ValueError
        for unequal shapes, for a parameter out of its domain, and for data out of theirs, with the first offending index.
    IndexError
        for a class label that is not in 0 ... classes - 1.
    """

    family: ClassVar[Family]
    y_true_domain: ClassVar[Domain] = REAL
    y_pred_domain: ClassVar[Domain] = REAL
    labels: ClassVar[Labels] = "never"
    """Whether class labels stand for a distribution as the truth; "rows": it is one number a row; "lists": it holds lists of class labels
    in the shape of y_pred, each ended by a -1; "none": there is no truth."""
    predictions: ClassVar[Mapping[str, Domain]] = {}
    """The names and domains of the predictions, where a loss takes several as a tuple."""

    reduction: Reduction = "mean"
    on_empty: OnEmpty = "nan"
    check: bool = True

    if TYPE_CHECKING:

        def __init__(self, **parameters: Any) -> None:
            """Of a loss that is not known; each has its own."""

    def __post_init__(self) -> None:
        for declared in fields(self):
            given = getattr(self, declared.name)
            if given is None and declared.default is None:
                continue
            object.__setattr__(self, declared.name, _checked(self.name, declared, given))

    @classmethod
    def summary(cls) -> str:
        """The loss's character in one line."""
        return (cls.__doc__ or "").partition("\n")[0]

    def _prepare(self) -> None:
        object.__setattr__(self, "_plan", self._make_plan())

    def _make_plan(self) -> Plan:
        return Plan(self, self.name)

    if not TYPE_CHECKING:  # no type of a loss is to have what is not there
        grad_and_hess = _NoHessian()

    @property
    def _empty(self) -> float:
        """The mean of nothing, where it is no error."""
        return 0.0 if self.on_empty == "zero" else float("nan")

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of this loss alone, without those that all losses have."""
        return {name: given for name, given in self._arguments().items() if name not in _CHOICES}

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self), self._arguments())

    def accumulator(self) -> "Accumulator[float]":
        """What adds up this loss over a stream of data: a `pyloss.Accumulator` of it alone, whose result is a float."""
        from ._accumulator import Accumulator

        return Accumulator(self)

    def _tally(self) -> Tally[Any]:
        return ReducedTally(self)

    @property
    def _unreduced(self) -> bool:
        """Whether the values are arrays."""
        return self.reduction == "none"

    def forward(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Value:
        """The same as calling the loss."""
        return self(y_true, y_pred, sample_weight)

    def backward(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Array:
        """The same as `grad`."""
        return self.grad(y_true, y_pred, sample_weight)


class CurvedLoss(Loss, CurvedCalls):
    """A loss with a diagonal second derivative."""

    grad_and_hess = CurvedCalls.grad_and_hess


class ElementwiseLoss(CurvedLoss):
    """A loss of each pair of elements: the kernel is a point of the same stem."""

    family = "elementwise"

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=tuple(self.parameters.values()))


class RowwiseLoss(Loss):
    """A loss of rows: one value for each, over the class axis, and the mean is over rows."""

    family = "rowwise"

    axis: int = integer(default=-1)


def _checked(loss: str, declared: Field[Any], given: Any) -> Any:
    """A parameter in its own type, if it keeps what its field declares."""
    choices = declared.metadata.get("choices") or _CHOICES.get(declared.name)
    if choices:
        return _choice(loss, declared.name, given, choices)
    if domain := declared.metadata.get("domain"):
        return _number(loss, declared.name, given, domain)
    if domain := declared.metadata.get("each"):
        return _numbers(loss, declared.name, given, domain)
    if declared.metadata.get("integer"):
        return _integer(loss, declared.name, given)
    if declared.metadata.get("axes"):
        return _axes(loss, declared.name, given)
    return given


def _choice(loss: str, name: str, given: object, choices: tuple[object, ...]) -> object:
    own = given.item() if isinstance(given, np.integer | np.str_) else given
    for option in choices:
        if own is option or (type(own) is type(option) and own == option):
            return option
    raise _errors.bad_parameter(loss, name, " or ".join(map(repr, choices)), given)


def _number(loss: str, name: str, given: object, domain: Domain) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise TypeError(f"{loss}: {name} must be a number, got {given!r}")
    try:
        number = float(given)
    except OverflowError:
        number = inf
    if isinf(number) and given != number:
        raise _errors.bad_parameter(loss, name, "a number within the range of floats", "a larger one")
    if isnan(number) or not domain.contains(number):
        raise _errors.bad_parameter(loss, name, "a number, not nan" if domain == REAL else domain, given)
    return number


def _numbers(loss: str, name: str, given: Any, domain: Domain) -> tuple[float, ...]:
    """As a tuple, so that the loss can be compared and hashed."""
    if isinstance(given, np.ndarray):
        if np.ma.is_masked(given):
            raise TypeError(f"{loss}: {name} must not be masked")
        given = np.asarray(given)  # a subclass is walked in a way of its own
    if isinstance(given, Mapping):
        raise TypeError(
            f"{loss}: {name} must be a sequence of numbers, one for each class in their order, got {given!r}"
        )
    flat = given.ndim == 1 if isinstance(given, np.ndarray) else isinstance(given, Sequence)
    if not flat or isinstance(given, str | bytes | bytearray | memoryview):
        raise TypeError(f"{loss}: {name} must be a sequence of numbers, got {given!r}")
    if any(isinstance(number, Sequence | np.ndarray) for number in given):
        raise TypeError(f"{loss}: {name} must be a sequence of numbers, got {given!r}")
    if not len(given):
        raise ValueError(f"{loss}: {name} must hold at least one number")
    return tuple(_number(loss, f"{name}[{i}]", number, domain) for i, number in enumerate(given))


def _integer(loss: str, name: str, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise TypeError(f"{loss}: {name} must be an integer, got {given!r}")
    if name in ("axis", "class_axis") and not -MOST_AXES <= given < MOST_AXES:
        raise _errors.bad_parameter(loss, name, f"in [-{MOST_AXES}, {MOST_AXES})", given)
    if abs(int(given)) >= EXACT:
        raise _errors.bad_parameter(loss, name, "less than 2^53 from 0", given)
    return int(given)


def _axes(loss: str, name: str, given: object) -> int | tuple[int, ...]:
    if not isinstance(given, tuple | list):
        return _integer(loss, name, given)
    found = tuple(_integer(loss, name, axis) for axis in given)
    if not found or len(set(found)) < len(found):
        raise _errors.bad_parameter(loss, name, "None, an axis or different axes", given)
    return found


def _make(cls: type[Loss], arguments: dict[str, Any]) -> Loss:
    return cls(**arguments)
