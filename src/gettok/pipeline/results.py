"""The tables of a run, as the release and the report read them."""

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from gettok.books import COUNTED, Books
from gettok.pipeline.paths import DATA
from gettok.release import Tables
from gettok.step import Row
from gettok.tables import (
    CAPTIONS,
    COVERAGE,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAIRS,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    STANCES,
    TRANSCRIPTS,
    VIDEOS,
    Table,
)

_INCOMPLETE = "it was read within 48 hours of its end, when TikTok does not show all videos yet"
_HEAVY = {"image", "answer"}


def tables() -> Tables:
    """The tables, without pictures and verbatim answers, which may not fit into memory."""
    return Tables(
        videos=VIDEOS.read(DATA / "videos"),
        media=_light(MEDIA, "media.parquet"),
        transcripts=_light(TRANSCRIPTS, "transcripts"),
        descriptions=_light(DESCRIPTIONS, "descriptions"),
        stances=_light(STANCES, "stances"),
        pairs=PAIRS.read(DATA / "comparison" / "pairs.parquet"),
        captions=CAPTIONS.read(DATA / "captions.parquet"),
        books={stage: Books.read(DATA / "books" / f"{stage}.json") for stage in COUNTED},
        frames=_light(FRAMES, "frames"),
        screen_texts=_light(SCREEN_TEXTS, "screen_texts"),
        prompt_injection=_light(PROMPT_INJECTION, "prompt_injection.parquet"),
        uncovered=_uncovered(),
    )


def _uncovered() -> dict[str, str]:
    days = COVERAGE.read(DATA / "coverage.parquet").filter(pl.col("state").is_in(["gap", "incomplete"]))
    return {str(day): why or _INCOMPLETE for day, why in days.select("day", "why").iter_rows()}


def with_pictures(results: Tables, shown: Collection[str]) -> Tables:
    """The same tables, with the pictures of a few videos."""
    wanted = pl.col("video_id").is_in(sorted(shown))
    columns = [column.name for column in FRAMES.columns if column.name != "answer"]
    rows: list[Row] = []
    for file in sorted((DATA / "frames").glob("*.parquet")):
        rows += pl.scan_parquet(file).filter(wanted).select(columns).collect().to_dicts()
    return replace(results, frames=FRAMES.frame(rows).select(columns))


def _light(table: Table, name: str) -> pl.DataFrame:
    columns = [column.name for column in table.columns if column.name not in _HEAVY]
    return table.read(DATA / name, columns)
