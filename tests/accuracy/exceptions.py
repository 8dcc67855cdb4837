"""What exceeds the gates, why, and by how much at most: a list that may only become shorter, and its bounds smaller."""

from typing import NamedTuple


class Excess(NamedTuple):
    """The bounds by precision and place, in units in the last place, and the reason."""

    bounds: dict[tuple[str, str], float]
    reason: str


DENORMAL = (
    "where exp(-|z|) is below the smallest normal number (logits beyond 87, in float64 708), it has lost digits before it is multiplied "
    "by |z|: results of 1e-43 or 1e-321 are off by as much as themselves"
)
EXCEPTIONS = {
    "categorical_focal": Excess({("float64", "hess"): 464.88}, DENORMAL),
}


FUNCTIONS = {
    ("sigmoid", "float32"): (
        2.402,
        "the gradient of a cross-entropy by its logit is e / (1 + e) where the truth is 0, with e = exp(-|z|): where e is just above a "
        "power of two and the quotient below it, the error of e counts double (z = -4.157...)",
    )
}
"""The same of functions: the bound, and the reason."""


def lines() -> list[str]:
    """For the documentation."""
    return [f"`{stem}`: {excess.reason}." for stem, excess in sorted(EXCEPTIONS.items())]


def lines_of_functions() -> list[str]:
    return [f"`{name}` in {precision}: {reason}." for (name, precision), (_, reason) in FUNCTIONS.items()]
