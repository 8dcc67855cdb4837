"""The second oracle of counts and divergences. Most are sums of terms of both signs: these answer with the terms."""

from typing import Any

from mpmath import exp, log, log1p, loggamma, mpf, sign
from oracle_mpmath import _ratio, _times, oracle, oracle_of_terms


@oracle_of_terms
def poisson_nll(y: mpf, p: mpf, *, log_input: bool = True, full: bool = False, eps: mpf | float = 0.0) -> Any:
    constant = loggamma(y + 1) if full else mpf(0)
    if log_input:
        return [exp(p), -_times(y, p), constant], [exp(p), -y], [exp(p)]
    a = p + eps
    return [p, -_times(y, log(a)), constant], [mpf(1), -_ratio(y, a)], [_ratio(y, a**2)]


@oracle_of_terms
def gamma_nll(y: mpf, p: mpf, *, log_input: bool = True) -> Any:
    if log_input:
        return [p, y * exp(-p)], [mpf(1), -y * exp(-p)], [y * exp(-p)]
    return [log(p), y / p], [1 / p, -y / p**2], [2 * y / p**3, -1 / p**2]


@oracle_of_terms
def inverse_gaussian_nll(y: mpf, p: mpf, *, log_input: bool = True) -> Any:
    if log_input:
        first, second = exp(-p), y * exp(-2 * p)
        return [second / 2, -first], [first, -second], [2 * second, -first]
    return [y / p**2 / 2, -1 / p], [1 / p**2, -y / p**3], [3 * y / p**4, -2 / p**3]


@oracle_of_terms
def tweedie_nll(y: mpf, p: mpf, *, power: mpf | float = 1.5, log_input: bool = True) -> Any:
    mean, a, b = exp(p) if log_input else p, 2 - power, 1 - power
    if power == 0:
        if log_input:
            return [mean**2 / 2, -y * mean, y**2 / 2], [mean**2, -y * mean], [2 * mean**2, -y * mean]
        return [(mean - y) ** 2 / 2], [mean - y], [mpf(1)]
    if power in (1, 2):
        return (poisson_nll if power == 1 else gamma_nll)(y, p, log_input=log_input)
    value = [mean**a / a, -y * mean**b / b]
    if log_input:
        return value, [mean**a, -y * mean**b], [a * mean**a, -b * y * mean**b]
    return value, [mean**b, -y * mean**-power], [b * mean**-power, power * y * mean ** (-power - 1)]


@oracle_of_terms
def negative_binomial_nll(y: mpf, p: mpf, *, theta: mpf | float = 1.0) -> Any:
    mean, c = exp(p), 1 / mpf(theta)
    slope, bend = 1 + theta * mean, mean * (1 + theta * y) / (1 + theta * mean) ** 2
    large = [_times(c, p), (y + c) * log1p(c / mean)]
    value = large if theta * mean > 1 else [-_times(y, p), (y + c) * log(mean + c)]
    return value, [mean / slope, -y / slope], [bend]


@oracle_of_terms
def kl_divergence(y: list[mpf], p: list[mpf], *, log_true: bool = False, log_pred: bool = False) -> Any:
    pairs = list(zip([exp(x) for x in y] if log_true else y, y, p, strict=True))
    logs = [(t, s if log_true else log(t), x if log_pred else log(x)) for t, s, x in pairs if t != 0]
    if log_pred:
        value = [x for t, log_t, log_x in logs for x in (t * log_t, -t * log_x)]
        return value, [[-t] for t, *_ in pairs], [[mpf(0)]] * len(p)
    value = [t * (log_t - log_x) for t, log_t, log_x in logs]
    return value, [[-_ratio(t, x)] for t, _, x in pairs], [[_ratio(t, x**2)] for t, _, x in pairs]


@oracle_of_terms
def generalized_kl(y: list[mpf], p: list[mpf]) -> Any:
    pairs = list(zip(y, p, strict=True))
    value = [x for t, x in pairs for x in (_times(t, log(t) if t else t), -_times(t, x), exp(x), -t)]
    return value, [[exp(x), -t] for t, x in pairs], [[exp(x)] for _, x in pairs]


@oracle_of_terms
def js_divergence(y: list[mpf], p: list[mpf], *, beta: mpf | float = 0.5) -> Any:
    b, c = beta, 1 - beta
    mixed = [(t, x, b * t + c * x) for t, x in zip(y, p, strict=True)]
    value = [_times(s * part, log(part / m)) for t, x, m in mixed for s, part in ((b, t), (c, x)) if part]
    grad = [[c * log(x / m)] if t else [-c * log(c)] for t, x, m in mixed]
    return value, grad, [[b * c * t / m / x] if t else [mpf(0)] for t, x, m in mixed]


@oracle
def total_variation(y: list[mpf], p: list[mpf]) -> Any:
    steps = [x - t for t, x in zip(y, p, strict=True)]
    return sum(map(abs, steps)) / 2, [mpf(sign(r)) / 2 for r in steps], [mpf(0)] * len(p)
