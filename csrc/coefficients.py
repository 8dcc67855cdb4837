"""Prints the minimax coefficients of real.h. Run by hand (needs mpmath): python csrc/coefficients.py"""

from collections.abc import Callable

from mpmath import atanh, cos, exp, log, log1p, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt

mp.dps = 40
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


def report(name: str, fit: tuple[list[mpf], mpf], digits: int) -> None:
    """Highest power first, as real.h writes them."""
    coefficients, error = fit
    print(f"{name}: relative error 2^{nstr(log(error, 2), 4)}")
    for c in reversed(coefficients):
        print("   ", nstr(c, digits))


if __name__ == "__main__":
    low, high = -log(2) / 2 * mpf("1.0001"), log(2) / 2 * mpf("1.01")  # uneven: a node at 0 would have no weight
    report("exp_tail, float", remez(exp_tail, exp_weight, low, high, 5), 10)
    report("exp_tail, double", remez(exp_tail, exp_weight, low, high, 10), 19)
    low, high = mpf(-1) / 4, mpf(1) / 2
    report("log_tail, float", remez(log1p_tail, log1p_weight, low, high, 9), 10)
    report("log_tail, double", remez(atanh_tail, atanh_weight, mpf(0), (high / (2 + high)) ** 2, 7), 19)
    high = sqrt(mpf(2)) - 1
    report("unit_tail, float", remez(log1p_tail, log1p_weight, mpf(0), high, 7), 10)
    report("unit_tail, double", remez(log1p_tail, log1p_weight, mpf(0), high, 15), 19)
