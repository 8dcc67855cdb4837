"""Whether what a loss says about itself agrees: its value, its gradient and its Hessian."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._differences import SLACK, Samples, Slope, changed, differences

Array = NDArray[Any]

TOLERANCE = 2.5e-7
"""Of a derivative: what is further from the differences than this, and than their own error, is wrong."""

RESOLVED = 1e-3
"""Differences that are less certain than this say nothing."""

ENTRIES = 200
"""How many entries of a large array are looked at."""

LEAST_ENTRIES = 20
WORK = 2e7
"""Fewer of them where an evaluation takes long: so many in all evaluations, but not fewer than LEAST_ENTRIES."""


@dataclass(frozen=True)
class Finding:
    """One entry: what the loss gives, and what differences give."""

    index: tuple[int, ...]
    prediction: int | None
    """Which of several predictions; None where there is one."""
    y_true: Any
    y_pred: float
    given: float
    expected: float
    error: float
    """How far `expected` may be off."""
    disagreement: float
    """How far the two are apart beyond that error, relative to the larger one."""
    kink: float | None
    """Within what distance of `y_pred` the derivative jumps; None where it does not."""

    def order(self) -> tuple[float, float]:
        """Worse findings come later."""
        size = max(abs(self.given), abs(self.expected))
        return self.disagreement, abs(self.given - self.expected) / size if size and self.kink is None else 0.0

    def __str__(self) -> str:
        which = "" if self.prediction is None else f"prediction {self.prediction}, "
        truth = "" if self.y_true is None else f"y_true {self.y_true}, "
        near = {None: "", 0.0: "; at a kink"}.get(self.kink, f"; a kink within {self.kink or 0:.1g}")
        return (
            f"{which}index {self.index[0] if len(self.index) == 1 else self.index}: {truth}y_pred {self.y_pred:.12g}: "
            f"given {self.given:.12g}, by differences {self.expected:.12g} +- {self.error:.1g}{near}"
        )


@dataclass(frozen=True)
class Comparison:
    """All that was found out about the value, the gradient or the Hessian."""

    what: str
    faults: tuple[str, ...] = ()
    """What is wrong without any differences: methods that contradict each other, shapes."""
    compared: int = 0
    entries: int = 0
    wrong: int = 0
    kinks: int = 0
    unresolved: int = 0
    worst: Finding | None = None

    @property
    def ok(self) -> bool:
        """Whether every entry that was looked at is right; so it is of no entries, but not where none is finite."""
        return not self.refuted and not self.unresolved and bool(self.compared or not self.entries)

    @property
    def refuted(self) -> bool:
        """Whether something is wrong. What is neither this nor `ok` could not be told."""
        return bool(self.faults or self.wrong)

    def __str__(self) -> str:
        verdict = "ok   " if self.ok else "WRONG" if self.refuted else "?    "
        lines = [f"  {self.what:<8}  {verdict}  {'; '.join(self.parts())}".rstrip()]
        lines += [f"                   {fault}" for fault in self.faults]
        if self.worst is not None:
            apart = f"{self.worst.disagreement:.1e} apart" if self.worst.disagreement else "within the error"
            lines.append(f"                   worst: {apart} at {self.worst}")
        return "\n".join(lines)

    def parts(self) -> Iterator[str]:
        """The numbers in words."""
        if self.what == "value":
            if not self.faults:
                yield "every method gives the same"
            return
        number = f"{self.compared} of {self.entries}" if self.compared < self.entries else f"{self.compared}"
        yield f"{number} entries against differences of the {'value' if self.what == 'gradient' else 'gradient'}"
        if self.wrong:
            yield f"{self.wrong} wrong"
        if self.kinks:
            yield f"{self.kinks} at kinks, between the slopes of both sides"
        if self.unresolved:
            yield f"{self.unresolved} too uncertain to tell"


@dataclass(frozen=True)
class Report:
    """What `pyloss.check` found: true if all agrees and could be told, and as a text the whole story."""

    name: str
    value: Comparison
    gradient: Comparison
    hessian: Comparison | None
    """None for a loss without a diagonal Hessian."""

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The parts that there are."""
        return (self.value, self.gradient, *((self.hessian,) if self.hessian else ()))

    @property
    def ok(self) -> bool:
        """Whether value, gradient and Hessian agree at every entry that was looked at."""
        return all(comparison.ok for comparison in self.comparisons)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        names = [comparison.what for comparison in self.comparisons]
        head = f"{self.name}: {', '.join(names[:-1])} and {names[-1]} {self.verdict()}"
        return "\n".join([head, *map(str, self.comparisons)])

    def verdict(self) -> str:
        """The whole in words."""
        if self.ok:
            return "agree"
        if any(comparison.refuted for comparison in self.comparisons):
            return "do not agree"
        compared = sum(comparison.compared for comparison in self.comparisons)
        told = compared - sum(comparison.unresolved for comparison in self.comparisons)
        return f"agree where it could be told: {told} of {compared}" if told else "could not be compared"


def check(loss: Any, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> Report:
    """Whether value, gradient and diagonal Hessian of a loss agree at these data: `print(pyloss.check(loss, y_true, y_pred))`.

    The gradient is compared with central differences of the value, the Hessian with those of the gradient, in float64 with steps that are
    halved and extrapolated until they are most certain (Ridders' method): a relative error of 1e-6 is found where a loss is smooth. Where
    the slopes of both sides differ there is a kink; a derivative between them is right, and so it is where the function itself jumps. What
    the differences are too uncertain to tell is counted as such, and then the report is not true. Predictions that are not finite are not
    looked at; where none is finite nothing can be told. Of large arrays a random sample of entries is looked at, the same each time.

    `loss` is any object that can be called and has `grad` or `value_and_grad`, and if it likes `grad_and_hess`, with the arguments of
    pyloss's losses: one of pyloss, or your own. `y_pred` is a tuple for a loss of several predictions. The report is true if all agrees and
    could be told, `report.gradient.worst` says where least, and `str(report)` tells the story.

    Raises
    ------
    TypeError
        for an object without these methods; and all that the loss raises for the data.
    """
    return Checked(loss, y_true, y_pred, sample_weight).report()


class Checked:
    """A loss with its data, whose predictions are changed entry by entry."""

    def __init__(self, loss: Any, y_true: Any, y_pred: Any, sample_weight: Any):
        if isinstance(loss, type):
            raise TypeError(f"check: loss must be an object, got the class {loss.__name__}: write {loss.__name__}(...)")
        if not callable(loss) or not (hasattr(loss, "grad") or hasattr(loss, "value_and_grad")):
            raise TypeError(f"check: loss must be callable and have grad or value_and_grad, got {type(loss).__name__}")
        self.loss = loss
        self.name = str(getattr(loss, "name", type(loss).__name__))
        self.truth = y_true if y_true is None or isinstance(y_true, np.ma.MaskedArray) else np.asarray(y_true)
        self.several = isinstance(y_pred, tuple) or (
            isinstance(y_pred, list) and bool(getattr(loss, "predictions", ()))
        )
        self.preds = tuple(as_float64(pred) for pred in (y_pred if self.several else (y_pred,)))
        self.weight = () if sample_weight is None else (sample_weight,)

    def ask(self, method: str) -> Any:
        """A copy of the answer: a loss may write each one into the same array."""
        return copy.deepcopy(
            getattr(self.loss, method)(self.truth, self.preds if self.several else self.preds[0], *self.weight)
        )

    def gradient(self) -> Any:
        return self.ask("grad") if hasattr(self.loss, "grad") else self.ask("value_and_grad")[1]

    def parts(self, derivative: Any) -> tuple[Array, ...]:
        """The arrays of a derivative, one for each prediction."""
        return tuple(np.asarray(part, np.float64) for part in (derivative if self.several else (derivative,)))

    def report(self) -> Report:
        value, gradient = self.ask("__call__"), self.gradient()
        values, gradients = {"calling it": value}, {"grad": gradient}
        hessian: Any = None
        if hasattr(self.loss, "value_and_grad"):
            values["value_and_grad"], gradients["value_and_grad"] = self.ask("value_and_grad")
        if curved := hasattr(self.loss, "grad_and_hess"):
            gradients["grad_and_hess"], hessian = self.ask("grad_and_hess")
        return Report(
            self.name,
            Comparison("value", contradictions(values)),
            self.compare(
                "gradient", gradient, contradictions(gradients), lambda *_: self.ask("__call__"), largest(value)
            ),
            self.compare(
                "Hessian", hessian, (), lambda k, where: self.parts(self.gradient())[k][where], largest(gradient)
            )
            if curved
            else None,
        )

    def compare(
        self, what: str, given: Any, faults: tuple[str, ...], function: Callable[[int, Any], Any], scale: float
    ) -> Comparison:
        """Compare a derivative with the differences of a function, which tells the numbers that an entry changes."""
        parts = self.parts(given)
        for part, pred in zip(parts, self.preds, strict=False):
            if part.shape != pred.shape:
                faults = (*faults, f"its shape is {part.shape}, that of y_pred {pred.shape}")
        entries = sum(pred.size for pred in self.preds)
        if faults or len(parts) != len(self.preds):
            return Comparison(
                what, faults or ("it must be a tuple, with one array for each prediction",), entries=entries
            )
        scale = max(min(scale, 1.0), largest(given))  # a large function alone makes no difference certain
        judged = []
        for k, where in self.sample(entries):
            judged.append(self.judge(k, where, float(parts[k][where]), scale, function))
        verdicts = [verdict for verdict, _ in judged]
        told = [finding for verdict, finding in judged if verdict in ("right", "wrong", "kink")]
        return Comparison(
            what,
            compared=len(judged),
            entries=entries,
            wrong=verdicts.count("wrong"),
            kinks=verdicts.count("kink"),
            unresolved=verdicts.count("unresolved"),
            worst=max(told, key=Finding.order, default=None),
        )

    def sample(self, entries: int) -> list[tuple[int, Any]]:
        """Which entries are looked at: the prediction and the index."""
        ends = np.cumsum([pred.size for pred in self.preds])
        most = int(max(LEAST_ENTRIES, min(ENTRIES, WORK // max(entries, 1))))
        flat = np.arange(entries)
        if entries > most:
            flat = np.sort(np.random.default_rng(0).choice(entries, most, replace=False, shuffle=False))
        places = []
        for i in flat:
            k = int(np.searchsorted(ends, i, side="right"))
            pred = self.preds[k]
            where = tuple(int(j) for j in np.unravel_index(int(i) - int(ends[k] - pred.size), pred.shape))
            if np.isfinite(np.ma.getdata(pred)[where]):
                places.append((k, where))
        return places

    def judge(
        self, k: int, where: Any, given: float, scale: float, function: Callable[[int, Any], Any]
    ) -> tuple[str, Finding]:
        """Whether one entry is right, wrong, at a kink or unresolved."""
        data = np.ma.getdata(self.preds[k])
        point = float(data[where])

        def at(number: float) -> NDArray[np.float64] | None:
            data[where] = number
            try:
                return changed(function(k, where))
            except (ValueError, IndexError, ArithmeticError):  # out of the domain
                return None
            finally:
                data[where] = point

        samples = Samples(at, point)
        slope, kink = samples.central(), None
        verdict = self.verdict(given, slope, scale)
        if verdict != "right" or samples.has_kink():
            verdict, slope, kink = second_look(self, samples, given, scale)
            if kink == 0 and verdict != "kink" and point:  # a small number may have a small neighbourhood
                verdict, slope, kink = second_look(self, Samples(at, point, abs(point)), given, scale)
        found = Finding(
            where,
            k if self.several else None,
            self.truth_at(where, k),
            point,
            given,
            slope.slope,
            slope.error,
            0.0 if verdict == "kink" else excess(given, slope),
            kink,
        )
        return verdict, found

    def verdict(self, given: float, slope: Slope, scale: float) -> str:
        size = abs(slope.slope) if np.isnan(given) else max(abs(given), abs(slope.slope))
        if not certain(slope, size, scale):
            return "unresolved"
        return "right" if excess(given, slope) <= TOLERANCE else "wrong"

    def truth_at(self, where: tuple[int, ...], k: int) -> Any:
        """The truth of an entry, or of its row."""
        if self.truth is None:
            return None
        if self.truth.ndim == len(where) - 1:
            axis = getattr(self.loss, "axis", -1)
            where = tuple(np.delete(where, axis if isinstance(axis, int) else -1).tolist())
        try:
            return np.ma.getdata(self.truth)[where].item()
        except (IndexError, ValueError):
            return None


def second_look(checked: Checked, samples: Samples, given: float, scale: float) -> tuple[str, Slope, float | None]:
    """Where central differences do not agree with what is given: is it a kink, or a border of the domain?"""
    found = differences(samples)
    left, right = found.left, found.right
    sides = [side for side in (left, right) if side.error < np.inf]
    jumps = found.kink == 0
    if len(sides) == 1 and found.central.error == np.inf and not jumps:
        return checked.verdict(given, sides[0], scale), sides[0], None
    low, high = sorted((left.slope, right.slope))
    gap, steepest = high - low, max(abs(low), abs(high))
    slack = SLACK * (left.error + right.error)
    if jumps or (len(sides) == 2 and gap > 1e-4 * steepest + slack):
        between = Slope((low + high) / 2, gap / 2)
        slack += TOLERANCE * steepest
        if not all(certain(side, steepest, scale) for side in (left, right)):
            return "unresolved", between, found.kink
        if low - slack <= given <= high + slack:
            return "kink", between, found.kink
        if jumps:
            return "wrong" if samples.jumps_here() else "unresolved", between, found.kink
    return checked.verdict(given, found.central, scale), found.central, found.kink


def certain(slope: Slope, size: float, scale: float) -> bool:
    """Whether a slope is known well enough to tell anything, beside its size or the largest one."""
    return slope.error < np.inf and slope.error <= max(RESOLVED * size, 1e-6 * scale)


def excess(given: float, slope: Slope) -> float:
    """By how much two numbers differ beyond the error of one, relative to the larger."""
    if not np.isfinite(given):
        return np.inf
    size = max(abs(given), abs(slope.slope))
    return max(0.0, abs(given - slope.slope) - slope.error) / size if size else 0.0


def contradictions(answers: dict[str, Any]) -> tuple[str, ...]:
    """What methods say that ought to say the same."""
    (first, expected), *others = answers.items()
    faults = []
    for name, answer in others:
        pairs = list(zip(leaves(expected), leaves(answer), strict=False))
        if len(leaves(expected)) != len(leaves(answer)) or any(a.shape != b.shape for a, b in pairs):
            faults.append(f"{first} and {name} give different shapes")
            continue
        for a, b in pairs:
            apart = ~np.isclose(a, b, rtol=TOLERANCE, atol=0, equal_nan=True)
            if apart.any():
                where = tuple(int(i) for i in np.argwhere(apart)[0])
                place = f" at index {where[0] if len(where) == 1 else where}" if where else ""
                faults.append(f"{first} gives {a[where]:.12g}, {name} {b[where]:.12g}{place}")
    return tuple(faults)


def leaves(answer: Any) -> list[Array]:
    return [np.asarray(part, np.float64) for part in (answer if isinstance(answer, tuple) else (answer,))]


def largest(answer: Any) -> float:
    """The largest finite size."""
    sizes = [np.abs(part[np.isfinite(part)]) for part in leaves(answer)]
    return max(float(np.max(part, initial=0.0)) for part in sizes)


def as_float64(pred: Any) -> Array:
    """A copy that can be changed."""
    if isinstance(pred, np.ma.MaskedArray):
        return cast(Array, np.ma.array(pred, np.float64, copy=True))
    return np.array(pred, np.float64)
