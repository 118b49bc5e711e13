"""Who says that a video is AI-generated: the Research API, TikTok's page, and the file; and where they differ."""

from collections import Counter
from itertools import combinations
from typing import NamedTuple

import polars as pl

from gettok.release import Tables
from gettok.tabulate.video_tags import DOCUMENTED

#: The sources of a label, by their names in the report.
LABEL_SOURCES = {
    "api": "the Research API's tag",
    "page": "TikTok's page",
    "file": "the file's Content Credentials",
}


class LabelPair(NamedTuple):
    """Two sources that were both read for some videos: how many of these each of them calls AI-generated."""

    left: str
    right: str
    both: int
    left_only: int
    right_only: int
    neither: int

    @property
    def contradictions(self) -> int:
        return self.left_only + self.right_only


def label_pairs(tables: Tables) -> list[LabelPair]:
    """Every two sources that were both read for some video, and what they say about these videos."""
    said = labels(tables)
    return [pair for left, right in combinations(LABEL_SOURCES, 2) if (pair := _pair(said, left, right))]


def labels(tables: Tables) -> pl.DataFrame:
    """`video_id`, and a column for each source: whether it calls the video AI-generated; null where it was not read.

    A tag that is absent is read as no label, since the API leaves out fields without a value. A page was read when the
    file was fetched, or captured in a browser; if both say something, the former counts.
    """
    api = pl.when(pl.col("endpoint") == DOCUMENTED).then(pl.col("ai_label").is_not_null())
    found = tables.videos.select("video_id", api.alias("api"), captured="page_ai_label")
    fetched = tables.media.select("video_id", page="page_ai_label", file="c2pa_ai")
    joined = found.join(fetched, on="video_id", how="left").sort("video_id")
    return joined.select("video_id", "api", pl.coalesce("page", "captured").alias("page"), "file")


def _pair(said: pl.DataFrame, left: str, right: str) -> LabelPair | None:
    read = said.drop_nulls([left, right])
    if not read.height:
        return None
    counts = Counter(read.select(left, right).iter_rows())
    each = ((True, True), (True, False), (False, True), (False, False))
    return LabelPair(left, right, *(counts[said] for said in each))
