"""Losses of the residual r = y_pred - y_true that bound the influence of outliers. `c` and its like have the unit of y."""

from math import inf

from .._domains import FINITE_POSITIVE, Domain
from .._engine import Plan
from .._formulas import root_in_two
from .._loss import ElementwiseLoss, Number, parameter


class PseudoHuber(ElementwiseLoss, stem="pseudo_huber"):
    """A hyperbola: smooth everywhere, quadratic near zero, linear far away (Charbonnier, soft L1).

    value delta^2 (h - 1), gradient r / h, second derivative 1 / h^3, where h = sqrt(1 + (r / delta)^2). `delta` has the unit of y, the
    value its square. Nothing cancels for small r, and nothing overflows unless the true value does.

    Reference: P. Charbonnier, L. Blanc-Feraud, G. Aubert and M. Barlaud, Two deterministic half-quadratic regularization algorithms for
    computed imaging, 1994.
    """

    delta: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class LogCosh(ElementwiseLoss, stem="log_cosh"):
    """Logarithm of the hyperbolic cosine: r^2 / 2 near zero, |r| - log 2 far away.

    value log(cosh(r)), gradient tanh(r), second derivative 1 - tanh(r)^2, exact in the tails. For r in natural units of the problem: the
    function has no scale of its own.

    Reference: P. J. Green, Bayesian reconstructions from emission tomography data using a modified EM algorithm, 1990.
    """


class Fair(ElementwiseLoss, stem="fair"):
    """Between the median and the mean: quadratic near zero, almost linear far away.

    value c^2 (|r| / c - log(1 + |r| / c)), gradient c r / (|r| + c), second derivative c^2 / (|r| + c)^2. `c` has the unit of y, the value
    its square.

    Reference: R. C. Fair, On the robust estimation of econometric models, 1974.
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class Cauchy(ElementwiseLoss, stem="cauchy"):
    """Cauchy's negative log-likelihood times c^2 / 2, up to a constant: grows like a logarithm (Lorentzian).

    value c^2 / 2 log(1 + s), gradient r / (1 + s), second derivative (1 - s) / (1 + s)^2, where s = (r / c)^2: negative for |r| > c. `c`
    has the unit of y, the value its square.

    Reference: M. J. Black and P. Anandan, The robust estimation of multiple motions, 1996.
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class Welsch(ElementwiseLoss, stem="welsch"):
    """A Gaussian well: quadratic near zero, and beyond a few c an outlier counts nothing (Leclerc).

    value c^2 / 2 (1 - exp(-s)), gradient r exp(-s), second derivative (1 - 2 s) exp(-s), where s = (r / c)^2: negative for
    |r| > c / sqrt(2). `c` has the unit of y, the value its square and the bound c^2 / 2.

    Reference: J. E. Dennis and R. E. Welsch, Techniques for nonlinear least squares and robust regression, 1978.
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class GemanMcClure(ElementwiseLoss, stem="geman_mcclure"):
    """A bounded rational function: outliers cost c^2 / 2, and the farther they are the less they pull.

    value r^2 / 2 / (1 + s), gradient r / (1 + s)^2, second derivative (1 - 3 s) / (1 + s)^3, where s = (r / c)^2: negative for
    |r| > c / sqrt(3). `c` has the unit of y, the value its square.

    Reference: S. Geman and D. E. McClure, Bayesian image analysis: an application to single photon emission tomography, 1985.
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class Tukey(ElementwiseLoss, stem="tukey"):
    """The biweight: quadratic near zero, constant beyond c, smooth where they meet.

    value c^2 / 6 (1 - (1 - s)^3), gradient r (1 - s)^2, second derivative (1 - s) (1 - 5 s), where s = (r / c)^2, for |r| <= c; else
    c^2 / 6, 0 and 0. The second derivative is negative for |r| > c / sqrt(5). `c` has the unit of y, the value its square; 4.685 standard
    deviations are 95 % efficient for normal errors.

    Reference: A. E. Beaton and J. W. Tukey, The fitting of power series, meaning polynomials, illustrated on band-spectroscopic data, 1974.
    """

    c: Number = parameter(default=4.685, domain=FINITE_POSITIVE)


class Arctan(ElementwiseLoss, stem="arctan"):
    """An arc tangent of the squared error: outliers cost at most pi c^2 / 4.

    value c^2 / 2 atan(s), gradient r / (1 + s^2), second derivative (1 - 3 s^2) / (1 + s^2)^2, where s = (r / c)^2: negative where
    3 s^2 > 1. `c` has the unit of y, the value its square.

    Reference: P. Virtanen et al., SciPy 1.0: fundamental algorithms for scientific computing in Python, 2020 (least_squares).
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)


class StudentT(ElementwiseLoss, stem="student_t"):
    """Student's negative log-likelihood times c^2 df / (df + 1), up to a constant: a Cauchy loss whose tails df makes lighter.

    value c^2 df / 2 log(1 + s / df), gradient r df / (df + s), second derivative df (df - s) / (df + s)^2, where s = (r / c)^2: negative
    for s > df. It is `Cauchy` with the scale c sqrt(df). `c` has the unit of y, the value its square; `df` is a pure number.

    Reference: K. L. Lange, R. J. A. Little and J. M. G. Taylor, Robust statistical modeling using the t distribution, 1989.
    """

    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)
    df: Number = parameter(default=4.0, domain=FINITE_POSITIVE)

    def _make_plan(self) -> Plan:
        return Plan(self, self.name, parameters=(self.c, *root_in_two(self.df)))


class AndrewWave(ElementwiseLoss, stem="andrew_wave"):
    """Andrews' sine wave: half a period of a cosine, then constant.

    value c^2 (1 - cos(r / c)), gradient c sin(r / c), second derivative cos(r / c) for |r| <= c pi, the border included, where it is -1;
    else 2 c^2, 0 and 0. Negative curvature for |r| > c pi / 2. `c` has the unit of y, the value its square.

    Reference: D. F. Andrews, A robust method for multiple linear regression, 1974.
    """

    c: Number = parameter(default=1.339, domain=FINITE_POSITIVE)


class Wing(ElementwiseLoss, stem="wing"):
    """Logarithmic within the width, linear beyond: small errors weigh more than in the absolute error.

    value width log(1 + |r| / curvature) for |r| < width, else |r| - width + width log(1 + width / curvature); gradient
    sign(r) width / (curvature + |r|), beyond the width sign(r); second derivative -width / (curvature + |r|)^2, beyond 0. Not convex. At
    the kink r = 0 the gradient is 0 and the second derivative that of both sides; at the kink |r| = width they are those of beyond.
    `width` and `curvature` have the unit of y, and so has the value.

    Reference: Z.-H. Feng, J. Kittler, M. Awais, P. Huber and X.-J. Wu, Wing loss for robust facial landmark localisation, 2018.
    """

    width: Number = parameter(default=5.0, domain=FINITE_POSITIVE)
    curvature: Number = parameter(default=0.5, domain=FINITE_POSITIVE)


class Lq(ElementwiseLoss, stem="lq"):
    """A power of the absolute error: from the median's loss at q = 1 to the mean's at q = 2 and on.

    value |r|^q, gradient q |r|^(q - 1) sign(r), second derivative q (q - 1) |r|^(q - 2), which for 1 < q < 2 is infinite at r = 0. `q` is a
    pure number; q = 1 is `MAE` exactly, with gradient 0 at its kink, q = 2 is `MSE`.

    Reference: J. R. Rice and J. S. White, Norms for smoothing and estimation, 1964.
    """

    q: Number = parameter(default=1.5, domain=Domain(low=1, high=inf, high_open=True), examples=(1.0, 2.0, 3.0))

    def _make_plan(self) -> Plan:
        return Plan(self, {1.0: "mae", 2.0: "mse"}.get(self.q, self.name), parameters=(self.q,))


ENDLESS = 1e25
"""An alpha beyond which the general loss is its limit to the last digit of a float64, wherever that is not 0 or infinite."""

STEEP = 2.0**16
"""An alpha beyond which float32 cannot tell 1 + u^2 / |alpha - 2| from 1 where the difference counts."""


class Barron(ElementwiseLoss, stem="barron"):
    """A general robust loss: one number, alpha, leads from the squared error to those that forget outliers.

    value b / alpha (q^(alpha / 2) - 1), gradient r / c^2 q^(alpha / 2 - 1), second derivative
    q^(alpha / 2 - 2) (q + (alpha - 2) u^2 / b) / c^2, where u = r / c, b = |alpha - 2|, q = 1 + u^2 / b. The limits are taken exactly:
    u^2 / 2 at alpha = 2, log(1 + u^2 / 2) at 0, 1 - exp(-u^2 / 2) at -inf. alpha = 1 is the pseudo-Huber loss, -2 Geman and McClure's.

    `alpha` is a pure number below inf, above 2 too; `c` has the unit of y. The value is a pure number, quadratic with r^2 / (2 c^2) near
    zero for every alpha: times c^2 it is that of `MSE` / 2, `PseudoHuber`, `Cauchy(c * sqrt(2))`, `GemanMcClure(c * 2)` and
    `Welsch(c * sqrt(2))`.

    Reference: J. T. Barron, A general and adaptive robust loss function, 2019.
    """

    alpha: Number = parameter(default=1.0, domain=Domain(high_open=True), examples=(2.0, 0.0, -inf, -2.0, 3.0, 1.9375))
    c: Number = parameter(default=1.0, domain=FINITE_POSITIVE)

    def _make_plan(self) -> Plan:
        alpha = min(self.alpha, ENDLESS)
        if alpha == 2:
            return Plan(self, "barron_square", parameters=(self.c,))
        if abs(alpha) < 1 / ENDLESS:
            return Plan(self, "barron_log", parameters=(self.c,))
        if alpha < -ENDLESS:
            return Plan(self, "barron_exp", parameters=(self.c,))
        return Plan(self, self.name, parameters=(self.c, alpha), double_only=abs(alpha) > STEEP)
