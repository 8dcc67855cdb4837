"""What the tests go over: every loss of the registry in all its forms, derived from its fields and its declared domains."""

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from itertools import product
from math import inf
from typing import Any

import numpy as np

import pyloss

Array = np.ndarray


@dataclass(frozen=True)
class Variant:
    """One form of a loss: its class, its parameters, and whether its truth is labels."""

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
    def has_hess(self) -> bool:
        return hasattr(pyloss.LOSSES[self.stem], "grad_and_hess")

    def values_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the unreduced values; of the weights too, where there is one value for all."""
        loss = self()
        return shape if loss.family != "rowwise" else np.empty(shape).take(0, loss.axis).shape


def another(domain: Any) -> float:
    """A number of a parameter's domain that is no loss's default."""
    if domain.high == inf:
        return domain.low + 0.375
    return domain.low + (domain.high - domain.low) * 0.8125


def settings(cls: type) -> Iterator[dict[str, Any]]:
    """The parameters of every form of a loss: all choices, and each number once at another value than its default."""
    choices = {f.name: f.metadata["choices"] for f in fields(cls) if "choices" in f.metadata}
    numbers = {f.name: another(f.metadata["domain"]) for f in fields(cls) if "domain" in f.metadata}
    for chosen in product(*choices.values()):
        base = dict(zip(choices, chosen, strict=True))
        yield base
        yield from ({**base, name: number} for name, number in numbers.items() if goes_with(cls, name, base))


def goes_with(cls: type, name: str, base: dict[str, Any]) -> bool:
    """Whether a loss takes its parameter beside these choices: eps belongs to probabilities, not to logits."""
    try:
        cls(**base, **{name: another(next(f for f in fields(cls) if f.name == name).metadata["domain"])})
    except ValueError as error:
        if f"{name} must be 0 with " not in str(error):
            raise
        return False
    return True


def truths(cls: type) -> list[bool]:
    """Whether the truth is labels: yes, no, or one after the other."""
    return {"always": [True], "maybe": [False, True]}.get(getattr(cls, "labels", "never"), [False])


VARIANTS = [
    Variant(stem, parameters, labels)
    for stem, cls in pyloss.LOSSES.items()
    for parameters in settings(cls)
    for labels in truths(cls)
]
ELEMENTWISE = [variant for variant in VARIANTS if variant().family == "elementwise"]
ROWWISE = [variant for variant in VARIANTS if variant.rowwise]
TOTALS = [variant for variant in VARIANTS if variant().family == "total"]
REDUCTIONS = ("mean", "sum", "batchmean", "none")


def defaults(cls: type) -> dict[str, Any]:
    return {f.name: f.default for f in fields(cls) if f.default is not MISSING}


def draw(domain: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Numbers of a domain, its ends among them; multiples of 1/64, so that ties and kinks are hit and float16 is exact."""
    if domain.integral:
        return rng.integers(int(domain.low), int(domain.high) + 1, shape).astype(float)
    low, high = max(domain.low, -4.0), min(domain.high, 4.0)
    numbers = np.round(rng.uniform(low, high, shape) * 64) / 64
    return np.where(rng.random(shape) < 0.2, np.round(numbers), numbers)


def data(variant: Variant, shape: tuple[int, ...], seed: int = 0, axis: int = -1) -> tuple[Array, Array]:
    """Truth and prediction in float64. Predictions lie inside their domain, since at its border a loss may be infinite."""
    rng = np.random.default_rng((seed, *shape))
    loss = variant()
    pred = draw(loss.y_pred_domain, shape, rng)
    if loss.y_pred_domain.low == 0:
        pred = np.clip(pred, 1 / 64, loss.y_pred_domain.high - 1 / 64)
    if variant.labels:
        rows = np.empty(shape).take(0, axis).shape
        return rng.integers(0, shape[axis], rows), pred
    return draw(loss.y_true_domain, shape, rng), pred


def weights(shape: tuple[int, ...], seed: int = 0) -> Array:
    """Weights of which some are 0."""
    rng = np.random.default_rng((seed, 7))
    return np.round(rng.uniform(0, 3, shape) * 8) / 8 * (rng.random(shape) < 0.8)
