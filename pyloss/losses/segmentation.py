"""Losses of the overlap of two masks."""

from abc import abstractmethod
from functools import cached_property

from .._domains import FINITE_NOT_NEGATIVE, FINITE_POSITIVE
from .._formulas import Numbers, choose, power, ratio, root, tame, total
from .._loss import Number, parameter
from .._overlap import OverlapLoss
from .._total import Read, Sums


class IndexLoss(OverlapLoss):
    """One minus (TP + s) / (TP + a FP + b FN + s), where two empty masks agree."""

    @cached_property
    @abstractmethod
    def _prices(self) -> tuple[float, float, float]:
        """a, b and s."""

    def _value_of(self, sums: Sums) -> Numbers:
        shared, added, missing, _ = sums
        above, below, smooth = self._prices
        above, below = above * added, below * missing
        return ratio(above + below, total(shared, above, below, smooth))

    def _slope_of(self, sums: Sums) -> tuple[Numbers, tuple[Numbers, ...]]:
        """The scale is a power of two that keeps squares in the range; so that multiplying with it rounds nothing."""
        shared, added, missing, _ = sums
        above, below, smooth = self._prices
        wrong, lost = above * added, below * missing
        size = total(shared, smooth, wrong, lost)
        lift = tame(size)
        focus = self._focus(ratio(wrong + lost, size)) * lift
        square = size * lift * (size * lift)
        return lift, (
            ratio(above * (shared + smooth) * focus, square),
            ratio(total(below * shared, below * smooth, wrong, lost) * focus, square),
        )

    def _focus(self, loss: Numbers) -> Numbers:
        """The derivative by the loss of what is made of it."""
        return 1.0


class Dice(IndexLoss, stem="dice"):
    """Dice loss: one minus the overlap of two soft masks in units of their mean size.

    With the sums TP (shared), FP (added) and FN (left out), N = 2 TP + smooth and D = 2 TP + FP + FN + smooth: value 1 - N / D, gradient
    w N / D^2 for p > t, w (N - 2 D) / D^2 for p < t. At p = t the derivative jumps, and the gradient is 1 - t times that above plus t times
    that below: for t = 0 and t = 1 the one of the only side. Two empty masks agree: with smooth = 0 their loss is 0. `axis` says over which
    axes the sums run; the mean over cases is not weighted. It is `Tversky(alpha=0.5, beta=0.5)` with half the `smooth`.

    y_true is in [0, 1] or a bool, y_pred in [0, 1]; ValueError for anything else.

    Reference: F. Milletari, N. Navab and S. Ahmadi, V-Net, 2016.
    """

    smooth: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    @cached_property
    def _prices(self) -> tuple[float, float, float]:
        return 0.5, 0.5, self.smooth / 2


class Jaccard(IndexLoss, stem="jaccard"):
    """Jaccard loss: one minus the intersection of two soft masks over their union.

    With the sums TP (shared), FP (added) and FN (left out), N = TP + smooth and U = TP + FP + FN + smooth: value 1 - N / U, gradient
    w N / U^2 for p > t, -w / U for p < t. At p = t the derivative jumps, and the gradient is 1 - t times that above plus t times that
    below: for t = 0 and t = 1 the one of the only side. Two empty masks agree: with smooth = 0 their loss is 0. `axis` says over which axes
    the sums run; the mean over cases is not weighted.

    y_true is in [0, 1] or a bool, y_pred in [0, 1]; ValueError for anything else.

    Reference: M. A. Rahman and Y. Wang, Optimizing intersection-over-union in deep neural networks for image segmentation, 2016.
    """

    smooth: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    @cached_property
    def _prices(self) -> tuple[float, float, float]:
        return 1.0, 1.0, self.smooth


class Tversky(IndexLoss, stem="tversky"):
    """Tversky loss: overlap with a price for what is added and another for what is left out; with gamma the focal one.

    With the sums TP (shared), FP (added) and FN (left out), E = alpha FP + beta FN, N = TP + smooth, D = N + E and L = E / D: value
    L^gamma, gradient w F alpha N / D^2 for p > t and -w F (beta N + E) / D^2 for p < t, where F = gamma L^(gamma - 1). Where L is 0 and
    gamma < 1, F would be infinite: the gradient is 0 there. At p = t the derivative jumps, and the gradient is 1 - t times that above plus
    t times that below: for t = 0 and t = 1 the one of the only side. Two empty masks agree: with smooth = 0 their loss is 0. `axis` says
    over which axes the sums run; the mean over cases is not weighted.

    `alpha` weighs false positives and `beta` false negatives, as in segmentation_models_pytorch; the paper of the focal loss has them the
    other way round, and so has Keras, whatever its documentation says. `gamma` is the power itself, of each case before the average: the
    paper's 4/3 is gamma = 0.75 here.

    y_true is in [0, 1] or a bool, y_pred in [0, 1]; ValueError for anything else.

    Reference: S. S. M. Salehi, D. Erdogmus and A. Gholipour, Tversky loss function for image segmentation, 2017; N. Abraham and N. M.
    Khan, A novel focal Tversky loss function, 2018.
    """

    alpha: Number = parameter(default=0.5, domain=FINITE_NOT_NEGATIVE)
    beta: Number = parameter(default=0.5, domain=FINITE_NOT_NEGATIVE)
    gamma: Number = parameter(default=1.0, domain=FINITE_POSITIVE, examples=(1.5,))
    smooth: Number = parameter(default=1.0, domain=FINITE_NOT_NEGATIVE)

    @cached_property
    def _prices(self) -> tuple[float, float, float]:
        return self.alpha, self.beta, self.smooth

    def _value_of(self, sums: Sums) -> Numbers:
        loss = super()._value_of(sums)
        return loss if self.gamma == 1 else power(loss, self.gamma)

    def _focus(self, loss: Numbers) -> Numbers:
        return 1.0 if self.gamma == 1 else self.gamma * power(loss, self.gamma - 1)


class SoftMCC(OverlapLoss, stem="soft_mcc"):
    """Matthews' correlation of two soft masks, from one: the whole table of agreement counts, the background too.

    With the sums TP (shared), FP (added), FN (left out) and TN, the sum of w min(1 - t, 1 - p), P = TP + FP, T = TP + FN, n the sum of all
    four and D = sqrt(P T (n - P) (n - T)): value 1 - (TP TN - FP FN) / D, in [0, 2], gradient w n / (2 D) (FN / (n - P) + TP / P) for
    p > t and -w n / (2 D) (TN / (n - P) + FP / P) for p < t. At p = t the derivative jumps, and the gradient is 1 - t times that above plus
    t times that below: for t = 0 and t = 1 the one of the only side. Where D is 0 (a mask is all 0, or all 1) the correlation counts as 0:
    the loss is 1 and the gradient 0, whatever the other mask. No term is added to avoid that. `axis` says over which axes the sums run; the
    mean over cases is not weighted.

    y_true is in [0, 1] or a bool, y_pred in [0, 1]; ValueError for anything else.

    Reference: K. Abhishek and G. Hamarneh, Matthews correlation coefficient loss for deep convolutional networks, 2021.
    """

    _is_unit_free = True
    _readings = ((), (1.0,))

    def _gathered(self, read: Read) -> Sums:
        """What neither mask has is what is left of the weight, but for where little is left: there it is read."""
        shared, added, missing, weight = read(())
        rest = weight - (shared + added + missing)
        if (rest < weight / 2) if isinstance(rest, float) else (rest < weight / 2).any():
            rest = read((1.0,))[0]
        return shared, added, missing, rest, weight

    def _value_of(self, sums: Sums) -> Numbers:
        """Where the masks agree 1 - M cancels: there it is (1 - M^2) / (1 + M), with all terms of 1 - M^2 positive."""
        shared, added, missing, rest, _ = sums
        pred, truth, not_pred, not_truth = shared + added, shared + missing, rest + missing, rest + added
        hits = ratio(shared, pred) * ratio(shared, truth) * ratio(rest, not_truth) * ratio(rest, not_pred)
        faults = ratio(added, pred) * ratio(missing, truth) * ratio(added, not_truth) * ratio(missing, not_pred)
        correlation = root(hits) - root(faults)
        apart = ratio(shared, pred) * ratio(rest, not_truth) * ratio(added + missing, truth)
        apart = apart + ratio(added, pred) * ratio(missing, truth) * ratio(shared + rest, not_truth)
        apart = apart * ratio(pred + not_pred, not_pred)
        return choose(correlation > 0, ratio(apart, 1 + correlation), 1 - correlation)

    def _slope_of(self, sums: Sums) -> tuple[Numbers, tuple[Numbers, ...]]:
        """The four sizes are brought near 1 by a power of two, so that their product stays in the range."""
        shared, added, missing, rest, _ = sums
        pred, truth, not_pred, not_truth = shared + added, shared + missing, rest + missing, rest + added
        lift = tame(pred + not_pred)
        sizes = root(pred * lift * (truth * lift)) * root(not_pred * lift * (not_truth * lift))
        slopes = ratio(missing, not_pred) + ratio(shared, pred), ratio(rest, not_pred) + ratio(added, pred)
        return ratio((pred + not_pred) * lift * lift, 2 * sizes), slopes
