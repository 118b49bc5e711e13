"""One video in all tables, read by its id: of a table by day, the file of the day when the video was published."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from gettok.annotate.human_labels.reading import HumanLabel, read_human_labels
from gettok.collect.ids import day_of
from gettok.errors import BadInput
from gettok.pipeline.outputs import files_of_day, is_made, output
from gettok.pipeline.paths import HUMAN_LABELS
from gettok.pipeline.recorded_settings import recorded_settings
from gettok.pipeline.unknown_video import unknown_video, why_rejected
from gettok.report.video_record import VideoRecord
from gettok.step import Row
from gettok.tables import (
    ANNOTATIONS,
    CAPTIONS,
    COMMENTS,
    COUNTS,
    DESCRIPTIONS,
    FRAMES,
    MEDIA,
    PAIRS,
    PROMPT_INJECTION,
    SCREEN_TEXTS,
    TRANSCRIPTS,
    USERS,
    VIDEOS,
    Table,
)


class TableSource(NamedTuple):
    """Where a table is under `data/`, and the stage that makes it."""

    table: Table
    path: str
    stage: str


#: Every table with rows of single videos, by its name; the videos first, since they have the day.
SOURCES: Mapping[str, TableSource] = MappingProxyType(
    {
        source.table.name: source
        for source in (
            TableSource(VIDEOS, "videos", "tabulate"),
            TableSource(COUNTS, "counts", "tabulate"),
            TableSource(COMMENTS, "comments", "tabulate"),
            TableSource(MEDIA, "media.parquet", "download"),
            TableSource(CAPTIONS, "captions.parquet", "download"),
            TableSource(FRAMES, "frames", "extract_frames"),
            TableSource(TRANSCRIPTS, "transcripts", "transcribe"),
            TableSource(DESCRIPTIONS, "descriptions", "describe"),
            TableSource(SCREEN_TEXTS, "screen_texts", "describe"),
            TableSource(ANNOTATIONS, "annotations", "annotate"),
            TableSource(PROMPT_INJECTION, "prompt_injection.parquet", "annotate"),
            TableSource(PAIRS, "comparison/pairs", "compare_transcripts"),
        )
    }
)


def lookup(video_id: str) -> VideoRecord:
    """All that the tables have of the video, whichever of them exist. Raises `BadInput` if none has it."""
    tables: dict[str, list[Row]] = {}
    not_made: dict[str, str] = {}
    for name, source in SOURCES.items():
        rows = _rows(source, video_id, _day(tables), source.table.light)
        if rows is None:
            not_made[name] = source.stage
        else:
            tables[name] = rows
    if not any(tables.values()):
        raise unknown_video(video_id, tables)
    tables[USERS.name] = _author(tables.get(VIDEOS.name) or [])
    left_out = why_rejected(video_id) if tables.get(VIDEOS.name) == [] else None
    return VideoRecord(video_id, tables, not_made, *_human_labels(video_id), left_out)


def frame_images(record: VideoRecord) -> dict[int, bytes]:
    """The JPEG of each of a video's frames, by the frame's index."""
    columns = ("frame_index", "image")
    rows = _rows(SOURCES[FRAMES.name], record.video_id, _day(record.tables), columns) or []
    return {row["frame_index"]: row["image"]["bytes"] for row in rows if row["image"] is not None}


def _day(tables: Mapping[str, Sequence[Row]]) -> str | None:
    """The day that names the video's file in each table by day; None if no video was found."""
    return f"{videos[0]['created_at']:%Y-%m-%d}" if (videos := tables.get(VIDEOS.name)) else None


def _rows(source: TableSource, video_id: str, day: str | None, columns: Sequence[str]) -> list[Row] | None:
    """The video's rows in the table's order, variables in the codebook's; None if the table does not exist."""
    if not is_made(source.path):
        return None
    for paths in _places(source.path, video_id, day):
        found = (source.table.find(output(path), pl.col("video_id") == video_id, columns) for path in paths)
        if rows := [row for of_file in found for row in of_file]:
            return _in_codebook_order(rows) if "variable" in rows[0] else rows
    return []


def _in_codebook_order(rows: Sequence[Row]) -> list[Row]:
    """By the codebook of the run that made them; without a record of it, by name."""
    variables = list(recorded_settings("annotate").get("codebook", {}).get("variables", {}))
    order = {name: place for place, name in enumerate(variables)}
    return sorted(rows, key=lambda row: (order.get(row["variable"], len(order)), row["variable"]))


def _places(path: str, video_id: str, day: str | None) -> Iterator[list[str]]:
    """Where the video's rows may be, the likeliest files first.

    Without the day of publication, it is the day on which the id was created; but a video may be published days later.
    """
    if path.endswith(".parquet"):
        yield [path]
        return
    yield files_of_day(path, day or str(day_of(video_id)))
    if day is None:
        yield [path]


def _author(videos: Sequence[Row]) -> list[Row]:
    if not videos or videos[0]["username"] is None or not is_made("users.parquet"):
        return []
    return USERS.find(output("users.parquet"), pl.col("username") == videos[0]["username"], USERS.light)


def _human_labels(video_id: str) -> tuple[list[HumanLabel], str | None]:
    """The labels that people gave the video, or why the table of them cannot be read."""
    if not HUMAN_LABELS.is_file():
        return [], None
    try:
        entries = read_human_labels(HUMAN_LABELS)
    except BadInput as error:
        return [], error.what
    return [entry for entry in entries if entry.video_id == video_id], None
