"""Losses of the angle or the distance between vectors."""

from .._domains import FINITE_NOT_NEGATIVE, SIGN
from .._engine import Plan
from .._loss import ElementwiseLoss, Number, RowwiseLoss, parameter


class CosineDistance(RowwiseLoss, stem="cosine_distance"):
    """One minus the cosine of the angle between two rows: 0 for the same direction, 1 for a right angle, 2 for opposite ones.

    With the unit vectors u of y_pred and v of y_true: value |u - v|^2 / 2 = 1 - u v, gradient ((u - v) - value u) / |y_pred|. A zero vector
    has no direction: value and gradient are 0. Lengths do not matter, be they 1e-30 or 1e30.

    `axis` is that of a vector's entries, any numbers.

    Reference: G. Salton and M. J. McGill, Introduction to Modern Information Retrieval, 1983.
    """

    def _make_plan(self) -> Plan:
        return Plan(self, "cosine", rowwise=True, axis=self.axis)


class HingeEmbedding(ElementwiseLoss, stem="hinge_embedding"):
    """Hinge embedding loss: the distance of what is alike, and how far it falls short of the margin for what is not.

    value p where y is 1, max(0, margin - p) where it is -1; gradient 1, and -1 where p < margin, else 0; second derivative 0. At the kink
    p = margin the gradient is 0.

    y_true is -1 or 1, or 0 or a bool, 0 standing for -1 (ValueError for 0.5); y_pred is a distance p, any number.

    Reference: R. Hadsell, S. Chopra and Y. LeCun, Dimensionality reduction by learning an invariant mapping, 2006.
    """

    margin: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    y_true_domain = SIGN
