"""Differences of two shares, and their intervals."""

from dataclasses import dataclass
from math import hypot

from gettok.stats.proportions import Share, rounded, share, wilson

__all__ = ["INTERVAL", "Difference", "Share", "difference", "rounded", "share"]

#: What `low` and `high` promise, for whoever reads the numbers.
INTERVAL = (
    "low to high is a 95 % interval: Wilson's for a share, Newcombe's hybrid of two of these for a difference. It says"
    " how far the number would move had other videos like these been found, under this one specification; it says"
    " nothing of the specification, nor of how often the model is right"
)


@dataclass(frozen=True)
class Difference:
    """The share after minus the share before. `sign` is 1, 0 or -1, of the exact difference."""

    before: Share
    after: Share
    value: float | None
    low: float | None
    high: float | None
    sign: int | None


def difference(before: Share, after: Share) -> Difference:
    if not (before.n and after.n):
        return Difference(before, after, None, None, None, None)
    one, other = before.count / before.n, after.count / after.n
    (one_low, one_high), (other_low, other_high) = (
        wilson(before.count, before.n),
        wilson(after.count, after.n),
    )
    value = other - one
    crossed = after.count * before.n - before.count * after.n
    return Difference(
        before,
        after,
        rounded(value),
        rounded(value - hypot(other - other_low, one_high - one)),
        rounded(value + hypot(other_high - other, one - one_low)),
        (crossed > 0) - (crossed < 0),
    )
