"""The scores that are one minus a ratio of errors: those of a model, and those of a constant."""

from typing import Any

import numpy as np

from ._inputs import Array


def over_outputs(errors: Array, multioutput: Any, dtype: Any) -> Any:
    """The errors of the outputs as `multioutput` wants them: each by itself, or their average."""
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return errors.astype(dtype)
    return float(np.average(errors, weights=None if isinstance(multioutput, str) else multioutput))


def explained(unexplained: Array, variation: Array, multioutput: Any, dtype: Any, force_finite: bool = True) -> Any:
    """One minus the ratio of what a model leaves unexplained to what there is to explain, over the outputs.

    Of 0 / 0 the score is 1 and of anything else / 0 it is 0, unless nan and -inf are asked for.
    """
    scores = 1 - unexplained / variation if not force_finite else _finite_scores(unexplained, variation)
    if not isinstance(multioutput, str) or multioutput != "variance_weighted":
        return over_outputs(scores, "uniform_average" if multioutput is None else multioutput, dtype)
    return float(np.average(scores, weights=variation if variation.any() else None))


def _finite_scores(unexplained: Array, variation: Array) -> Array:
    ratio = np.divide(unexplained, variation, out=np.ones_like(unexplained), where=variation != 0)
    return np.where(unexplained == 0, 1.0, 1 - ratio)
