"""The tables of a run, as the release and the report read them."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import polars as pl

from gettok.annotate.human_labels.evaluation import Evaluation, evaluations
from gettok.annotate.human_labels.reading import HumanLabel, read_human_labels
from gettok.books import COUNTED
from gettok.collect.collection import CollectionSummary, collection
from gettok.collect.origin import Origin, SourceKind, origin
from gettok.pipeline.outputs import books_of, output
from gettok.release import Tables
from gettok.settings import Codebook
from gettok.step import Row
from gettok.tables import (
    ANNOTATIONS,
    CAPTIONS,
    CASCADE,
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
from gettok.tables.stored_rows import Rows, StoredRows

_INCOMPLETE = "it was read within 48 hours of its end, when TikTok does not show all videos yet"


def tables(codebook: Codebook) -> Tables:
    """The tables, without pictures and verbatim answers, to be read from their files."""
    return Tables(
        videos=_light(VIDEOS, "videos"),
        media=_light(MEDIA, "media.parquet"),
        transcripts=_light(TRANSCRIPTS, "transcripts"),
        descriptions=_light(DESCRIPTIONS, "descriptions"),
        annotations=_light(ANNOTATIONS, "annotations"),
        pairs=PAIRS.stored(output("comparison") / PAIRS.name),
        captions=_light(CAPTIONS, "captions.parquet"),
        books={stage: books_of(stage) for stage in COUNTED},
        codebook=codebook,
        frames=_light(FRAMES, "frames"),
        screen_texts=_light(SCREEN_TEXTS, "screen_texts"),
        prompt_injection=_light(PROMPT_INJECTION, "prompt_injection.parquet"),
        uncovered=_uncovered(),
    )


def with_history(results: Tables) -> Tables:
    """The same tables, with every count and comment that was read; a release for the team has them, others numbers."""
    return replace(results, counts=_light(COUNTS, "counts"), comments=_light(COMMENTS, "comments"))


def origin_of(kind: SourceKind) -> Origin:
    """Where the videos are from, and how many of those that the source looked at it gave."""
    windows = WINDOWS.read(output("windows.parquet"), ["start", "end", "step", "event", "rows", "candidates"])
    return origin(kind, books_of("collect"), windows)


def collection_of(kind: SourceKind) -> CollectionSummary:
    """The same, with the books of `collect` and the days that are covered."""
    return collection(
        origin_of(kind), books_of("collect"), COVERAGE.read(output("coverage.parquet"), ["state"])
    )


def cascade_rows() -> Rows:
    """The answers of a cascade's small model; none without a cascade."""
    return CASCADE.stored(output("cascade"), ["answer_key", "model", "cost_usd"])


def human_evaluations(path: Path, results: Tables) -> tuple[list[HumanLabel], dict[str, Evaluation]]:
    """People's labels of the study's videos, and the model's values against them; none without the file."""
    if not path.is_file():
        return [], {}
    labelled = pl.col("video_id").is_in({entry.video_id for entry in read_human_labels(path)})
    known = results.rows("videos").filter(labelled).select("video_id").collect()["video_id"]
    given = read_human_labels(path, results.codebook, set(known))
    return given, evaluations(given, results.annotations, results.codebook.variables)


def _uncovered() -> dict[str, str]:
    days = COVERAGE.read(output("coverage.parquet")).filter(pl.col("state").is_in(["gap", "incomplete"]))
    return {str(day): why or _INCOMPLETE for day, why in days.select("day", "why").iter_rows()}


def with_pictures(results: Tables, shown: Collection[str]) -> Tables:
    """The same tables, with the pictures of a few videos."""
    wanted = pl.col("video_id").is_in(sorted(shown))
    columns = [column.name for column in FRAMES.columns if column.name != "answer"]
    rows: list[Row] = []
    for file in sorted(output("frames").glob("*.parquet")):
        rows += pl.scan_parquet(file).filter(wanted).select(columns).collect().to_dicts()
    return replace(results, frames=FRAMES.frame(rows).select(columns))


def _light(table: Table, name: str) -> StoredRows:
    return table.stored(output(name), table.light)
