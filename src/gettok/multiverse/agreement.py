"""How far specifications give the same videos the same labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl
from sklearn.metrics import cohen_kappa_score

from gettok.multiverse.numbers import rounded
from gettok.multiverse.specifications import Specification


@dataclass(frozen=True)
class Pair:
    """Two specifications on the `n` videos that have a label under both; null is what cannot be said."""

    left: str
    right: str
    n: int
    same: float | None
    kappa: float | None


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha over the `n` videos that have a label under two specifications or more."""

    value: float | None
    n: int


def side_by_side(found: Sequence[Specification]) -> pl.DataFrame:
    """`video_id`, and a column `0`, `1` … for each specification, with the video's label under it or null."""
    wide = pl.concat([one.stances.select("video_id") for one in found]).unique()
    for place, one in enumerate(found):
        labels = one.stances.select("video_id", pl.col("label").alias(str(place)))
        wide = wide.join(labels, on="video_id", how="left")
    return wide.sort("video_id")


def pairs(found: Sequence[Specification]) -> list[Pair]:
    """Each pair once, in the order of the specifications."""
    wide = side_by_side(found)
    return [
        _pair(one.name, other.name, wide.select(str(left), str(right)).drop_nulls())
        for (left, one), (right, other) in combinations(enumerate(found), 2)
    ]


def _pair(left: str, right: str, both: pl.DataFrame) -> Pair:
    # a few kinds of two labels, each with how often: scikit-learn would sort every video's label for every pair
    one, other, counts = both.group_by(both.columns).len().sort(both.columns).get_columns()
    same = int(counts.filter(one == other).sum())
    return Pair(
        left,
        right,
        both.height,
        rounded(same / both.height) if both.height else None,
        kappa(one.to_list(), other.to_list(), counts.to_list()),
    )


def kappa(left: Sequence[str], right: Sequence[str], counts: Sequence[int]) -> float | None:
    """Cohen's kappa of labels, each two with how often; null where all are equal, as chance alone would give that."""
    if len({*left, *right}) < 2:
        return None
    return rounded(float(cohen_kappa_score(left, right, sample_weight=counts)))


def alpha(found: Sequence[Specification]) -> Alpha:
    """Krippendorff's alpha for names (nominal); it bears videos that a specification has no label for."""
    labels = pl.concat([one.labelled.select("video_id", "label") for one in found])
    by_video = labels.group_by("video_id").agg("label")["label"].to_list()
    units = [of_video for of_video in by_video if len(of_video) > 1]
    return Alpha(nominal_alpha(units), len(units))


def nominal_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """1 - observed / expected disagreement, over units of two labels and more; null where all labels are equal.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C.
    """
    every = Counter(label for unit in units for label in unit)
    expected = _differing_pairs(every) / (every.total() - 1) if len(every) > 1 else 0
    if not expected:
        return None
    observed = sum(_differing_pairs(Counter(unit)) / (len(unit) - 1) for unit in units)
    return rounded(1 - observed / expected)


def _differing_pairs(counts: Counter[str]) -> int:
    """Ordered pairs of unequal labels."""
    return counts.total() ** 2 - sum(count**2 for count in counts.values())
