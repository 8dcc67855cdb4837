"""Pickles the answers of every loss at the ISA level of this process to its output: test_isa.py compares them."""

import pickle
import sys

import numpy as np
from comparing import answers
from strategies import base
from variants import CONTRASTIVE, EVERY, REDUCTIONS, VARIANTS, data

SIZES = (*range(1, 20), 31, 32, 33, 63, 64, 65, 130, 1025)


def hard(variant, shape, dtype, seed):
    """Data with kinks and ends of domains; logits and residuals with infinities and nans too."""
    rng = np.random.default_rng(seed)
    y, p = data(variant, shape, seed)
    domain = variant().y_pred_domain
    special = [domain.low, domain.high, np.nan, 0.0, 1.0] if domain.high < np.inf else [np.inf, 0.0, 1.0, np.nan, 0.5]
    special = [x for x in special if np.isnan(x) or domain.contains(x)]
    p = np.where(rng.random(shape) < 0.1, rng.choice(special, shape), p * rng.uniform(0.5, 1, shape))
    return (y if variant.labels else y.astype(dtype)), p.astype(dtype)


def weighted(shape, rng):
    return np.where(rng.random(shape) < 0.3, 0.0, rng.uniform(0, 2, shape))


def numbers(variant):
    for dtype in (np.float32, np.float64):
        for n in SIZES:
            shape = (n, 1 + n % 40) if variant.rowwise else (n,)
            y, p = hard(variant, shape, dtype, n)
            for weight in (None, weighted(shape[:1], np.random.default_rng(n))):
                loss = variant(reduction=REDUCTIONS[n % 4])
                for name, answer in answers(loss, y, p, weight).items():
                    label = f"{name} n={n} {np.dtype(dtype)} weighted={weight is not None}"
                    yield label, np.dtype(dtype), np.asarray(answer)


def other_numbers(variant):
    """Of losses of several predictions, of sorted errors, of batches, and with a number for each class."""
    for n in (1, 2, 33, 130):
        for reduction in REDUCTIONS:
            loss = variant(reduction=reduction)
            for name, answer in answers(loss, *base(variant, (n, 5), n)).items():
                yield f"{name} n={n} {reduction}", np.dtype(np.float64), np.asarray(answer)


asked = {variant: numbers if variant in VARIANTS else other_numbers for variant in EVERY if variant not in CONTRASTIVE}
pickle.dump({str(variant): list(ask(variant)) for variant, ask in asked.items()}, sys.stdout.buffer)
