"""The numbers of the report, out of the tables. Days are UTC."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from gettok.release import Tables
from gettok.settings import Study

_SUMS = (
    ("likes", "like_count"),
    ("views", "view_count"),
    ("comments", "comment_count"),
    ("shares", "share_count"),
)


def totals(videos: pl.DataFrame) -> dict[str, int]:
    """Table 2 of the paper: users, and sums of the counts that TikTok gave."""
    users = videos["username"].drop_nulls().n_unique()
    return {"videos": videos.height, "users": users, **{name: int(videos[of].sum()) for name, of in _SUMS}}


def hashtags(videos: pl.DataFrame, by: str) -> list[tuple[str, int]]:
    """The ten hashtags first in `videos` (how many have it) or `views` (of the videos that have it), most first.

    Capitals make no difference to TikTok's hashtags, so they make none here.
    """
    tags = pl.col("hashtags").list.eval(pl.element().str.to_lowercase()).list.unique().alias("tag")
    each = videos.select(tags, pl.col("view_count").fill_null(0).alias("views")).explode("tag")
    each = each.filter(pl.col("tag").str.len_chars() > 0)
    sums = each.group_by("tag").agg(pl.len().cast(pl.Int64).alias("videos"), pl.col("views").sum())
    first = sums.sort([by, "tag"], descending=[True, False]).head(10)
    return list(first.select("tag", by).iter_rows())


def posts_per_day(videos: pl.DataFrame, study: Study) -> pl.DataFrame:
    """`day`, `videos`: every day of the study, and any other that a video was published on, with 0 where none was."""
    days = videos["created_at"].dt.date().drop_nulls()
    every = pl.date_range(min([study.start, *days]), max([study.end, *days]), eager=True).alias("day")
    counted = days.alias("day").value_counts(name="videos")
    joined = every.to_frame().join(counted, on="day", how="left").sort("day")
    return joined.select("day", pl.col("videos").fill_null(0).cast(pl.Int64))


def transcripts_per_day(videos: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """`day`, `videos`, `tiktok`, `ours`: on each day with videos, how many, and how many have which transcript."""
    ours = transcripts.select("video_id", ours=_filled("text") & (pl.col("status") == "ok"))
    joined = videos.select(
        "video_id", pl.col("created_at").dt.date().alias("day"), tiktok=_filled("voice_to_text")
    )
    joined = joined.join(ours, on="video_id", how="left").drop_nulls("day")
    counts = pl.len().cast(pl.Int64).alias("videos"), pl.col("tiktok", "ours").sum().cast(pl.Int64)
    return joined.group_by("day").agg(*counts).sort("day")


def _filled(column: str) -> pl.Expr:
    return (pl.col(column).str.strip_chars().str.len_chars() > 0).fill_null(value=False)


def stances(table: pl.DataFrame, study: Study) -> list[tuple[str, int, float]]:
    """Each label of the study with the videos that have it and their share among all that have a stance."""
    given = table.filter(pl.col("status") == "ok")["label"].to_list()
    return [(name, given.count(name), _share(given.count(name), len(given))) for name in study.stance.labels]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def metrics(tables: Tables, study: Study, comparison: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that `dvc metrics show` compares between runs."""
    return {
        "totals": totals(tables.videos),
        "ok": {stage: book.ok for stage, book in tables.books.items()},
        "unusable": {stage: dict(book.unusable) for stage, book in tables.books.items()},
        "stance_share": {name: share for name, _, share in stances(tables.stances, study)},
        "comparison": dict(comparison),
    }


def plots(tables: Tables, study: Study) -> dict[str, pl.DataFrame]:
    """What `dvc plots` draws, by the name of the CSV file; the columns are named for people."""
    per_day = transcripts_per_day(tables.videos, tables.transcripts)
    shares = (pl.col("tiktok", "ours") / pl.col("videos")).round(4)
    return {
        "posts_per_day.csv": posts_per_day(tables.videos, study).rename({"videos": "videos published"}),
        "transcripts_per_day.csv": per_day.with_columns(shares).rename(
            {"tiktok": "share with TikTok's transcript", "ours": "share with our transcript"}
        ),
        "stances.csv": pl.DataFrame(
            stances(tables.stances, study),
            schema={"stance": pl.String, "videos": pl.Int64, "share of videos": pl.Float64},
            orient="row",
        ),
    }
