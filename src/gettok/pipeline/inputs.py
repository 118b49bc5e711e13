"""What stages read from each other's tables: the videos in order, with their files and frames."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gettok.media import MediaFile
from gettok.media.clip import ClipSource
from gettok.media.images import StoredFrames
from gettok.pipeline.answering import Day, Skipped
from gettok.pipeline.outputs import changed_files, media_folder, output
from gettok.step import Item, digest_of
from gettok.tables import FRAMES, MEDIA, VIDEOS


class FrameName(NamedTuple):
    """A frame: its index, the digest of its JPEG, and its time; a photo has no time."""

    frame_index: int
    sha256: str
    time_s: float | None


class Video(NamedTuple):
    """A video of the study, with the day that names its partition."""

    video_id: str
    day: str
    username: str


def videos(only: Collection[str] | None = None) -> list[Video]:
    """Every video of the study, or `only` these, in order of day and id."""
    table = _dated_videos(["username"])
    if only is not None:
        table = table.filter(pl.col("video_id").is_in(list(only)))
    rows = table.select("video_id", "day", pl.col("username").fill_null("")).rows()
    return [Video(*row) for row in rows]


def ids_by_day() -> dict[str, list[str]]:
    """The ids of each day's videos, in order of day and id."""
    return {day: rows["video_id"].to_list() for day, rows in _by_day(_dated_videos([])).items()}


def _dated_videos(columns: Sequence[str]) -> pl.DataFrame:
    """The videos with their days and these columns, in order of day and id."""
    table = VIDEOS.read(output("videos"), ["video_id", "created_at", *columns])
    dated = table.with_columns(pl.col("created_at").dt.date().cast(pl.String).alias("day"))
    return dated.sort("day", "video_id").select("video_id", "day", *columns)


def _by_day(dated: pl.DataFrame) -> dict[str, pl.DataFrame]:
    by_day = dated.partition_by("day", maintain_order=True, include_key=False, as_dict=True)
    return {str(day): rows for (day,), rows in by_day.items()}


def rows_digest(rows: pl.DataFrame) -> str:
    """SHA-256 of a frame's rows, in their order."""
    written = BytesIO()
    rows.write_ndjson(written)
    return hashlib.sha256(written.getbuffer()).hexdigest()


def media_days() -> Iterator[Day]:
    """The videos of each day with their files, or `Skipped` those that have none."""
    media = MEDIA.read(output("media.parquet"), ["video_id", "file", "sha256"])
    videos = _dated_videos([])
    rows = videos.join(media, on="video_id", maintain_order="left")
    assert rows.height == videos.height, "the table of media has every video"
    for day, of_day in _by_day(rows).items():
        yield Day(day, rows_digest(of_day), partial(_media_entries, day, of_day))


def _media_entries(day: str, rows: pl.DataFrame) -> Iterator[Item[MediaFile] | Skipped]:
    for video_id, file, digest in rows.iter_rows():
        if digest is None:
            yield Skipped(video_id, day, "no_media")
        else:
            yield Item(video_id, day, {"media": digest}, _media_file(file, digest))


def media_files() -> dict[str, MediaFile | None]:
    """The file of each video that was asked for; None if there is none."""
    rows = MEDIA.read(output("media.parquet"), ["video_id", "file", "sha256"]).rows()
    return {
        video_id: None if digest is None else _media_file(file, digest) for video_id, file, digest in rows
    }


def _media_file(name: str, digest: str) -> MediaFile:
    return MediaFile(str(media_folder() / name), digest)


def clip_sources() -> dict[str, ClipSource]:
    """The media of each video that has any."""
    columns = ["video_id", "file", "sha256", "duration_s", "kind", "audio_track"]
    rows = MEDIA.read(output("media.parquet"), columns).drop_nulls("sha256").rows()
    return {
        video_id: ClipSource(_media_file(file, digest), seconds, kind == "video", track is not None)
        for video_id, file, digest, seconds, kind, track in rows
    }


def changed_captions() -> list[Path]:
    """The files of captions that are not what `dvc.lock` records. No table has their digests, as it has of media."""
    media = {Path(file.path) for file in media_files().values() if file is not None}
    beside = [path for path in sorted(media_folder().glob("*")) if path.is_file() and path not in media]
    return changed_files(media_folder(), beside)


def frames_of_day(day: str) -> Mapping[str, list[FrameName]]:
    """The frames of each of a day's videos, in order."""
    columns = ["video_id", "frame_index", "sha256", "time_s"]
    table = FRAMES.read(output("frames") / f"{day}.parquet", columns).drop_nulls("sha256")
    frames: dict[str, list[FrameName]] = {}
    for video_id, *name in table.sort("video_id", "frame_index").rows():
        frames.setdefault(video_id, []).append(FrameName(*name))
    return frames


def frames_digest(frames: Sequence[FrameName]) -> str:
    """The digest of what some frames show; it does not depend on their times."""
    return digest_of([(frame.frame_index, frame.sha256) for frame in frames])


def stored_frames(day: str, video_id: str, frames: list[FrameName]) -> StoredFrames:
    """A reference to some frames of a video."""
    return StoredFrames(
        str(output("frames") / f"{day}.parquet"),
        video_id,
        tuple(frame.frame_index for frame in frames),
    )
