"""What stages read from each other's tables: the videos in order, with their files and frames."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from gettok.media import MediaFile
from gettok.media.images import StoredFrames
from gettok.pipeline.answering import Skipped
from gettok.pipeline.paths import DATA
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


def videos() -> list[Video]:
    """Every video of the study, in order of day and id."""
    table = VIDEOS.read(DATA / "videos", ["video_id", "created_at", "username"])
    days = table.with_columns(pl.col("created_at").dt.date().cast(pl.String).alias("day"))
    rows = days.sort("day", "video_id").select("video_id", "day", pl.col("username").fill_null("")).rows()
    return [Video(*row) for row in rows]


def media_items() -> Iterator[Item[MediaFile] | Skipped]:
    """Each video with its file, or `Skipped` if it has none."""
    rows = MEDIA.read(DATA / "media.parquet", ["video_id", "file", "sha256"]).rows()
    files = {video_id: (file, digest) for video_id, file, digest in rows}
    for video in videos():
        file, digest = files[video.video_id]
        if digest is None:
            yield Skipped(video.video_id, video.day, "no_media")
        else:
            content = MediaFile(str(DATA / "media" / file), digest)
            yield Item(video.video_id, video.day, {"media": digest}, content)


def frames_by_video() -> dict[str, list[FrameName]]:
    """The frames of each video, in order."""
    columns = ["video_id", "frame_index", "sha256", "time_s"]
    table = FRAMES.read(DATA / "frames", columns).drop_nulls("sha256").sort("video_id", "frame_index")
    frames: dict[str, list[FrameName]] = {}
    for video_id, *name in table.rows():
        frames.setdefault(video_id, []).append(FrameName(*name))
    return frames


def frames_digest(frames: Sequence[FrameName]) -> str:
    """The digest of what some frames show; it does not depend on their times."""
    return digest_of([(frame.frame_index, frame.sha256) for frame in frames])


def stored_frames(video: Video, frames: list[FrameName]) -> StoredFrames:
    """A reference to some frames of a video."""
    return StoredFrames(
        str(DATA / "frames" / f"{video.day}.parquet"),
        video.video_id,
        tuple(frame.frame_index for frame in frames),
    )
