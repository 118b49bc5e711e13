"""How far specifications give the same videos the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from gettok.multiverse.specifications import Specification
from gettok.stats.agreement import kappa, nominal_alpha
from gettok.stats.proportions import rounded


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


def alpha(found: Sequence[Specification]) -> Alpha:
    """Krippendorff's alpha for names (nominal); it bears videos that a specification has no label for."""
    labels = pl.concat([one.labelled.select("video_id", "label") for one in found])
    by_video = labels.group_by("video_id").agg("label")["label"].to_list()
    units = [of_video for of_video in by_video if len(of_video) > 1]
    return Alpha(nominal_alpha(units), len(units))
