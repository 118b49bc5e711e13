"""Extracts the frames of one video. Runs in a child process, and needs nothing but the file and the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from gettok.errors import Unusable
from gettok.frames import photos
from gettok.frames.backend import Untrusted, load_backend
from gettok.frames.backends import pyav
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.selection import select_pictures
from gettok.frames.timetable import read_timetable
from gettok.media import MediaFile
from gettok.settings import Frames


@dataclass(frozen=True)
class ExtractedFrames:
    """The frames of one video, each with the second at which it is shown; photos have none."""

    decoded_by: str
    """The backend of the settings, or `pyav` if its pictures of this file cannot be trusted."""
    frames: tuple[tuple[Jpeg, float | None], ...]
    left_out: tuple[int, ...]
    """Indices of the pictures that were decoded and left out, each because it was like the last kept one."""


def extract(content: MediaFile, frames: Frames, zero: Fraction | None = None) -> ExtractedFrames:
    """`zero` is the zero of the video's clock in the file's own time, the first picture unless it is given.

    Raises `Unusable`: not_a_video, truncated, undecodable, too_large, no_frames.
    """
    encoder = Encoder(frames.longest_edge, frames.jpeg_quality, hashes=frames.min_hash_distance is not None)
    if content.is_slideshow:
        kept, left_out = _distinct(photos.decode(content.photos, encoder), frames)
        return ExtractedFrames("pillow", tuple((jpeg, None) for jpeg in kept), left_out)
    path = Path(content.path)
    timetable = read_timetable(path, zero)
    indices = select_pictures(path, timetable, frames)
    if frames.min_hash_distance is None:
        indices = indices[: frames.max_frames]
    decoded_by = frames.backend
    try:
        kept, left_out = _distinct(load_backend(decoded_by)(path, timetable, indices, encoder), frames)
    except Untrusted:
        decoded_by = "pyav"
        kept, left_out = _distinct(pyav.decode(path, timetable, indices, encoder), frames)
    timed = tuple((jpeg, timetable.seconds(jpeg.index)) for jpeg in kept)
    return ExtractedFrames(decoded_by, timed, left_out)


def _distinct(jpegs: Iterator[Jpeg], frames: Frames) -> tuple[list[Jpeg], tuple[int, ...]]:
    """Up to `max_frames` frames that differ enough from the last kept one, and the indices of those left out."""
    kept: list[Jpeg] = []
    left_out = []
    for jpeg in jpegs:
        if kept and _is_alike(kept[-1], jpeg, frames.min_hash_distance):
            left_out.append(jpeg.index)
            continue
        kept.append(jpeg)
        if len(kept) == frames.max_frames:
            break
    if not kept:
        raise Unusable("no_frames", "nothing to take a frame from")
    return kept, tuple(left_out)


def _is_alike(left: Jpeg, right: Jpeg, min_hash_distance: int | None) -> bool:
    if min_hash_distance is None or left.phash is None or right.phash is None:
        return False
    return (left.phash ^ right.phash).bit_count() < min_hash_distance
