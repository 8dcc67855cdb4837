"""What exceeds the gates, why, and by how much at most: a list that may only become shorter, and its bounds smaller."""

from typing import NamedTuple


class Excess(NamedTuple):
    """The bounds by precision and place, in units in the last place, and the reason."""

    bounds: dict[tuple[str, str], float]
    reason: str


EXCEPTIONS: dict[str, Excess] = {}


def lines() -> list[str]:
    """For the documentation."""
    return [f"`{stem}`: {excess.reason}" for stem, excess in sorted(EXCEPTIONS.items())]
