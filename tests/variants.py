"""What the tests go over: every loss of the registry in all its forms, derived from its fields and its declared domains."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import Field, dataclass, field, fields
from itertools import product
from math import inf
from typing import Any
from unittest.mock import patch

import numpy as np

import pyloss

Array = np.ndarray


@dataclass(frozen=True)
class Variant:
    """One form of a loss: its class, its parameters, and whether its truth is labels, be it one a row or a list of them."""

    stem: str
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)
    labels: bool = False

    def __call__(self, **more: Any) -> Any:
        return pyloss.LOSSES[self.stem](**{**self.parameters, **more})

    def __str__(self) -> str:
        words = [self.stem, *(f"{name}={value}" for name, value in self.parameters.items()), *["labels"] * self.labels]
        return "-".join(words)

    @property
    def rowwise(self) -> bool:
        return self().family == "rowwise"

    @property
    def classes(self) -> int | None:
        """How many classes the data must have; None where any number will do."""
        loss = self()
        given = [getattr(loss, f.name) for f in fields(loss) if "each" in f.metadata]
        return next((len(numbers) for numbers in given if numbers is not None), None)

    @property
    def names_axes(self) -> bool:
        """Whether the data must have the axes that it names."""
        loss = self()
        return any(f.metadata.get("axes") and getattr(loss, f.name) is not None for f in fields(loss))

    @property
    def row_truth(self) -> bool:
        """Whether the truth has one number a row."""
        return (self.labels and not self.lists) or pyloss.LOSSES[self.stem].labels == "rows"

    @property
    def lists(self) -> bool:
        """Whether the truth holds lists of labels along the class axis."""
        return pyloss.LOSSES[self.stem].labels == "lists"

    @property
    def has_hess(self) -> bool:
        return hasattr(pyloss.LOSSES[self.stem], "grad_and_hess")

    def values_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the unreduced values; of the weights too, where there is one value for all."""
        loss = self()
        rows = loss.family in ("rowwise", "paired") and hasattr(loss, "axis")
        return np.empty(shape).take(0, loss.axis).shape if rows else shape


CLASSES = 4
"""How many classes a loss has whose parameters hold a number for each."""


def another(domain: Any) -> float:
    """A number of a parameter's domain that is no loss's default."""
    if domain.high == inf:
        return 0.375 if domain.low == -inf else domain.low + 0.375
    return domain.low + (domain.high - domain.low) * 0.8125


def several(domain: Any) -> tuple[float, ...]:
    """Different numbers of a domain, one for each class."""
    return tuple(another(domain) * (k + 1) / CLASSES for k in range(CLASSES))


def other_settings(f: Field) -> list[Any]:
    """What a parameter is set to beside its default."""
    if "domain" in f.metadata:
        return [another(f.metadata["domain"]), *f.metadata["examples"]]
    if "each" in f.metadata:
        return [several(f.metadata["each"])]
    if "axes" in f.metadata:
        return [0, (-1,)]
    return [0] if f.metadata.get("integer") and f.default is None else []


def settings(cls: type) -> Iterator[dict[str, Any]]:
    """The parameters of every form of a loss: all choices, and each other parameter at other values than its default."""
    choices = {f.name: f.metadata["choices"] for f in fields(cls) if "choices" in f.metadata}
    for chosen in product(*choices.values()):
        base = dict(zip(choices, chosen, strict=True))
        if not goes(cls, base):
            continue
        yield base
        for f in fields(cls):
            yield from ({**base, f.name: given} for given in other_settings(f) if goes(cls, {**base, f.name: given}))


def goes(cls: type, parameters: dict[str, Any]) -> bool:
    """Whether a loss takes these parameters together: eps belongs to probabilities, not to logits."""
    try:
        cls(**parameters)
    except ValueError as error:
        # Of a parameter that was given, in the words of a combination: neither another error nor a number out of its domain.
        if not any(re.search(rf": {name} must be .* with ", str(error)) for name in parameters):
            raise
        return False
    return True


def truths(cls: type) -> list[bool]:
    """Whether the truth is labels: yes, no, or one after the other."""
    return {"always": [True], "lists": [True], "maybe": [False, True]}.get(getattr(cls, "labels", "never"), [False])


EVERY = [
    Variant(stem, parameters, labels)
    for stem, cls in pyloss.LOSSES.items()
    for parameters in settings(cls)
    for labels in truths(cls)
]
# Losses of a batch against itself have no values that belong to elements or rows alone: test_contrastive.py is about them.
CONTRASTIVE = [variant for variant in EVERY if pyloss.LOSSES[variant.stem].family == "contrastive"]
# Those of sorted errors have a truth of two forms, and a gradient that depends on the order of equal errors: test_lovasz.py is about them.
SORTED = [variant for variant in EVERY if pyloss.LOSSES[variant.stem].family == "sorted"]
# Losses of several predictions take tuples, and those with a number for each class take no other count of classes: test_paired.py and
# test_per_class.py are about them.
PAIRED = [variant for variant in EVERY if pyloss.LOSSES[variant.stem].predictions and variant not in CONTRASTIVE]
PER_CLASS = [variant for variant in EVERY if variant.classes]
VARIANTS = [variant for variant in EVERY if variant not in PAIRED + PER_CLASS + CONTRASTIVE + SORTED]


def kernel(loss: Any) -> tuple[Any, ...]:
    """The kernel that a loss asks the engine for, and the options that it asks with, without the numbers that go into it."""
    asked = []

    def record(_loss: Any, name: str, **options: Any) -> None:
        asked.append((name, *sorted((option, given) for option, given in options.items() if option not in NUMBERS)))

    with ExitStack() as changed:
        for name, module in list(sys.modules.items()):
            if name.startswith("pyloss.") and name != "pyloss._engine" and hasattr(module, "Plan"):
                changed.enter_context(patch.object(module, "Plan", record))
        loss._make_plan()
    return tuple(asked)


NUMBERS = ("parameters", "factors")


def plain(variant: Variant) -> bool:
    """Whether a loss has all its parameters as they come, but for its choices and for the axes that it names."""
    declared = {f.name: f.metadata for f in fields(pyloss.LOSSES[variant.stem])}
    return all("choices" in declared[name] or "axes" in declared[name] for name in variant.parameters)


FIRST = (
    *("mse", "sse", "mae", "rmse", "huber", "pinball", "bce", "hinge"),
    *("cce", "sparse_cce", "kl_divergence", "dice", "cosine_distance"),
)
"""The losses that pyloss began with: their plain forms are in WAYS whatever the kernel."""


def ways() -> Iterator[Variant]:
    """One variant of each kernel with its options, and all plain forms of totals, which sum up themselves, and of the first losses.

    On these all dtypes meet all layouts, reductions and arrays for results. What is left out asks a kernel that is here for another
    number: what a number changes is the formula, and formulas are compared with both oracles for all of VARIANTS.
    """
    found = set()
    for variant in VARIANTS:
        key = (kernel(variant()), variant.labels)
        if key not in found or (plain(variant) and (variant.stem in FIRST or variant().family == "total")):
            found.add(key)
            yield variant


WAYS = list(ways())
ELEMENTWISE = [variant for variant in VARIANTS if variant().family == "elementwise"]
ROWWISE = [variant for variant in VARIANTS if variant.rowwise]
TOTALS = [variant for variant in VARIANTS if variant().family == "total"]
REDUCTIONS = ("mean", "sum", "batchmean", "none")


def least(domain: Any) -> float:
    """The smallest number of a domain that tests use: an open end is not in it."""
    return domain.low + 1 / 64 * domain.low_open


def draw(domain: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Numbers of a domain, its ends among them; multiples of 1/64, so that ties and kinks are hit and float16 is exact."""
    if domain.integral:
        return rng.integers(int(domain.low), int(domain.high) + 1, shape).astype(float)
    low, high = max(domain.low, -4.0), min(domain.high, 4.0)
    numbers = np.round(rng.uniform(low, high, shape) * 64) / 64
    return np.maximum(np.where(rng.random(shape) < 0.2, np.round(numbers), numbers), least(domain))


def prediction(domain: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Inside its domain, since at its border a loss may be infinite."""
    pred = draw(domain, shape, rng)
    return np.clip(pred, 1 / 64, domain.high - 1 / 64) if domain.low == 0 else pred


def labels(variant: Variant, shape: tuple[int, ...], rng: np.random.Generator, axis: int = -1) -> Array:
    """Class labels for predictions of a shape: one a row, or lists of any length; what follows the -1 that ends one is never read."""
    rows, classes = np.empty(shape).take(0, axis).shape, shape[axis]
    if not variant.lists:
        return rng.integers(0, classes, rows)
    names = rng.permuted(np.broadcast_to(np.arange(classes), (*rows, classes)), axis=-1)
    end = rng.integers(0, classes + 1, (*rows, 1))
    return np.moveaxis(np.where(np.arange(classes) == end, -1, names), -1, axis)


def data(variant: Variant, shape: tuple[int, ...], seed: int = 0, axis: int = -1) -> tuple[Array, Array]:
    """Truth and prediction in float64; of several predictions the tuple."""
    loss = variant()
    if variant.classes:
        shape = (*shape[:axis], variant.classes, *shape[axis:][1:])
    rng = np.random.default_rng((seed, *shape))
    pred = prediction(loss.y_pred_domain, shape, rng)
    if loss.predictions:
        pred = tuple(prediction(domain, shape, rng) for domain in loss.predictions.values())
    if loss.labels == "none":
        return None, pred
    rows = np.empty(shape).take(0, axis).shape if variant.row_truth else shape
    if variant.labels:
        return labels(variant, shape, rng, axis), pred
    return draw(loss.y_true_domain, rows, rng), pred


def weights(shape: tuple[int, ...], seed: int = 0) -> Array:
    """Weights of which some are 0."""
    rng = np.random.default_rng((seed, 7))
    return np.round(rng.uniform(0, 3, shape) * 8) / 8 * (rng.random(shape) < 0.8)
