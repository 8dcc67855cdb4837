"""Losses of the angle between vectors."""

from .._engine import Plan
from .._loss import RowwiseLoss


class CosineDistance(RowwiseLoss, stem="cosine_distance"):
    """One minus the cosine of the angle between two rows: 0 for the same direction, 1 for a right angle, 2 for opposite ones.

    With the unit vectors u of y_pred and v of y_true: value |u - v|^2 / 2 = 1 - u v, gradient ((u - v) - value u) / |y_pred|. A zero vector
    has no direction: value and gradient are 0. Lengths do not matter, be they 1e-30 or 1e30.

    `axis` is that of a vector's entries, any numbers.

    Reference: G. Salton and M. J. McGill, Introduction to Modern Information Retrieval, 1983.
    """

    def _make_plan(self) -> Plan:
        return Plan(self, "cosine", rowwise=True, axis=self.axis)
