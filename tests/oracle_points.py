"""Where the losses are compared with the second oracle: random numbers of every magnitude, and the borders."""

from math import log

import numpy as np
from variants import draw, labels, least

POINTS = 150
POWERS_OF_TEN = (1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 100.0)


def product(x, count: int):
    """A power by multiplications, which round alike on every processor."""
    found = x
    for _ in range(count - 1):
        found = found * x
    return found


def numbers(domain, shape, rng, dtype):
    """Of every magnitude, and close to the ends of the domain."""
    if domain.low == -np.inf:
        wide = rng.normal(size=shape) * rng.choice(POWERS_OF_TEN, shape)
    else:
        x = rng.random(shape)
        wide = np.choose(rng.integers(0, 4, shape), [np.sqrt(x), x, (x * x) ** 2, product(x, 30)])
        if domain.high == 1:
            wide = np.where(rng.random(shape) < 0.3, 1 - wide * 2.0**-12, wide)
    return np.maximum(wide.astype(dtype), np.finfo(dtype).tiny) if domain.low_open else wide.astype(dtype)


def hard_truth(domain, shape, rng):
    if domain.integral:
        return draw(domain, shape, rng)
    return np.maximum(rng.integers(0, 2, shape), least(domain))


def elements(variant, dtype, soft, rng, count):
    loss = variant()
    p = numbers(loss.y_pred_domain, count, rng, dtype)
    if loss.y_true_domain.integral or (loss.y_true_domain.low == 0 and not soft):
        return hard_truth(loss.y_true_domain, count, rng).astype(dtype), p
    return numbers(loss.y_true_domain, count, rng, dtype), p


def row(variant, classes, rng, dtype, soft):
    loss = variant()
    p = numbers(loss.y_pred_domain, classes, rng, dtype)
    if loss.y_pred_domain.low == 0:
        p = np.maximum(p, np.finfo(dtype).tiny)
    if variant.labels:
        return labels(variant, (classes,), rng), p
    if variant.row_truth:
        return numbers(loss.y_true_domain, (), rng, dtype), p
    if loss.y_true_domain.low == -np.inf:
        return numbers(loss.y_true_domain, classes, rng, dtype), p
    return (
        rng.random(classes) * (rng.random(classes) < 0.7) if soft else np.eye(classes)[rng.integers(0, classes)]
    ).astype(dtype), p


def several(variant, shape, rng, dtype) -> tuple:
    """Truth and predictions of a loss of several: a label where one is asked for, and every second time close to one another."""
    loss = variant()
    preds = [numbers(domain, shape, rng, dtype) for domain in loss.predictions.values()]
    if shape and rng.random() < 0.5:
        preds[1:] = [preds[0] + dtype(2.0**-8) * pred for pred in preds[1:]]
    if loss.labels == "none":
        return None, tuple(preds)
    rows = () if loss.labels == "rows" else shape
    if loss.y_true_domain.integral:
        return draw(loss.y_true_domain, rows, rng), tuple(preds)
    return numbers(loss.y_true_domain, rows, rng, dtype), tuple(preds)


SIZES = (0, 2**-60, 2**-30, 1e-3, 0.5, 1, 2, 17, 20, 40, 88.5, 104, 709.5, 745, 1e4, 1e10, 1e30)
"""Where exponentials and squares come to an end, and where a 1 swallows what is added to it."""


def kinks(variant) -> list[float]:
    """Where a formula may give way to another: the parameters, the logits of those that are probabilities, and 1."""
    given = [x for x in variant().parameters.values() if isinstance(x, float) and 0 < abs(x) < np.inf]
    return [1.0, *given, *(log(x / (1 - x)) for x in given if 0 < x < 1)]


def border(variant, domain, dtype):
    """Numbers of a domain that are hard: tails of both signs, denormals, kinks and the ends, and their neighbours."""
    info = np.finfo(dtype)
    whole = np.array([*SIZES, *kinks(variant), info.tiny, info.smallest_subnormal, info.tiny / 2], dtype)
    tails = np.concatenate([whole, 1 - whole[whole <= 1]])
    places = np.concatenate([tails, np.nextafter(tails, dtype(0)), np.nextafter(tails, dtype(np.inf))])
    found = np.unique(np.concatenate([places, -places]))
    return found[(found >= domain.low) & (found <= domain.high) & ~(domain.low_open & (found == domain.low))]


def mixed(variant, domain, shape, rng, dtype):
    """Ordinary numbers and hard ones."""
    if domain.integral:
        return hard_truth(domain, shape, rng).astype(dtype)
    ordinary = numbers(domain, shape, rng, dtype)
    return np.where(rng.random(shape) < 0.5, rng.choice(border(variant, domain, dtype), shape), ordinary).astype(dtype)
