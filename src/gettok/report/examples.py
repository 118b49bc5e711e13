"""The videos that the report shows: one pair of transcripts, and one video for each stance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from gettok.compare.text_sources import COMPARED
from gettok.release import Tables
from gettok.report.display import address
from gettok.report.word_differences import MarkedTexts, mark_differences
from gettok.settings import Study
from gettok.text.tokens import KINDS

#: A pair of about this length shows all kinds of differences and is short enough to read.
_IDEAL_WORDS = 40
_MAX_WORDS = 120


@dataclass(frozen=True)
class Example:
    """Figure 6: a video with a stance. Texts are as in the tables, or None if the video has none."""

    video_id: str
    address: str | None
    label: str
    confidence: float | None
    confidence_by: str | None
    caption: str | None
    on_screen_text: str | None
    jpeg: bytes | None


def pair(pairs: pl.DataFrame) -> MarkedTexts | None:
    """Figure 5: the pair with the most kinds of differences, and of these the one nearest to 40 words.

    It is of the first two text sources in `COMPARED` that any video has: the paper's own, if there is one.
    """
    for left, right in COMPARED:
        of_sources = pairs.filter((pl.col("left") == left) & (pl.col("right") == right))
        if of_sources.height:
            break
    else:
        return None
    kinds = pl.sum_horizontal((pl.col(kind) > 0).cast(pl.Int64) for kind in KINDS)
    ranked = of_sources.sort(
        -kinds, (pl.col("right_words") - _IDEAL_WORDS).abs(), "video_id", nulls_last=True
    )
    chosen = ranked.row(0, named=True)
    texts = {left: chosen["left_text"] or "", right: chosen["right_text"] or ""}
    return mark_differences(chosen["video_id"], texts, _MAX_WORDS)


def shown_videos(tables: Tables, study: Study) -> tuple[str, ...]:
    """The videos whose frames the page shows: the only ones for which `write` needs images."""
    return tuple(video["video_id"] for video in _chosen(tables, study))


def by_stance(tables: Tables, study: Study) -> dict[str, Example | None]:
    """An example for each label of the study; None if no video has the label."""
    found = {video["label"]: _example(video, tables.frames) for video in _chosen(tables, study)}
    return {name: found.get(name) for name in study.stance.labels}


def _chosen(tables: Tables, study: Study) -> Iterator[dict[str, Any]]:
    """For each label, the video with the most of frames, caption and on-screen text; then confidence, then views."""
    captions = tables.videos.select("video_id", "username", "view_count", caption="description")
    described = tables.descriptions.select("video_id", "on_screen_text", "frame_indices")
    ranked = (
        tables.stances.filter(pl.col("status") == "ok")
        .join(captions, on="video_id", how="left")
        .join(described, on="video_id", how="left")
        .with_columns(
            complete=pl.col("frame_indices").list.len().fill_null(0).clip(0, 1)
            + _filled("caption")
            + _filled("on_screen_text")
        )
        .sort(
            ["complete", "confidence", "view_count", "video_id"],
            descending=[True, True, True, False],
            nulls_last=True,
        )
    )
    for name in study.stance.labels:
        yield from ranked.filter(pl.col("label") == name).head(1).to_dicts()


def _filled(column: str) -> pl.Expr:
    return (pl.col(column).str.strip_chars().str.len_chars() > 0).fill_null(value=False).cast(pl.UInt32)


def _example(video: dict[str, Any], frames: pl.DataFrame | None) -> Example:
    video_id = video["video_id"]
    names = ("label", "confidence", "confidence_by", "caption", "on_screen_text")
    return Example(
        video_id,
        address(video["username"], video_id),
        jpeg=_middle(_images(frames, video_id)),
        **{name: video[name] for name in names},
    )


def _images(frames: pl.DataFrame | None, video_id: str) -> list[bytes]:
    if frames is None or "image" not in frames.columns:
        return []
    images = frames.filter(pl.col("video_id") == video_id).sort("frame_index")["image"]
    return images.struct.field("bytes").drop_nulls().to_list()


def _middle(images: Sequence[bytes]) -> bytes | None:
    return images[len(images) // 2] if images else None
