"""The three sources of a video's text: TikTok's transcript, TikTok's captions, and ours.

A source has a text for a video if it contains a letter or digit. Captions that were translated by a machine are not a
text of what was said: they are left out here, and counted.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import polars as pl

#: Each text source, with its name for people.
TEXT_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "voice_to_text": "TikTok's transcript",
        "captions": "TikTok's captions",
        "whisper": "our transcript",
    }
)

#: Which sources are compared; the left one is the reference.
COMPARED = (("voice_to_text", "whisper"), ("captions", "whisper"), ("voice_to_text", "captions"))


def pair_name(left: str, right: str) -> str:
    """The key of two text sources in `summary.json`."""
    return f"{left}_and_{right}"


def video_texts(videos: pl.DataFrame, captions: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """`video_id`, `created_at`, and for each text source a column (null where it has no text) and `<source>_language`.

    One row for each video, in order of id. The languages are as the tables have them; TikTok gives none for
    `voice_to_text`.
    """
    theirs = captions.filter(~_is_translated()).select(
        "video_id", _text("text", "captions"), captions_language="language"
    )
    ours = transcripts.select("video_id", _text("text", "whisper"), whisper_language="language")
    no_language = pl.lit(None, pl.String).alias("voice_to_text_language")
    return (
        videos.select("video_id", "created_at", _text("voice_to_text", "voice_to_text"), no_language)
        .join(theirs, on="video_id", how="left")
        .join(ours, on="video_id", how="left")
        .sort("video_id")
    )


def texts_by_day(texts: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each day of publication (UTC) with its rows of `texts`, in order."""
    day = pl.col("created_at").dt.date().cast(pl.String).alias("day")
    by_day = texts.with_columns(day).partition_by("day", maintain_order=True, include_key=False, as_dict=True)
    return ((name, rows) for (name,), rows in sorted(by_day.items()))


def translations(captions: pl.DataFrame) -> int:
    """How many videos have only captions that were translated by a machine."""
    return captions.filter(_is_translated()).height


def _is_translated() -> pl.Expr:
    return pl.col("source").fill_null("") == "MT"


def _text(column: str, source: str) -> pl.Expr:
    return pl.when(pl.col(column).str.contains(r"[\p{L}\p{N}]")).then(pl.col(column)).alias(source)


def per_day(texts: pl.DataFrame) -> pl.DataFrame:
    """For each day (UTC) with videos: `day`, the number of `videos`, and how many have a text from each source."""
    counts = [pl.col(source).count().cast(pl.Int64) for source in TEXT_SOURCES]
    days = texts.with_columns(day=pl.col("created_at").dt.date()).drop_nulls("day")
    return days.group_by("day").agg(pl.len().cast(pl.Int64).alias("videos"), *counts).sort("day")


def overlap(texts: pl.DataFrame, left: str, right: str) -> dict[str, int]:
    """How many videos have both texts, one of the two, or neither."""
    has_left, has_right = texts[left].is_not_null(), texts[right].is_not_null()
    return {
        "both": int((has_left & has_right).sum()),
        "left_only": int((has_left & ~has_right).sum()),
        "right_only": int((~has_left & has_right).sum()),
        "neither": int((~has_left & ~has_right).sum()),
    }
