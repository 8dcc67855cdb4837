"""`pyloss.check` finds what is wrong with a loss, and nothing wrong with one that is right."""

import dataclasses

import numpy as np
import pytest
from variants import VARIANTS, data, weights

import pyloss


class Own:
    """Somebody's own loss: a value, a gradient and a Hessian, with one of them wrong if asked for."""

    def __init__(self, value=1.0, grad=1.0, hess=1.0, at=None):
        self.factors = value, grad, hess
        self.at = at

    def off(self, numbers, which):
        factors = np.ones_like(numbers)
        factors[... if self.at is None else self.at] = self.factors[which]
        return numbers * factors / numbers.size

    def __call__(self, y, p):
        return float(np.sum(self.off(np.log1p(np.exp(p)) - y * p, 0)))

    def grad(self, y, p):
        return self.off(1 / (1 + np.exp(-p)) - y, 1)

    def grad_and_hess(self, y, p):
        q = 1 / (1 + np.exp(-p))
        return self.grad(y, p), self.off(q * (1 - q), 2)


Y = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
P = np.array([0.5, -2.0, 3.0, 1e-3, -7.0])


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_loss_agrees(variant, reduction):
    """A case without weight has the value 0: differences of nan would tell nothing."""
    y, p = data(variant, (6, 4))
    loss = variant(reduction=reduction, on_empty="zero")
    if not np.isfinite(
        loss(y, p)
    ).all():  # inf has no differences: an error relative to the truth needs one that is not 0
        y = np.where(y == 0, 0.5, y)
    assert np.isfinite(loss(y, p)).all()
    report = pyloss.check(loss, y, p, weights((6,)))
    assert report.gradient.compared == p.size
    assert report, str(report)
    assert report.ok
    assert not report.gradient.unresolved
    assert (report.hessian is not None) == variant.has_hess
    assert report.hessian is None or not report.hessian.unresolved


def test_a_right_loss_of_ones_own():
    report = pyloss.check(Own(), Y, P)
    assert report
    assert str(report).startswith("Own: value, gradient and Hessian agree\n")
    assert report.gradient.worst.disagreement < 2.5e-7
    assert report.hessian.compared == 5


@pytest.mark.parametrize("error", [1e-6, -1e-6, 1e-3, 1.0, -2.0])
def test_a_wrong_gradient_is_found(error):
    report = pyloss.check(Own(grad=1 + error, at=2), Y, P)
    assert not report
    assert report.gradient.wrong == 1
    worst = report.gradient.worst
    assert worst.index == (2,)
    assert (worst.y_true, worst.y_pred) == (1.0, 3.0)
    assert worst.expected == pytest.approx(Own().grad(Y, P)[2], rel=1e-9, abs=0)
    assert worst.given == pytest.approx(worst.expected * (1 + error), rel=1e-9, abs=0)
    assert worst.error < 1e-9 * abs(worst.expected)
    assert (worst.kink, worst.prediction) == (None, None)
    assert "gradient  WRONG" in str(report)
    assert "index 2: y_true 1.0, y_pred 3: given" in str(report)


@pytest.mark.parametrize("error", [1e-6, 0.5, -2.0])
def test_a_wrong_hessian_is_found(error):
    report = pyloss.check(Own(hess=1 + error, at=1), Y, P)
    assert not report
    assert report.gradient.ok
    assert report.hessian.wrong == 1
    assert report.hessian.worst.index == (1,)
    assert "Hessian   WRONG" in str(report)


def test_a_gradient_of_zeros_and_of_nans():
    assert not pyloss.check(Own(grad=0.0), Y, P)
    report = pyloss.check(Own(grad=np.nan), Y, P)
    assert not report
    assert report.gradient.wrong == 5


def test_methods_that_contradict_each_other():
    class Torn(Own):
        def value_and_grad(self, y, p):
            return 1.5 * self(y, p), self.grad(y, p) + np.arange(5.0)

    report = pyloss.check(Torn(), Y, P)
    assert not report.value.ok
    assert not report.gradient.ok
    assert "calling it gives" in str(report)
    assert "at index 1" in str(report)


def test_a_gradient_of_the_wrong_shape():
    class Flat(Own):
        def grad(self, y, p):
            return super().grad(y, p)[:, np.newaxis]

    assert "its shape is (5, 1), that of y_pred (5,)" in str(pyloss.check(Flat(), Y, P))


def test_kinks():
    """At a kink any slope between those of both sides is right, and no other."""
    y, p = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.5])
    report = pyloss.check(pyloss.MAE(), y, p)
    assert report
    assert report.gradient.kinks == 2
    assert report.hessian.kinks == 2
    assert "2 at kinks" in str(report)

    @dataclasses.dataclass
    class Absolute:
        at_zero: float

        def __call__(self, y, p):
            return np.abs(p - y).sum()

        def grad(self, y, p):
            return np.where(p == y, self.at_zero, np.sign(p - y))

    assert pyloss.check(Absolute(-1.0), y, p)
    assert pyloss.check(Absolute(1.0), y, p)
    report = pyloss.check(Absolute(1.5), y, p)
    assert report.gradient.wrong == 2
    assert report.gradient.worst.kink is not None
    assert report.gradient.worst.kink < 1e-6
    assert "kink" in str(report)


@pytest.mark.parametrize("distance", [1e-9, 1e-6, 1e-3, 0.1])
def test_near_a_kink(distance):
    y = np.zeros(2)
    p = np.array([distance, -distance])
    assert pyloss.check(pyloss.MAE(), y, p)
    assert pyloss.check(pyloss.Huber(), y, 1 + p)
    assert pyloss.check(pyloss.Pinball(quantile=0.25), y + 1e3, 1e3 + p)


def test_at_the_border_of_the_domain():
    """Where only one side is in the domain, its slope counts."""
    report = pyloss.check(pyloss.Dice(), [0.0, 1.0, 1.0], [0.0, 1.0, 0.5])
    assert report
    assert report.gradient.compared == 3
    assert not report.gradient.unresolved
    assert pyloss.check(pyloss.BCE(), [0.0, 1.0], [1e-9, 1 - 1e-9])


def test_steep_rises_are_not_taken_for_jumps():
    """A Hessian within a rise that is narrower than any step is not called wrong."""
    y, p = np.array([1e3, 1e3]), np.array([1e3 + 5e-10, 1e3 + 3e-10])
    report = pyloss.check(pyloss.Huber(delta=1e-9), y, p)
    assert not report.hessian.refuted, str(report)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e3, 1e8])
def test_scales(scale):
    y, p = np.array([1.0, 2.0, -3.0]) * scale, np.array([1.5, -1.0, 2.0]) * scale
    for loss in (pyloss.MSE(), pyloss.MAE(), pyloss.RMSE(), pyloss.Huber(delta=scale), pyloss.Huber()):
        report = pyloss.check(loss, y, p)
        assert report, str(report)
        assert not report.gradient.unresolved, str(report)


def test_large_arrays_are_sampled(rng):
    y, p = rng.normal(size=100_000), rng.normal(size=100_000)
    report, again = pyloss.check(pyloss.MSE(), y, p), pyloss.check(pyloss.MSE(), y, p)
    assert report
    assert report == again
    assert report.gradient.compared == 200
    assert report.gradient.entries == 100_000
    assert "200 of 100000 entries" in str(report)
    wrong = Own(grad=1 + 1e-5)
    assert not pyloss.check(wrong, y[:1000] > 0, p[:1000])


class Steep:
    """(p - y)^2 with a wrong Hessian, and the same array for every gradient."""

    def __init__(self) -> None:
        self.buffer = np.zeros(1)

    def __call__(self, y, p, w=None):
        return float(self.value_and_grad(y, p)[0])

    def value_and_grad(self, y, p, w=None):
        self.buffer[...] = 2 * (p - y)
        return ((p - y) ** 2).sum(), self.buffer

    def grad_and_hess(self, y, p, w=None):
        return self.value_and_grad(y, p)[1], np.full(p.shape, 77.0)


def test_what_large_numbers_hide_is_not_called_right():
    report = pyloss.check(Steep(), np.array([1e16]), np.array([3.0]))
    assert not report
    assert report.hessian.unresolved == 1


def test_a_loss_may_reuse_its_arrays():
    report = pyloss.check(Steep(), np.array([2.0]), np.array([3.0]))
    assert report.gradient, str(report)
    assert report.hessian.wrong == 1


def test_inputs_are_left_alone():
    y, p, w = [0, 1, 1], np.array([0.25, 0.5, 0.75], np.float32), np.array([1.0, 0.0, 2.0])
    before = p.copy()
    pyloss.check(pyloss.BCE(), y, p, w)
    np.testing.assert_array_equal(p, before)
    assert pyloss.check(pyloss.BCE(), y, p.tolist(), [1, 0, 2])


def test_what_counts_nothing():
    y = np.zeros(3)
    p = np.ma.array([1.0, 2.0, np.nan], mask=[False, True, True])
    report = pyloss.check(pyloss.MSE(), y, p)
    assert report, str(report)
    report = pyloss.check(pyloss.MSE(), y, [1.0, np.nan, 2.0])
    assert not report
    assert "agree where it could be told: 2 of 4" in str(report)  # the Hessian, of gradients that are numbers
    report = pyloss.check(pyloss.MAPE(), y, np.ones(3))
    assert not report
    assert "could not be compared" in str(report)
    assert pyloss.check(pyloss.MSE(reduction="none"), y, [1.0, np.inf, 2.0]).gradient.compared == 2
    assert pyloss.check(pyloss.MSE(), [], [])


@pytest.mark.parametrize("number", [np.inf, np.nan])
def test_where_no_prediction_is_finite_nothing_is_told(number):
    report = pyloss.check(pyloss.MSE(), np.zeros(2), np.full(2, number))
    assert not report
    assert not any(part.refuted for part in report.comparisons)
    assert "could not be compared\n" in str(report)
    assert "gradient  ?      0 of 2 entries" in str(report)


def test_infinite_values_do_not_hide_the_others():
    report = pyloss.check(pyloss.MSE(reduction="none"), np.zeros(3), [1.0, 2.0, 1e200])
    assert report.gradient.unresolved == 1
    assert report.gradient.compared == 3
    assert not report.gradient.refuted
    assert report.hessian.ok


def test_what_could_not_be_told_is_not_agreement():
    """Everything but two entries is infinite, and the gradient nonsense there."""

    class Mostly:
        def __call__(self, y, p):
            return np.where(np.arange(20) < 2, p**2, np.inf)

        def grad(self, y, p):
            return np.where(np.arange(20) < 2, 2 * p, 777.0)

    report = pyloss.check(Mostly(), np.zeros(20), np.linspace(1, 2, 20))
    assert not report
    assert report.gradient.unresolved == 18
    assert not report.gradient.refuted
    assert "agree where it could be told: 2 of 20\n" in str(report)
    assert "gradient  ?  " in str(report)


def test_noise_is_not_a_kink():
    class Noise:
        def __call__(self, y, p):
            return sum(np.random.default_rng(int(abs(number) * 2**40)).random() for number in p)

        def grad(self, y, p):
            return np.ones_like(p)

    report = pyloss.check(Noise(), np.zeros(20), np.linspace(1, 2, 20))
    assert not report
    assert not report.gradient.kinks


@pytest.mark.parametrize("shift", [0.0, 3.0, -30.0])
def test_jumps(shift):
    """Where a function jumps its derivative is that beside the jump, and nothing else."""

    class Absolute:
        def __init__(self, hess):
            self.hess = hess

        def __call__(self, y, p):
            return np.abs(p - y).sum()

        def grad(self, y, p):
            return np.sign(p - y)

        def grad_and_hess(self, y, p):
            return self.grad(y, p), np.where(p == y, self.hess, 0.0)

    y, p = np.zeros(2) + shift, np.array([0.0, 0.7]) + shift
    assert pyloss.check(Absolute(0.0), y, p)
    for wrong in (1e9, 1.0, -1e-3, np.nan, np.inf):
        report = pyloss.check(Absolute(wrong), y, p)
        assert not report
        assert report.hessian.wrong == 1, str(report)
        assert report.hessian.kinks == 0

    class Step(Absolute):
        """Whose value jumps, with other slopes on both sides."""

        def __call__(self, y, p):
            return np.where(p > y, 1 + 3 * (p - y), p - y).sum()

        def grad(self, y, p):
            return np.where(p > y, 3.0, np.where(p == y, self.hess, 1.0))

        grad_and_hess = property()

    assert pyloss.check(Step(1.0), y, p), str(pyloss.check(Step(1.0), y, p))
    assert pyloss.check(Step(3.0), y, p)
    assert pyloss.check(Step(2.0), y, p).gradient.kinks == 1
    assert pyloss.check(Step(0.9), y, p).gradient.wrong == 1
    assert pyloss.check(Step(3.1), y, p).gradient.wrong == 1


def test_several_predictions():
    class Normal:
        name = "normal"

        def __init__(self, factor=1.0):
            self.factor = factor

        def __call__(self, y, pred):
            mean, variance = pred
            return float(np.sum(np.log(variance) + (y - mean) ** 2 / variance) / 2)

        def grad(self, y, pred):
            mean, variance = pred
            r = mean - y
            return r / variance, self.factor * (1 / variance - (r / variance) ** 2) / 2

    y, pred = np.array([1.0, 2.0]), (np.array([0.5, 3.0]), np.array([0.5, 2.0]))
    report = pyloss.check(Normal(), y, pred)
    assert report, str(report)
    assert report.gradient.compared == 4
    report = pyloss.check(Normal(1 + 1e-6), y, pred)
    assert report.gradient.wrong == 2
    assert report.gradient.worst.prediction == 1
    assert "prediction 1, index" in str(report)


def test_labels_are_named():
    p = np.array([[0.25, 0.75], [0.5, 0.5]])
    report = pyloss.check(pyloss.CCE(), [1, 0], p)
    assert report
    assert "y_true 1" in str(report) or "y_true 0" in str(report)


def test_not_a_loss():
    with pytest.raises(TypeError, match=r"check: loss must be an object, got the class MSE: write MSE\(...\)"):
        pyloss.check(pyloss.MSE, Y, P)
    with pytest.raises(TypeError, match="check: loss must be callable and have grad or value_and_grad, got function"):
        pyloss.check(lambda y, p: 0.0, Y, P)
    with pytest.raises(ValueError, match="bce: y_pred must be in"):
        pyloss.check(pyloss.BCE(), [0.0], [2.0])
