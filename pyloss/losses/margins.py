"""Losses of several classes that ask for a margin, and sparse probabilities."""

from typing import ClassVar, Literal

from .._domains import FINITE_NOT_NEGATIVE, NOT_NEGATIVE
from .._engine import Plan
from .._loss import CurvedLoss, Labels, Number, RowwiseLoss, choice, parameter


class MulticlassHinge(RowwiseLoss, CurvedLoss, stem="multiclass_hinge"):
    """Crammer and Singer's hinge: the strongest rival alone must stay a margin of 1 below the label's class.

    For scores z and the label t: value max_k(z_k + [k != t]) - z_t, gradient 1 at the class of the maximum and -1 at the label (0 if these
    are the same), second derivative 0. Where several classes have the maximum, the label's among them, the lowest has it. The margin
    counts beside scores of any size.

    y_true holds integer labels in 0 ... classes - 1, with one axis less than y_pred (IndexError for any other); y_pred holds any numbers.
    `axis` is that of the classes. A nan makes its whole row nan, since the maximum is unknown. One class alone costs 0.

    Reference: K. Crammer and Y. Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """

    labels: ClassVar[Labels] = "always"

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, labels=self.labels, axis=self.axis)


class MultiMargin(RowwiseLoss, CurvedLoss, stem="multi_margin"):
    """Weston and Watkins' hinge: every rival must stay a margin below the label's class, and each that does not costs.

    For scores z of C classes and the label t, with u_k = margin - z_t + z_k: value sum_{k != t} max(0, u_k)^p / C; gradient
    p max(0, u_k)^(p - 1) / C at a rival with u_k > 0, and minus the sum of these at the label. The diagonal second derivative is 0 for
    p = 1; for p = 2 it is 2 / C at a rival with u_k > 0, and as many times that at the label as there are such rivals. At the kink
    u_k = 0 both derivatives are 0.

    y_true holds integer labels in 0 ... classes - 1, with one axis less than y_pred (IndexError for any other); y_pred holds any numbers.
    `p` is 1 or 2, `margin` a finite number >= 0, `axis` that of the classes. A nan goes to its own class and to the label's.

    Reference: J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, 1999.
    """

    labels: ClassVar[Labels] = "always"

    p: Literal[1, 2] = choice(default=1, choices=(1, 2))
    margin: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.margin, self.p), rowwise=True, labels=self.labels, axis=self.axis)


class MultilabelMargin(RowwiseLoss, CurvedLoss, stem="multilabel_margin"):
    """Hinge of several labels: each class that is listed must lead each class that is not by a margin of 1.

    For scores z of C classes: value sum max(0, 1 - z_j + z_i) / C over all labels j and all classes i that are none; gradient at i the
    number of labels that it does not stay 1 below, over C, and at j minus the number of such classes i, over C; second derivative 0. At
    the kink a pair counts 0.

    y_true holds integers in the shape of y_pred: along `axis` a list of classes, which ends at its first -1 or with the row. What follows
    that -1 is never read. IndexError for another number before it that is not in 0 ... classes - 1. A class that is listed twice counts
    twice as a label, as in torch. A row without labels costs 0, and so does one whose classes are all labels. y_pred holds any numbers; a
    nan goes to every class that it is compared with. The work of a row is its number of labels times its number of classes. Results take
    an input's place by a copy, since every derivative needs its whole row.

    Reference: K. Crammer and Y. Singer, A family of additive online algorithms for category ranking, 2003.
    """

    labels: ClassVar[Labels] = "lists"

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, labels=self.labels, axis=self.axis)


class Sparsemax(RowwiseLoss, stem="sparsemax"):
    """Sparsemax loss: cross-entropy's counterpart for probabilities that may be exactly 0, the projection of scores onto the simplex.

    With p = proj(z) = max(0, z - tau), tau making the sum 1, and a true distribution t: value <p - t, z - (p + t) / 2>, the Fenchel-Young
    loss of half the squared norm, which for a label t is -z_t + sum_{z_k > tau} (z_k^2 - tau^2) / 2 + 1 / 2; gradient p - t. The value is
    computed as a sum of terms none of which is negative, and is exactly 0 once the label's score leads every other by 1.

    y_true holds integer labels in 0 ... classes - 1, with one axis less than y_pred (IndexError for any other), or a distribution of
    y_pred's shape (ValueError for a negative entry), which should sum to 1: the loss is that formula even if it does not, but then it
    depends on a constant added to all scores and may be negative. y_pred holds any numbers. `axis` is that of the classes. A nan makes
    its whole row nan. There is no Hessian.

    Reference: A. F. T. Martins and R. F. Astudillo, From softmax to sparsemax: a sparse model of attention and multi-label
    classification, 2016; M. Blondel, A. F. T. Martins and V. Niculae, Learning with Fenchel-Young losses, 2020.
    """

    labels: ClassVar[Labels] = "maybe"

    y_true_domain = NOT_NEGATIVE

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, rowwise=True, labels=self.labels, axis=self.axis)
