"""Which videos the report shows: one transcript pair, and one video for each stance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from gettok.release import Tables
from gettok.report.display import address, shown
from gettok.settings import Study
from gettok.words import Difference, Word, align

_WORDS = 40  # a pair of about this length shows all kinds of differences and is still read
_LONGEST = 120
_KINDS = ("capitalisation", "punctuation", "spelling")


@dataclass(frozen=True)
class Piece:
    """A word of one side as it stands in its text, and how it differs from the other side's; `∅` if it is missing."""

    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Figure 5: two transcripts of one video, word by word."""

    video_id: str
    tiktok: tuple[Piece, ...]
    ours: tuple[Piece, ...]
    cut: bool


@dataclass(frozen=True)
class Example:
    """Figure 6: a video with a stance. Texts are as in the tables; None is what the video does not have."""

    video_id: str
    address: str | None
    label: str
    confidence: float | None
    caption: str | None
    on_screen_text: str | None
    jpeg: bytes | None


def pair(pairs: pl.DataFrame) -> Pair | None:
    """The pair that differs in most ways and is nearest to 40 words long."""
    if pairs.is_empty():
        return None
    kinds = pl.sum_horizontal((pl.col(kind) > 0).cast(pl.Int64) for kind in _KINDS)
    ranked = pairs.sort(-kinds, (pl.col("whisper_words") - _WORDS).abs(), "video_id", nulls_last=True)
    chosen = ranked.row(0, named=True)
    places = align(chosen["tiktok_text"] or "", chosen["whisper_text"] or "")
    first = places[:_LONGEST]
    tiktok = tuple(_piece(place, place.left) for place in first)
    ours = tuple(_piece(place, place.right) for place in first)
    return Pair(chosen["video_id"], tiktok, ours, len(places) > _LONGEST)


def _piece(place: Difference, word: Word | None) -> Piece:
    kinds = tuple(kind for kind in _KINDS if getattr(place, kind))
    return Piece(shown(word.text, 40) if word else "∅", kinds)


def shown_videos(tables: Tables, study: Study) -> tuple[str, ...]:
    """The videos whose frames the page shows: the only ones for which `write` needs pictures."""
    return tuple(video["video_id"] for video in _chosen(tables, study))


def by_stance(tables: Tables, study: Study) -> dict[str, Example | None]:
    """An example for each label of the study; None where no video has it."""
    found = {video["label"]: _example(video, tables.frames) for video in _chosen(tables, study)}
    return {name: found.get(name) for name in study.stance.labels}


def _chosen(tables: Tables, study: Study) -> Iterator[dict[str, Any]]:
    """For each label the surest video, rather one with frames, caption and on-screen text, rather a much-viewed one."""
    captions = tables.videos.select("video_id", "username", "view_count", caption="description")
    seen = tables.descriptions.select("video_id", "on_screen_text", "frame_indices")
    ranked = (
        tables.stances.filter(pl.col("status") == "ok")
        .join(captions, on="video_id", how="left")
        .join(seen, on="video_id", how="left")
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
    names = ("label", "confidence", "caption", "on_screen_text")
    return Example(
        video_id,
        address(video["username"], video_id),
        jpeg=_middle(_pictures(frames, video_id)),
        **{name: video[name] for name in names},
    )


def _pictures(frames: pl.DataFrame | None, video_id: str) -> list[bytes]:
    if frames is None or "image" not in frames.columns:
        return []
    images = frames.filter(pl.col("video_id") == video_id).sort("frame_index")["image"]
    return images.struct.field("bytes").drop_nulls().to_list()


def _middle(pictures: Sequence[bytes]) -> bytes | None:
    return pictures[len(pictures) // 2] if pictures else None
