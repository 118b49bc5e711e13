"""One finding in every specification: a label's share before and after a day, and whether the sign stays the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import polars as pl

from gettok.multiverse.specifications import Specification
from gettok.settings import Event
from gettok.stats.proportions import Share, rounded, share, wilson

#: What `low` and `high` promise, for the readers of the numbers.
INTERVAL = (
    "low to high is a 95 % interval: Wilson's for a share, Newcombe's hybrid of two of these for a difference. It says"
    " how far the number would move if other videos like these had been found, under this one specification; it says"
    " nothing about the specification, nor about how often the model is right"
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


@dataclass(frozen=True)
class Comparison:
    """An event, and the difference in each specification, in the order of the specifications.

    `sign` is the most frequent one, or null if two are equally frequent or there is no difference; `same_sign` of the
    `n` specifications that have a difference have it.
    """

    event: Event
    differences: tuple[Difference, ...]
    n: int
    sign: int | None
    same_sign: int | None
    share_with_same_sign: float | None


def label_share(specification: Specification, label: str) -> Share:
    """The label's share of the videos that have a label."""
    return _share(specification.labelled, label)


def compare(specifications: Sequence[Specification], label: str, event: Event) -> Comparison:
    """Videos published on the event's own day (UTC) count as after; a video without a day counts as neither."""
    differences = tuple(_difference(specification.labelled, label, event) for specification in specifications)
    signs = Counter(difference.sign for difference in differences if difference.sign is not None)
    most = signs.most_common(2)
    n = signs.total()
    if not most or (len(most) == 2 and most[0][1] == most[1][1]):
        return Comparison(event, differences, n, None, None, None)
    sign, same = most[0]
    return Comparison(event, differences, n, sign, same, rounded(same / n))


def difference(before: Share, after: Share) -> Difference:
    """The difference of two shares with Newcombe's interval; all null where one side has no videos."""
    if not (before.n and after.n):
        return Difference(before, after, None, None, None, None)
    earlier, later = before.count / before.n, after.count / after.n
    earlier_low, earlier_high = wilson(before.count, before.n)
    later_low, later_high = wilson(after.count, after.n)
    value = later - earlier
    # in whole numbers, as the difference of two rounded quotients may not be exactly 0
    crossed = after.count * before.n - before.count * after.n
    return Difference(
        before,
        after,
        rounded(value),
        rounded(value - hypot(later - later_low, earlier_high - earlier)),
        rounded(value + hypot(later_high - later, earlier - earlier_low)),
        (crossed > 0) - (crossed < 0),
    )


def _difference(labelled: pl.DataFrame, label: str, event: Event) -> Difference:
    before, after = (
        labelled.filter(side) for side in (pl.col("day") < event.day, pl.col("day") >= event.day)
    )
    return difference(_share(before, label), _share(after, label))


def _share(labelled: pl.DataFrame, label: str) -> Share:
    return share(labelled.filter(pl.col("label") == label).height, labelled.height)
