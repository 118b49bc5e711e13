"""Proportions: the share of a whole, with its interval."""

from dataclasses import dataclass

_DIGITS = 4


@dataclass(frozen=True)
class Share:
    """How many of `n` have a property, with Wilson's 95 % interval; null where `n` is 0."""

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


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval, which never covers less, at the price of being wide."""
    from scipy.stats import binomtest  # noqa: PLC0415 - as in `wilson`

    bounds = binomtest(count, n).proportion_ci(method="exact")
    return float(bounds.low), float(bounds.high)


def wilson(count: int, n: int) -> tuple[float, float]:
    from scipy.stats import binomtest  # noqa: PLC0415 - takes seconds to import, and most importers of this module count nothing

    bounds = binomtest(count, n).proportion_ci(method="wilson")
    return float(bounds.low), float(bounds.high)
