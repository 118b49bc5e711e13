"""Makes the tables of a study of any size, day by day, as the stages before the release write them.

    python -m bench.candidates.release.study FOLDER VIDEOS

Each text is a slice of one long text, so that nearly all texts differ. The same arguments give the same tables.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl

from gettok.books import COUNTED, Books
from gettok.settings import Settings, Variable, load
from gettok.tables import (
    ANNOTATIONS,
    CAPTIONS,
    COMMENTS,
    COUNTS,
    COVERAGE,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAIRS,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    TRANSCRIPTS,
    VIDEOS,
    WINDOWS,
    Table,
)

ROOT = Path(__file__).parents[3]
FRAMES_A_VIDEO = 3
WITH_TRANSCRIPT = 0.28
LOST = 0.03
"""The shares of videos with a text of TikTok's, and of those without a file."""
LEAD_S = 44
"""An id's time is so much earlier than the video's."""
SCHEDULED = 0.001, 2.5 * 86_400
"""The share of videos that are scheduled, and the lead of their ids in seconds."""
_WORDS = """
el pueblo de Perú sale a las calles contra el golpe de estado y pide nuevas elecciones 🇵🇪 castillo boluarte congreso
lima puno presidente libertad ¡hasta cuándo! noticias en vivo "comillas" y saltos
"""
_TEXT = " ".join(Random(0).choices([*_WORDS.split(), "de\nlínea"], k=400_000))
_TAGS = [f"tag{number}" for number in range(3000)]


class Day:
    """The rows of one day. Draws are by the day, so that days do not depend on each other."""

    def __init__(self, day: date, count: int) -> None:
        self.day, self.dice = day, np.random.default_rng(day.toordinal())
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        seconds = np.sort(self.dice.integers(0, 86_400, count)) + int(start.timestamp())
        lead = np.where(self.dice.random(count) < SCHEDULED[0], SCHEDULED[1], LEAD_S).astype(np.int64)
        ids = ((seconds - lead) << 32) + day.toordinal() % 1000 * 1_000_000 + np.arange(count)
        facts = {
            "video_id": pl.Series(ids).cast(pl.String),
            "created_at": pl.Series(seconds * 1_000_000).cast(VIDEOS.schema["created_at"]),
            "voice_to_text": self._some(self.texts(count, 100, 700), WITH_TRANSCRIPT),
            "captions": self._some(self.texts(count, 100, 700), WITH_TRANSCRIPT),
            "is_lost": self.dice.random(count) < LOST,
        }
        self.videos = pl.DataFrame(facts).sort("video_id")
        self.have = self.videos.filter(~pl.col("is_lost"))

    def texts(self, count: int, shortest: int, longest: int) -> list[str]:
        starts = self.dice.integers(0, len(_TEXT) - longest, count)
        lengths = self.dice.integers(shortest, longest, count)
        return [_TEXT[at : at + length] for at, length in zip(starts, lengths, strict=True)]

    def _some(self, texts: list[str], share: float) -> pl.Series:
        return pl.Series(texts).set(pl.Series(self.dice.random(len(texts)) >= share), None)

    def numbers(self, count: int, end: int) -> pl.Series:
        return pl.Series(self.dice.integers(0, end, count))

    def hexes(self, count: int) -> list[str]:
        return [self.dice.bytes(32).hex() for _ in range(count)]


def _filled(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """With the columns that the rows lack, empty, in the table's order."""
    columns = [
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in table.schema.items()
    ]
    return rows.select(columns).sort(table.sort)


def _staged(day: Day, table: Table, rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    """The rows of a costly stage: those of videos with a result, and those without."""
    lost = day.videos.filter("is_lost").select("video_id", status=pl.lit("unusable"), reason=pl.lit(reason))
    keys = pl.Series("answer_key", day.hexes(rows.height))
    done = rows.with_columns(keys, status=pl.lit("ok"))
    return pl.concat([_filled(table, done), _filled(table, lost)]).sort(table.sort, nulls_last=True)


def videos(day: Day) -> pl.DataFrame:
    count = day.videos.height
    tags = [[_TAGS[tag] for tag in row] for row in day.dice.zipf(1.4, (count, 4)) % len(_TAGS)]
    added = {
        "username": "user_" + day.numbers(count, 17_000).cast(pl.String),
        "region_code": pl.Series(["PE"] * count),
        "description": day.texts(count, 60, 300),
        "hashtags": tags,
        "hashtags_folded": tags,
        "music_id": day.numbers(count, 10**15).cast(pl.String),
        "duration_s": day.numbers(count, 600),
        "endpoint": ["video/query"] * count,
        "observations": [1] * count,
        **{
            f"{name}_count": day.numbers(count, 10**5)
            for name in ("view", "like", "comment", "share", "favorites")
        },
    }
    seen = pl.lit(datetime(2023, 3, 15, tzinfo=UTC))
    rows = day.videos.with_columns(first_observed_at=seen, observed_at=seen, **_series(added))
    return _filled(VIDEOS, rows)


def _series(columns: dict[str, Any]) -> dict[str, pl.Series]:
    return {name: pl.Series(values) for name, values in columns.items()}


def media(day: Day) -> pl.DataFrame:
    count = day.have.height
    added = {
        "kind": ["video"] * count,
        "file": day.have["video_id"] + ".mp4",
        "sha256": day.hexes(count),
        "bytes": day.numbers(count, 10**7),
        "backend": ["ytdlp"] * count,
        "duration_s": day.dice.integers(5_000, 600_000, count) / 1000,
        "frame_count": day.numbers(count, 18_000),
        "frame_rate": [30.0] * count,
        "width": [576] * count,
        "height": [1024] * count,
        "video_codec": ["h264"] * count,
        "has_audio": [True] * count,
        "audio_codec": ["aac"] * count,
        "c2pa": ["none"] * count,
        "page_ai_label": day.dice.random(count) < 0.02,
    }
    return _staged(day, MEDIA, day.have.with_columns(**_series(added)), "private")


def captions(day: Day) -> pl.DataFrame:
    rows = day.have.drop_nulls("captions").with_columns(
        text="captions", language=pl.lit("spa-ES"), source=pl.lit("ASR"), format=pl.lit("webvtt")
    )
    segment = pl.struct(start_s=pl.lit(0.0), end_s=pl.lit(5.0), text=pl.col("text").str.slice(0, 60))
    return _filled(CAPTIONS, rows.with_columns(segments=pl.concat_list(segment, segment)))


def frames(day: Day) -> pl.DataFrame:
    index = pl.DataFrame({"frame_index": [300 * place for place in range(FRAMES_A_VIDEO)]})
    rows = day.have.select("video_id").join(index, how="cross").with_columns(width=576, height=1024)
    rows = rows.with_columns(pl.Series("sha256", day.hexes(rows.height)), time_s=pl.col("frame_index") / 30)
    return _staged(day, FRAMES, rows, "no_media")


def transcripts(day: Day) -> pl.DataFrame:
    count = day.have.height
    spoken = day.have.with_columns(text=pl.Series(day.texts(count, 100, 700)))
    segments = [
        pl.struct(
            start_s=pl.lit(5.0 * place),
            end_s=pl.lit(5.0 * place + 5),
            language=pl.lit("es"),
            text=pl.col("text").str.slice(100 * place, 100),
        )
        for place in range(4)
    ]
    added = {"sound_s": day.dice.random(count) * 60, "avg_logprob": -day.dice.random(count)}
    model = {
        "speech_model": pl.lit("small"),
        "speech_model_sha256": pl.lit("5a" * 32),
        "speech": pl.lit("speech"),
    }
    rows = spoken.with_columns(
        raw_text="text", language=pl.lit("es"), segments=pl.concat_list(segments), **_series(added), **model
    )
    return _staged(day, TRANSCRIPTS, rows, "no_media")


def descriptions(day: Day) -> pl.DataFrame:
    count = day.have.height
    added = {
        "description": day.texts(count, 300, 1200),
        "on_screen_text": day.texts(count, 20, 200),
        "ocr_text": day.texts(count, 20, 200),
        "ocr_cer": day.dice.integers(0, 1000, count) / 1000,
        "prompt_tokens": day.numbers(count, 2000),
        "completion_tokens": day.numbers(count, 300),
    }
    rows = day.have.with_columns(
        frame_indices=pl.lit([300 * place for place in range(FRAMES_A_VIDEO)]),
        model=pl.lit("see-1"),
        **_series(added),
    )
    return _staged(day, DESCRIPTIONS, rows, "no_media")


def screen_texts(day: Day) -> pl.DataFrame:
    index = pl.DataFrame({"frame_index": [300 * place for place in range(FRAMES_A_VIDEO)]})
    rows = day.have.select("video_id").join(index, how="cross")
    rows = rows.with_columns(pl.Series("text", day.texts(rows.height, 20, 120)))
    corner = pl.struct(x=pl.lit(10, pl.Int64), y=pl.lit(20, pl.Int64))
    line = pl.struct(text="text", confidence=pl.lit(0.9), box=pl.concat_list([corner] * 4))
    rows = rows.with_columns(
        lines=pl.concat_list(line), reader=pl.lit("ocr"), reader_sha256=pl.lit("5b" * 32)
    )
    return _staged(day, SCREEN_TEXTS, rows, "no_media")


def annotations(day: Day, name: str, variable: Variable) -> pl.DataFrame:
    count = day.have.height
    rows = day.have.with_columns(_value(day, variable, count)).with_columns(
        variable=pl.lit(name),
        confidence=pl.Series(day.dice.integers(0, 100, count) / 100),
        confidence_by=pl.lit("logprobs"),
        votes=pl.lit(["yes"]),
        voters=pl.lit(["judge-1"]),
        evidence=pl.Series(day.texts(count, 20, 150)),
        inputs_used=pl.lit(["transcript", "on_screen_text", "caption"]),
        label_order=day.numbers(count, 6),
        model=pl.lit("judge-1"),
    )
    return _staged(day, ANNOTATIONS, rows, "no_inputs").with_columns(variable=pl.lit(name))


def _value(day: Day, variable: Variable, count: int) -> pl.Series:
    names = variable.label_names
    match variable.kind:
        case "number":
            return pl.Series("number", day.numbers(count, 6)).cast(pl.Float64)
        case "text":
            return pl.Series("text", day.texts(count, 20, 60))
        case "span":
            return pl.Series("quotes", [[text] for text in day.texts(count, 4, 6)])
        case "any_of":
            return pl.Series("labels", [[names[at]] for at in day.dice.integers(0, len(names), count)])
        case _:
            return pl.Series("label", [names[at] for at in day.dice.integers(0, len(names), count)])


def pairs(day: Day, spoken: pl.DataFrame) -> pl.DataFrame:
    texts = day.have.join(spoken.select("video_id", whisper="text"), on="video_id")
    sides = [("voice_to_text", "whisper"), ("captions", "whisper"), ("voice_to_text", "captions")]
    parts = [
        texts.drop_nulls([left, right]).select(
            "video_id", "created_at", left_text=left, right_text=right, left=pl.lit(left), right=pl.lit(right)
        )
        for left, right in sides
    ]
    rows = pl.concat(parts)
    counted = ("left_words", "right_words", "capitalisation", "punctuation", "spelling")
    added = {name: day.numbers(rows.height, 100) for name in counted}
    return _filled(PAIRS, rows.with_columns(wer=pl.Series(day.dice.random(rows.height)), **added))


def write(folder: Path, count: int) -> None:
    """Write `data/` for that many videos over the days of the study, with the settings."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    settings, data = load(folder / "params.yaml"), folder / "data"
    whole: dict[Table, list[pl.DataFrame]] = {MEDIA: [], CAPTIONS: []}
    lost = sum(_write_day(day, settings, data, whole) for day in _days(settings, count))
    for table, parts in whole.items():
        table.write(pl.concat(parts).sort(table.sort), data / f"{table.name}.parquet")
    _write_small(data, settings)
    _write_books(data, settings, count, lost)


def _days(settings: Settings, count: int) -> Iterator[Day]:
    days = (settings.study.end - settings.study.start).days + 1
    edges = np.linspace(0, count, days + 1).astype(int)
    for place, (start, end) in enumerate(pairwise(edges)):
        if end > start:
            yield Day(settings.study.start + timedelta(days=place), end - start)


def _write_day(day: Day, settings: Settings, data: Path, whole: dict[Table, list[pl.DataFrame]]) -> int:
    """Write the tables that are kept by day, and collect the others' rows. The number of videos without a file."""
    file, found, spoken = f"{day.day}.parquet", videos(day), transcripts(day)
    VIDEOS.write(found, data / "videos" / file)
    COUNTS.write(found.select(COUNTS.schema.names()), data / "counts" / file)
    COMMENTS.write([], data / "comments" / file)
    FRAMES.write(frames(day), data / "frames" / file)
    TRANSCRIPTS.write(spoken, data / "transcripts" / file)
    DESCRIPTIONS.write(descriptions(day), data / "descriptions" / file)
    SCREEN_TEXTS.write(screen_texts(day), data / "screen_texts" / file)
    for group, variables in settings.codebook.groups.items():
        parts = [annotations(day, name, settings.codebook.variables[name]) for name in variables]
        ANNOTATIONS.write(pl.concat(parts).sort(ANNOTATIONS.sort), data / "annotations" / group / file)
    whole[MEDIA].append(media(day))
    whole[CAPTIONS].append(captions(day))
    PAIRS.write(pairs(day, spoken).sort(PAIRS.sort), data / "comparison" / "pairs" / file)
    return day.videos.height - day.have.height


def _write_small(data: Path, settings: Settings) -> None:
    days = (settings.study.end - settings.study.start).days + 1
    rows = [{"day": settings.study.start + timedelta(days=day), "state": "complete"} for day in range(days)]
    COVERAGE.write(rows, data / "coverage.parquet")
    WINDOWS.write([], data / "windows.parquet")
    PROMPT_INJECTION.write([], data / "prompt_injection.parquet")
    (data / "cascade").mkdir()
    (data / "cascade" / "chosen.json").write_text("{}", "ascii")
    summary: dict[str, Any] = {"embedding_model": None, "meanings": {}, "pairs": {}}
    (data / "comparison" / "summary.json").write_text(json.dumps(summary), "ascii")


def _write_books(data: Path, settings: Settings, count: int, lost: int) -> None:
    def book(reason: str) -> Books:
        return Books(count, count - lost, {reason: lost} if lost else {})

    variables = dict.fromkeys(settings.codebook.variables, book("no_inputs"))
    every = {stage: book("no_media") for stage in COUNTED} | {
        "collect": Books(count, count),
        "tabulate": Books(count, count),
        "compare_transcripts": Books(count, count),
        "download": book("private"),
        "annotate": Books(count, count - lost, {"no_inputs": lost} if lost else {}, variables),
    }
    for stage, books in every.items():
        books.write(data / "books" / f"{stage}.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
