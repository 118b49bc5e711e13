"""Pictures on their way to a model: small references that can be sent to a worker, and the bytes when it asks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import polars as pl

from gettok.errors import BadInput, Damaged
from gettok.step import Row

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """One frame as JPEG, with its place in the video; a photo of a slideshow has no time."""

    frame_index: int
    time_s: float | None
    jpeg: bytes


class Pictures(Protocol):
    """Where the frames of one video are."""

    def load(self) -> list[Picture]:
        """The frames in the order of the video; empty if there are none."""
        ...


@dataclass(frozen=True)
class GivenPictures:
    """Frames that are in memory already."""

    pictures: tuple[Picture, ...]

    def load(self) -> list[Picture]:
        return list(self.pictures)


@dataclass(frozen=True)
class StoredFrames:
    """Frames of one video in a file of the `frames` table: all, or those of the given indices."""

    parquet: str
    video_id: str
    frame_indices: tuple[int, ...] | None = None

    def load(self) -> list[Picture]:
        """Raises `Damaged` if a JPEG is not the one whose digest the table, and so the answer's key, holds."""
        rows = self._rows()
        for row in rows:
            if hashlib.sha256(row["jpeg"]).hexdigest() != row["sha256"]:
                raise Damaged(
                    f"{self.parquet}: frame {row['frame_index']} of video {self.video_id} is not what its digest says",
                    "stopped before it was sent to a model",
                    "delete the file and run `dvc repro extract_frames`, or `dvc pull` it again",
                )
        return [Picture(row["frame_index"], row["time_s"], row["jpeg"]) for row in rows]

    def _rows(self) -> list[Row]:
        mine = (pl.col("video_id") == self.video_id) & pl.col("sha256").is_not_null()
        if self.frame_indices is not None:
            mine &= pl.col("frame_index").is_in(list(self.frame_indices))
        jpeg = pl.col("image").struct.field("bytes").alias("jpeg")
        frames = pl.scan_parquet(self.parquet).filter(mine).sort("frame_index")
        try:
            return frames.select("frame_index", "time_s", "sha256", jpeg).collect().to_dicts()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise BadInput(
                f"{self.parquet} cannot be read as the table frames: {error}",
                "stopped before the video was described",
                "run `dvc repro extract_frames`, or `dvc pull` if the frames come from a remote",
            ) from error


def thin_out(pictures: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly spread from the first to the last; if one, the middle one."""
    if len(pictures) <= most:
        return list(pictures)
    if most == 1:
        return [pictures[len(pictures) // 2]]
    return [pictures[round(i * (len(pictures) - 1) / (most - 1))] for i in range(most)]
