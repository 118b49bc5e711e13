"""Who says that a video is AI-generated: the Research API, TikTok's page, and the file; and where they differ."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import polars as pl

from gettok.release import Tables
from gettok.tables.stored_rows import ALL_IDS, IdRange
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


@lru_cache(maxsize=1)  # the page and the metrics ask for those of the same tables
def label_pairs(tables: Tables) -> Sequence[LabelPair]:
    """Every two sources that were both read for some video, and what they say about these videos."""
    sources = list(LABEL_SOURCES)
    parts = [labels(tables, ids).group_by(sources).len() for ids in tables.ranges]
    said = pl.concat(parts).group_by(sources).agg(pl.col("len").sum())
    return [pair for left, right in combinations(sources, 2) if (pair := _pair(said, left, right))]


def labels(tables: Tables, ids: IdRange = ALL_IDS) -> pl.DataFrame:
    """`video_id`, and a column for each source: whether it calls the video AI-generated; null where it was not read.

    A tag that is absent is read as no label, since the API leaves out fields without a value. A page was read when the
    file was fetched, or captured in a browser; if both say something, the former counts.
    """
    api = pl.when(pl.col("endpoint") == DOCUMENTED).then(pl.col("ai_label").is_not_null())
    found = tables.rows("videos", ids).select("video_id", api.alias("api"), captured="page_ai_label")
    fetched = tables.rows("media", ids).select("video_id", page="page_ai_label", file="c2pa_ai")
    joined = found.join(fetched, on="video_id", how="left").sort("video_id")
    return joined.select("video_id", "api", pl.coalesce("page", "captured").alias("page"), "file").collect()


def _pair(said: pl.DataFrame, left: str, right: str) -> LabelPair | None:
    """`said` has how many videos have each combination of what the sources say."""
    read = said.drop_nulls([left, right]).group_by(left, right).agg(pl.col("len").sum())
    if not read.height:
        return None
    counts = {(of_left, of_right): count for of_left, of_right, count in read.iter_rows()}
    each = ((True, True), (True, False), (False, True), (False, False))
    return LabelPair(left, right, *(counts.get(said, 0) for said in each))
