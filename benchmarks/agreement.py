"""Whether two answers are the same, before they are timed."""

from typing import Any

import numpy as np
from cases import Case, data, several

ORACLE_TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
TWIN_TOLERANCE = {np.float32: 5e-4, np.float64: 1e-11}


def assert_same(case: Case, ours: Any, others: Any, tolerance: float) -> None:
    """Relative to the largest; where y_true = y_pred a gradient may jump, and a twin may take either side."""
    np.testing.assert_allclose(ours[0], float(others[0]), rtol=tolerance, atol=1e-12)
    if ours[1] is None:
        return
    y_true, y_pred, *_ = data(case)
    for own, other in zip(several(ours[1]), several(others[1]), strict=True):
        difference = np.abs(np.subtract(own, other))
        if np.shape(y_true) == np.shape(y_pred):
            difference[y_true == y_pred] = 0
        off, scale = difference.max(), np.abs(own).max()
        assert off <= tolerance * scale, f"gradients differ by {off / scale:.1g} of the largest"
