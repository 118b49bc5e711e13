"""The three ways by which a video's words come to be written: TikTok's two, and ours.

A way has a text for a video if there is a letter or digit in it. Captions that a machine translated are no text of what
was said: they are left out here, and counted.
"""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

#: Each way, with what it is called where people read it.
WAYS: Mapping[str, str] = MappingProxyType(
    {
        "voice_to_text": "TikTok's transcript",
        "captions": "TikTok's captions",
        "whisper": "our transcript",
    }
)

#: Which way is held against which; the left is the reference.
COMPARED = (("voice_to_text", "whisper"), ("captions", "whisper"), ("voice_to_text", "captions"))


def name_of(left: str, right: str) -> str:
    """What a pair of ways is called in `summary.json`."""
    return f"{left}_and_{right}"


def texts(videos: pl.DataFrame, captions: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """`video_id`, `created_at`, a column for each way (null where it has no text), and `<way>_language` as tables say.

    One row for each video, in order of id. TikTok names no language for `voice_to_text`.
    """
    theirs = captions.filter(~_translated()).select(
        "video_id", _text("text", "captions"), captions_language="language"
    )
    ours = transcripts.select("video_id", _text("text", "whisper"), whisper_language="language")
    nameless = pl.lit(None, pl.String).alias("voice_to_text_language")
    return (
        videos.select("video_id", "created_at", _text("voice_to_text", "voice_to_text"), nameless)
        .join(theirs, on="video_id", how="left")
        .join(ours, on="video_id", how="left")
        .sort("video_id")
    )


def translations(captions: pl.DataFrame) -> int:
    """Videos whose only captions are a machine's translation."""
    return captions.filter(_translated()).height


def _translated() -> pl.Expr:
    return pl.col("source").fill_null("") == "MT"


def _text(column: str, way: str) -> pl.Expr:
    return pl.when(pl.col(column).str.contains(r"[\p{L}\p{N}]")).then(pl.col(column)).alias(way)


def per_day(of_videos: pl.DataFrame) -> pl.DataFrame:
    """For each day (UTC) with videos: `day`, how many `videos`, and how many of them have a text by each way."""
    counts = [pl.col(way).count().cast(pl.Int64) for way in WAYS]
    days = of_videos.with_columns(day=pl.col("created_at").dt.date()).drop_nulls("day")
    return days.group_by("day").agg(pl.len().cast(pl.Int64).alias("videos"), *counts).sort("day")


def sides(of_videos: pl.DataFrame, left: str, right: str) -> dict[str, int]:
    """How many videos have both texts, one of the two, or neither."""
    one, other = of_videos[left].is_not_null(), of_videos[right].is_not_null()
    return {
        "both": int((one & other).sum()),
        "left_only": int((one & ~other).sum()),
        "right_only": int((~one & other).sum()),
        "neither": int((~one & ~other).sum()),
    }
