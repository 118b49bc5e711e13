"""A share of some videos, with its interval."""

from dataclasses import dataclass

from scipy.stats import binomtest

_DIGITS = 4


@dataclass(frozen=True)
class Share:
    """How many of `n` videos are so; null is what cannot be said. `low` to `high` is Wilson's 95 % interval."""

    count: int
    n: int
    value: float | None
    low: float | None
    high: float | None


def rounded(value: float) -> float:
    """To four places, and never -0.0."""
    return round(value, _DIGITS) + 0.0


def share(count: int, n: int) -> Share:
    if not n:
        return Share(0, 0, None, None, None)
    low, high = wilson(count, n)
    return Share(count, n, rounded(count / n), rounded(low), rounded(high))


def wilson(count: int, n: int) -> tuple[float, float]:
    bounds = binomtest(count, n).proportion_ci(method="wilson")
    return float(bounds.low), float(bounds.high)
