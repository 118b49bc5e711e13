"""Takes the frames of one video: what runs in a child process, and needs nothing but the file and the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gettok.errors import Unusable
from gettok.frames import by_index, exact, photos
from gettok.frames.by_index import Untrusted
from gettok.frames.choosing import chosen
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import read_timetable
from gettok.media import MediaFile
from gettok.settings import Frames


@dataclass(frozen=True)
class Taken:
    """The frames of one video, with the second at which each is shown; a photo has none."""

    decoded_by: str
    """Who decoded them: the backend of the settings, or `pyav` where that cannot be trusted with the file."""
    frames: tuple[tuple[Jpeg, float | None], ...]
    left_out: tuple[int, ...]
    """Indices that were looked at and left out, each for being much like the frame kept before it."""


def take(content: MediaFile, frames: Frames) -> Taken:
    """Raises `Unusable`: not_a_video, truncated, undecodable, too_large, no_frames."""
    encoder = Encoder(frames.longest_edge, frames.jpeg_quality, compares=frames.min_hash_distance is not None)
    if content.is_slideshow:
        kept, left_out = _kept(photos.take(content.photos, encoder), frames)
        return Taken("pillow", tuple((jpeg, None) for jpeg in kept), left_out)
    path = Path(content.path)
    timetable = read_timetable(path)
    indices = chosen(path, timetable, frames)
    if frames.min_hash_distance is None:
        indices = indices[: frames.max_frames]
    decoded_by: str = frames.backend
    try:
        kept, left_out = _kept(by_index.take(decoded_by, path, timetable, indices, encoder), frames)
    except Untrusted:
        decoded_by = "pyav"
        kept, left_out = _kept(exact.take(path, timetable, indices, encoder), frames)
    return Taken(decoded_by, tuple((jpeg, timetable.seconds(jpeg.index)) for jpeg in kept), left_out)


def _kept(found: Iterator[Jpeg], frames: Frames) -> tuple[list[Jpeg], tuple[int, ...]]:
    """As many as are wanted and differ from the one kept before, and the indices of those left out."""
    kept: list[Jpeg] = []
    left_out = []
    for jpeg in found:
        if kept and _is_alike(kept[-1], jpeg, frames.min_hash_distance):
            left_out.append(jpeg.index)
            continue
        kept.append(jpeg)
        if len(kept) == frames.max_frames:
            break
    if not kept:
        raise Unusable("no_frames", "nothing to take a frame from")
    return kept, tuple(left_out)


def _is_alike(one: Jpeg, other: Jpeg, most: int | None) -> bool:
    if most is None or one.likeness is None or other.likeness is None:
        return False
    return (one.likeness ^ other.likeness).bit_count() <= most
