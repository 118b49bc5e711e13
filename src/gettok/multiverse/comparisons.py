"""One finding in every specification: a label's share before and after a day, and whether the sign stays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gettok.multiverse.numbers import Difference, difference
from gettok.multiverse.specifications import Specification
from gettok.settings import Event
from gettok.stats.proportions import Share, rounded, share


@dataclass(frozen=True)
class Comparison:
    """An event, and the difference in each specification, in the order of the specifications.

    `sign` is the one that most specifications have, null if two signs are as frequent or there is no difference at all;
    `same_sign` of the `n` specifications that have a difference have it.
    """

    event: Event
    differences: tuple[Difference, ...]
    n: int
    sign: int | None
    same_sign: int | None
    share_with_same_sign: float | None


def label_share(one: Specification, label: str) -> Share:
    """The label's share of the videos that have a label."""
    return _share(one.labelled, label)


def _share(labelled: pl.DataFrame, label: str) -> Share:
    return share(labelled.filter(pl.col("label") == label).height, labelled.height)


def compare(found: Sequence[Specification], label: str, event: Event) -> Comparison:
    """What is published on the event's own day (UTC) counts as after; a video without a day as neither."""
    differences = tuple(_difference(one.labelled, label, event) for one in found)
    signs = Counter(one.sign for one in differences if one.sign is not None)
    most = signs.most_common(2)
    n = signs.total()
    if not most or (len(most) == 2 and most[0][1] == most[1][1]):
        return Comparison(event, differences, n, None, None, None)
    sign, same = most[0]
    return Comparison(event, differences, n, sign, same, rounded(same / n))


def _difference(labelled: pl.DataFrame, label: str, event: Event) -> Difference:
    before, after = (
        labelled.filter(side) for side in (pl.col("day") < event.day, pl.col("day") >= event.day)
    )
    return difference(_share(before, label), _share(after, label))
