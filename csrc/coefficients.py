"""Prints the minimax coefficients of real.h, duo.h, fine.h and special.h. Run by hand (needs mpmath): python csrc/coefficients.py"""

from collections.abc import Callable

from mpmath import (
    atan,
    atanh,
    cos,
    cosh,
    erf,
    erfc,
    euler,
    exp,
    log,
    log1p,
    loggamma,
    lu_solve,
    matrix,
    mp,
    mpf,
    nstr,
    pi,
    polyval,
    sin,
    sqrt,
    tanh,
)

mp.dps = 60
Function = Callable[[mpf], mpf]


def solve(target: Function, weight: Function, nodes: list[mpf], terms: int) -> list[mpf]:
    """Coefficients, lowest first, whose weighted error alternates between +E and -E on the nodes."""
    rows = [[x**j for j in range(terms)] + [(-1) ** i / weight(x)] for i, x in enumerate(nodes)]
    return list(lu_solve(matrix(rows), matrix([target(x) for x in nodes])))[:terms]


def extrema(grid: list[mpf], errors: list[mpf], count: int) -> list[mpf]:
    """The `count` neighbouring places where the error is largest, one for each run of equal sign."""
    best: list[tuple[mpf, mpf]] = []
    for e, x in zip(errors, grid, strict=True):
        if best and (e > 0) == (best[-1][0] > 0):
            best[-1] = max(best[-1], (e, x), key=lambda pair: abs(pair[0]))
        else:
            best.append((e, x))
    while len(best) > count:
        best.pop(0 if abs(best[0][0]) < abs(best[-1][0]) else -1)
    return [x for _, x in best]


def remez(target: Function, weight: Function, low: mpf, high: mpf, terms: int) -> tuple[list[mpf], mpf]:
    """Minimax polynomial of `terms` terms for the error weight * (polynomial - target), and the largest error."""

    def spread(n: int) -> list[mpf]:
        return [(low + high) / 2 - (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]

    grid, nodes = spread(40 * terms), spread(terms + 1)
    for _ in range(8):
        coefficients = solve(target, weight, nodes, terms)
        descending = coefficients[::-1]
        errors = [weight(x) * (polyval(descending, x) - target(x)) for x in grid]
        nodes = extrema(grid, errors, terms + 1)
        if len(nodes) < terms + 1:
            raise ArithmeticError("the error alternates too seldom: more digits are needed")
    return coefficients, max(map(abs, errors))


# What each polynomial stands for, and the weight that turns its error into a relative one of the function.
def exp_tail(r: mpf) -> mpf:
    return (exp(r) - 1 - r) / r**2


def exp_weight(r: mpf) -> mpf:
    return r**2 / exp(r)


def log1p_tail(f: mpf) -> mpf:
    return (log1p(f) - f) / f**2


def log1p_weight(f: mpf) -> mpf:
    return f**2 / abs(log1p(f))


def atanh_tail(z: mpf) -> mpf:
    return 2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z


def atanh_weight(z: mpf) -> mpf:
    return z * sqrt(z) / (2 * atanh(sqrt(z)))


def gap_weight(z: mpf) -> mpf:
    return sqrt(z)


# Of z = x^2: sin x = x + x^3 sine_tail, 1 - cos x = x^2 / 2 + x^4 versine_tail, atan x = x + x^3 arctan_tail.
def sine_tail(z: mpf) -> mpf:
    return (sin(sqrt(z)) / sqrt(z) - 1) / z


def sine_weight(z: mpf) -> mpf:
    return z * sqrt(z) / sin(sqrt(z))


def versine_tail(z: mpf) -> mpf:
    return ((1 - cos(sqrt(z))) / z - mpf(1) / 2) / z


def versine_weight(z: mpf) -> mpf:
    return z**2 / (1 - cos(sqrt(z)))


def arctan_tail(z: mpf) -> mpf:
    return (atan(sqrt(z)) / sqrt(z) - 1) / z


def arctan_weight(z: mpf) -> mpf:
    return z * sqrt(z) / atan(sqrt(z))


def atanh_fifth(z: mpf) -> mpf:
    return (atanh_tail(z) - mpf(2) / 3) / z


def atanh_fifth_weight(z: mpf) -> mpf:
    return z * atanh_weight(z)


def erf_tail(z: mpf) -> mpf:
    return erf(sqrt(z)) / sqrt(z) - 1


def erf_weight(z: mpf) -> mpf:
    return sqrt(z) / erf(sqrt(z))


def log_erfc_ratio(x: mpf) -> mpf:
    return -log(erfc(x)) / x


def log_erfc_weight(x: mpf) -> mpf:
    return x * erfc(x) / erf(x)


def gamma_whole(t: mpf) -> mpf:
    """log gamma(2 + t) without its zeros at 0 and -1, where it is a limit."""
    if abs(t) < mpf("1e-30"):
        return 1 - euler
    return euler if 1 + t < mpf("1e-30") else loggamma(2 + t) / (t * (1 + t))


def gamma_ratio(t: mpf) -> mpf:
    return gamma_whole(t) - mpf(7) / 16


def gamma_weight(t: mpf) -> mpf:
    return 1 / gamma_whole(t)


def stirling_series(z: mpf) -> mpf:
    x = 1 / sqrt(z)
    return (loggamma(1 + x) - (x + mpf(1) / 2) * log(x) + x - log(2 * pi) / 2) * x


def stirling_weight(z: mpf) -> mpf:
    x = 1 / sqrt(z)
    return 1 / (x * loggamma(1 + x))


# Of z = x^2: log cosh x = z / 2 + z^2 log_cosh_tail, tanh x = x + x z tanh_tail.
def log_cosh_tail(z: mpf) -> mpf:
    return (log(cosh(sqrt(z))) - z / 2) / z**2


def log_cosh_weight(z: mpf) -> mpf:
    return z**2 / log(cosh(sqrt(z)))


def tanh_tail(z: mpf) -> mpf:
    return (tanh(sqrt(z)) / sqrt(z) - 1) / z


def tanh_weight(z: mpf) -> mpf:
    return z * sqrt(z) / tanh(sqrt(z))


def report(name: str, fit: tuple[list[mpf], mpf], digits: int) -> None:
    """Highest power first, as the headers write them."""
    coefficients, error = fit
    print(f"{name}: relative error 2^{nstr(log(error, 2), 4)}")
    for c in reversed(coefficients):
        print("   ", nstr(c, digits))


if __name__ == "__main__":
    low, high = -log(2) / 2 * mpf("1.0001"), log(2) / 2 * mpf("1.01")  # uneven: a node at 0 would have no weight
    report("exp_tail, float", remez(exp_tail, exp_weight, low, high, 5), 10)
    report("exp_tail, double", remez(exp_tail, exp_weight, low, high, 10), 19)
    report("exp_tail, fine", remez(exp_tail, exp_weight, low, high, 6), 12)
    low, high = mpf(-1) / 4, mpf(1) / 2
    report("log_tail, float", remez(log1p_tail, log1p_weight, low, high, 9), 10)
    report("log_tail, fine", remez(log1p_tail, log1p_weight, low, high * mpf("1.0001"), 11), 13)
    report("log_tail, double", remez(atanh_tail, atanh_weight, mpf(0), (high / (2 + high)) ** 2, 7), 19)
    high = sqrt(mpf(2)) - 1
    report("unit_tail, float", remez(log1p_tail, log1p_weight, mpf(0), high, 7), 10)
    report("unit_tail, fine", remez(log1p_tail, log1p_weight, mpf("1e-9"), high * mpf("1.0001"), 8), 13)
    report("unit_tail, double", remez(log1p_tail, log1p_weight, mpf(0), high, 15), 19)
    high = mpf(1) / 25 * mpf("1.0001")
    report("gap_tail, float", remez(atanh_tail, gap_weight, mpf("1e-12"), high, 4), 10)
    report("gap_tail, double", remez(atanh_tail, gap_weight, mpf("1e-12"), high, 8), 19)
    low, high = mpf("1e-9"), (pi / 2) ** 2 * mpf("1.0001")
    report("sine_tail, float", remez(sine_tail, sine_weight, low, high, 5), 10)
    report("sine_tail, double", remez(sine_tail, sine_weight, low, high, 8), 19)
    report("versine_tail, float", remez(versine_tail, versine_weight, low, high, 5), 10)
    report("versine_tail, double", remez(versine_tail, versine_weight, low, high, 8), 19)
    high = (sqrt(mpf(2)) - 1) ** 2 * mpf("1.0001")
    report("arctan_tail, float", remez(arctan_tail, arctan_weight, low, high, 5), 10)
    report("arctan_tail, double", remez(arctan_tail, arctan_weight, low, high, 12), 19)
    high = mpf(1) / 25
    report("atanh_fifth, float", remez(atanh_fifth, atanh_fifth_weight, mpf(0), high, 4), 10)
    report("atanh_fifth, double", remez(atanh_fifth, atanh_fifth_weight, mpf(0), high, 8), 19)
    low = mpf(3) / 4
    report("erf_tail, float", remez(erf_tail, erf_weight, mpf(0), low**2, 6), 10)
    report("erf_tail, double", remez(erf_tail, erf_weight, mpf(0), low**2, 11), 19)
    report("log_erfc_ratio, float", remez(log_erfc_ratio, log_erfc_weight, low, mpf(4), 7), 10)
    report("log_erfc_ratio, double", remez(log_erfc_ratio, log_erfc_weight, low, mpf(6), 20), 19)
    report("gamma_ratio, float", remez(gamma_ratio, gamma_weight, mpf(-1), mpf(1), 13), 10)
    report("gamma_ratio, double", remez(gamma_ratio, gamma_weight, mpf(-1), mpf(1), 28), 19)
    low, high = mpf("1e-18"), mpf(1) / 4
    report("stirling_series, float", remez(stirling_series, stirling_weight, low, high, 5), 10)
    report("stirling_series, double", remez(stirling_series, stirling_weight, low, high, 14), 19)
    low, high = mpf("1e-9"), mpf("1.001")
    report("log_cosh_tail, float", remez(log_cosh_tail, log_cosh_weight, low, high, 6), 10)
    report("tanh_tail, float", remez(tanh_tail, tanh_weight, low, high, 7), 10)
    low, high = mpf("1e-15"), mpf("0.4806")
    report("log_cosh_tail, double", remez(log_cosh_tail, log_cosh_weight, low, high, 11), 19)
    report("tanh_tail, double", remez(tanh_tail, tanh_weight, low, high, 12), 19)
