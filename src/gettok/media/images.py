"""The frames that a model is shown: small references that can be sent to a worker, which then loads the bytes."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import polars as pl

from gettok.errors import BadInput, Damaged
from gettok.media.file import deletion
from gettok.step import Row

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """One frame as JPEG, with its position in the video; a slideshow's photo has no time."""

    frame_index: int
    time_s: float | None
    jpeg: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, by the header of the JPEG."""
        from PIL import Image  # noqa: PLC0415 - of no use where all answers are known

        return Image.open(io.BytesIO(self.jpeg)).size


class Pictures(Protocol):
    """A reference to the frames of one video."""

    def load(self) -> list[Picture]:
        """The frames in display order; an empty list if there are none."""
        ...


@dataclass(frozen=True)
class GivenPictures:
    """Frames that are already in memory."""

    pictures: tuple[Picture, ...]

    @property
    def bytes_sent(self) -> int:
        return sum(len(picture.jpeg) for picture in self.pictures)

    @contextmanager
    def received(self) -> Iterator["GivenPictures"]:
        """Themselves, as they are in memory."""
        yield self

    def load(self) -> list[Picture]:
        return list(self.pictures)


@dataclass(frozen=True)
class StoredFrames:
    """Frames of one video in a file of the table `frames`: all of them, or those with the given indices."""

    parquet: str
    video_id: str
    frame_indices: tuple[int, ...] | None = None

    @property
    def length(self) -> int:
        """How many frames there are, if they are named."""
        return len(self.frame_indices or ())

    def send(self) -> GivenPictures:
        """The frames with their bytes. Raises as `load` does."""
        return GivenPictures(tuple(self.load()))

    def load(self) -> list[Picture]:
        """Raises `Damaged` if a JPEG does not have the digest in the table, which the answer's key depends on."""
        rows = self._rows()
        for row in rows:
            if hashlib.sha256(row["jpeg"]).hexdigest() != row["sha256"]:
                raise Damaged(
                    f"{self.parquet}: frame {row['frame_index']} of video {self.video_id} does not match its digest",
                    "stopped before it was sent to a model",
                    frames_remedy(self.parquet),
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
                frames_remedy(self.parquet),
            ) from error


def frames_remedy(parquet: str) -> str:
    """What a person can do about a damaged file of the table `frames`."""
    return (
        f"delete all links to the file, `{deletion(parquet)}`; then run `dvc repro extract_frames`, or "
        "`dvc pull extract_frames` if the frames come from a remote"
    )


def thin_out(pictures: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly spread from the first to the last; the middle one if only one is wanted."""
    if len(pictures) <= most:
        return list(pictures)
    if most == 1:
        return [pictures[len(pictures) // 2]]
    return [pictures[round(i * (len(pictures) - 1) / (most - 1))] for i in range(most)]
