"""TikTok's transcripts against ours: the figures of section 3.1 and figure 4 of the GET-Tok paper."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

import numpy as np
import polars as pl

from gettok.embed import Embedder, cosine
from gettok.step import Row
from gettok.words import differences, jaccard, normalise, wer

_DIGITS = 4


@dataclass(frozen=True)
class TextPair:
    """One video's two transcripts."""

    video_id: str
    created_at: datetime
    tiktok: str
    whisper: str


@dataclass(frozen=True)
class Summary:
    """All pairs in one line, rounded to four places; `None` where the pairs are too few or too alike to say."""

    n: int
    pearson_r: float | None
    r_squared: float | None
    mean_jaccard: float | None
    mean_cosine: float | None
    mean_wer: float | None
    capitalisation: int
    punctuation: int
    spelling: int


def compare(pairs: Sequence[TextPair], embedder: Embedder) -> tuple[list[Row], Summary]:
    """Rows of the table `pairs`, in the order given, and their summary; TikTok's text is the reference."""
    cosines = cosine(embedder, [pair.tiktok for pair in pairs], [pair.whisper for pair in pairs])
    rows = [_row(pair, near) for pair, near in zip(pairs, cosines, strict=True)]
    return rows, _summary(rows)


def _row(pair: TextPair, near: float) -> Row:
    kinds = Counter(difference.kind for difference in differences(pair.tiktok, pair.whisper))
    return {
        "video_id": pair.video_id,
        "created_at": pair.created_at,
        "tiktok_text": pair.tiktok,
        "whisper_text": pair.whisper,
        "tiktok_words": len(normalise(pair.tiktok)),
        "whisper_words": len(normalise(pair.whisper)),
        "jaccard": round(jaccard(pair.tiktok, pair.whisper), _DIGITS),
        "cosine": round(near, _DIGITS),
        "wer": round(wer(pair.tiktok, pair.whisper), _DIGITS),
        **{kind: kinds[kind] for kind in ("capitalisation", "punctuation", "spelling")},
    }


def _summary(rows: Sequence[Row]) -> Summary:
    r = _pearson([row["tiktok_words"] for row in rows], [row["whisper_words"] for row in rows])
    return Summary(
        n=len(rows),
        pearson_r=None if r is None else round(r, _DIGITS),
        r_squared=None if r is None else round(r * r, _DIGITS),
        mean_jaccard=_mean(rows, "jaccard"),
        mean_cosine=_mean(rows, "cosine"),
        mean_wer=_mean(rows, "wer"),
        capitalisation=sum(row["capitalisation"] for row in rows),
        punctuation=sum(row["punctuation"] for row in rows),
        spelling=sum(row["spelling"] for row in rows),
    )


def _mean(rows: Sequence[Row], column: str) -> float | None:
    return round(fmean(row[column] for row in rows), _DIGITS) if rows else None


def _pearson(left: Sequence[int], right: Sequence[int]) -> float | None:
    if len(set(left)) < 2 or len(set(right)) < 2:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def coverage(videos: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """For each day (UTC) with videos: how many there are, and how many have TikTok's text and ours."""
    ours = transcripts.filter(_said("text")).select("video_id", with_whisper_text=True)
    return (
        videos.join(ours, on="video_id", how="left")
        .group_by(pl.col("created_at").dt.date().alias("day"))
        .agg(
            videos=pl.len().cast(pl.Int64),
            with_tiktok_text=_said("voice_to_text").sum().cast(pl.Int64),
            with_whisper_text=pl.col("with_whisper_text").count().cast(pl.Int64),
        )
        .sort("day")
    )


def _said(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars().str.len_chars() > 0
