"""What the tests of the scikit-learn adapter share: its losses, data that they take, and every call made with the patch and without."""

import numpy as np
from sklearn._loss import loss as losses
from sklearn.linear_model._linear_loss import LinearModelLoss

from pyloss.adapters.sklearn import patched

METHODS = ("loss", "loss_gradient", "gradient", "gradient_hessian")
PLACES = [*((losses.BaseLoss, name) for name in METHODS), (LinearModelLoss, "loss_gradient")]
ORIGINALS = [vars(owner)[name] for owner, name in PLACES]

LOSSES = {
    "squared": losses.HalfSquaredError,
    "absolute": losses.AbsoluteError,
    "pinball": lambda: losses.PinballLoss(quantile=0.8),
    "huber": lambda: losses.HuberLoss(delta=1.5),
    "poisson": losses.HalfPoissonLoss,
    "gamma": losses.HalfGammaLoss,
    **{
        f"tweedie {power}": lambda power=power: losses.HalfTweedieLoss(power=power)
        for power in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
    },
    "tweedie identity": lambda: losses.HalfTweedieLossIdentity(power=1.5),
    "binomial": losses.HalfBinomialLoss,
    "multinomial": lambda: losses.HalfMultinomialLoss(n_classes=4),
    "exponential": losses.ExponentialLoss,
    "fractional exponential": losses.ExponentialLoss,
}
TWINLESS = {"absolute", "tweedie -1.0", "tweedie 0.0", "tweedie 0.5", "tweedie 1.5", "tweedie 3.0", "tweedie identity"}


def current():
    return [vars(owner)[name] for owner, name in PLACES]


def replaced():
    return all(now is not before for now, before in zip(current(), ORIGINALS, strict=True))


def data(name, dtype, n=3000, order="C"):
    """A truth that the loss takes, raw predictions and weights, some of which are 0."""
    rng = np.random.default_rng(len(name))
    y, raw = rng.gamma(2.0, size=n), 2 * rng.normal(size=n)
    if name == "multinomial":
        y, raw = rng.integers(4, size=n), 3 * rng.normal(size=(n, 4))
    elif name == "exponential":
        y = rng.integers(2, size=n)
    elif name in ("binomial", "fractional exponential"):
        y = np.where(rng.random(n) < 0.3, rng.random(n), rng.integers(2, size=n))
    elif name in ("huber", "pinball"):
        y[:3], raw[:3] = (1.75, 0.25, -1.25), 0.25  # the kinks
    elif "identity" in name:
        raw = np.exp(raw)
    weight = rng.random(n) * (rng.random(n) < 0.9)
    return y.astype(dtype), np.asarray(raw, dtype, order=order), weight.astype(dtype)


def both(call):
    """What a call gives without the patch, and with it."""
    expected = call()
    with patched():
        assert replaced()
        return expected, call()


def assert_same(expected, got, factor=32):
    """Up to the rounding of the narrower dtype, relative to the largest number of the array."""
    for one, other in zip(expected, got, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        tolerance = factor * np.finfo(one.dtype).eps
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance * np.abs(one).max())


def results(loss, method, *arguments, **outs):
    got = getattr(loss, method)(*arguments, **outs)
    return [array.copy() for array in (got if isinstance(got, tuple) else (got,))]
