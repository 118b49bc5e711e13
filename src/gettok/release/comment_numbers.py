"""Comments in numbers, by video and by day: what the forms of a release without texts and names have of them."""

import polars as pl

from gettok.release.public import magnitude

_IS_REPLY = pl.col("is_reply").fill_null(value=False)


def by_video(comments: pl.LazyFrame) -> pl.LazyFrame:
    """A row for each video that has comments; a comment without a count of likes counts as not liked."""
    likes = pl.col("like_count").fill_null(0)
    return comments.group_by("video_id").agg(
        comments=pl.len().cast(pl.Int64),
        replies=_IS_REPLY.sum().cast(pl.Int64),
        days=pl.col("created_at").dt.date().drop_nulls().n_unique().cast(pl.Int64),
        **{
            name: (likes >= least).sum().cast(pl.Int64)
            for name, least in (("liked", 1), ("liked_10", 10), ("liked_100", 100))
        },
    )


def by_day(comments: pl.LazyFrame, smallest_group: int) -> pl.LazyFrame:
    """A row for each day with comments on as many videos as a group must have; they do not tell of one video alone."""
    days = comments.drop_nulls("created_at").group_by(day=pl.col("created_at").dt.date())
    found = days.agg(
        videos=pl.col("video_id").n_unique().cast(pl.Int64),
        comments=pl.len().cast(pl.Int64),
        replies=_IS_REPLY.sum().cast(pl.Int64),
    )
    return found.filter(pl.col("videos") >= smallest_group).with_columns(
        comments_at_least=magnitude("comments")
    )
