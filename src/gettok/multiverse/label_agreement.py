"""How far specifications give the same labels to the same videos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from gettok.multiverse.specifications import Specification
from gettok.stats.agreement import kappa, nominal_alpha
from gettok.stats.proportions import rounded


@dataclass(frozen=True)
class AgreementPair:
    """Two specifications on the `n` videos that have a label under both; null where a number is not defined."""

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


def side_by_side(specifications: Sequence[Specification]) -> pl.DataFrame:
    """`video_id`, and a column `0`, `1` … for each specification, with the video's label under it or null."""
    wide = pl.concat([specification.labels.select("video_id") for specification in specifications]).unique()
    for position, specification in enumerate(specifications):
        of_videos = specification.labels.select("video_id", pl.col("label").alias(str(position)))
        wide = wide.join(of_videos, on="video_id", how="left")
    return wide.sort("video_id")


def pairs(specifications: Sequence[Specification]) -> list[AgreementPair]:
    """Each pair once, in the order of the specifications."""
    wide = side_by_side(specifications)
    return [
        _pair(left.name, right.name, wide.select(str(first), str(second)).drop_nulls())
        for (first, left), (second, right) in combinations(enumerate(specifications), 2)
    ]


def _pair(left: str, right: str, both: pl.DataFrame) -> AgreementPair:
    # counts of the few combinations of labels: scikit-learn would sort every video's label for every pair
    left_labels, right_labels, counts = both.group_by(both.columns).len().sort(both.columns).get_columns()
    same = int(counts.filter(left_labels == right_labels).sum())
    return AgreementPair(
        left,
        right,
        both.height,
        rounded(same / both.height) if both.height else None,
        kappa(left_labels.to_list(), right_labels.to_list(), counts.to_list()),
    )


def alpha(specifications: Sequence[Specification]) -> Alpha:
    """Krippendorff's alpha for nominal data, which allows videos without a label under some specifications."""
    labels = pl.concat(
        [specification.labelled.select("video_id", "label") for specification in specifications]
    )
    by_video = labels.group_by("video_id").agg("label")["label"].to_list()
    units = [labels for labels in by_video if len(labels) > 1]
    return Alpha(nominal_alpha(units), len(units))
