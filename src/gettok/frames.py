"""Takes every n-th picture out of a video, decoding no more of it than that needs.

decord reads by index, right for a variable frame rate and for rotation, and wrong without a word in two cases: it shows
pictures that an edit list hides, and where pictures are shown before the key frame that they follow in the file (an
open GOP) it skips them and miscounts. So the file's own timetable, read from its packets without decoding, says which
pictures there are, when, and whether decord can be trusted; if not, PyAV takes each picture by its time.
"""

import hashlib
import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from gettok.errors import Unusable
from gettok.media import MediaFile, check_shape, opened, pictures_of
from gettok.settings import Frames
from gettok.step import Answer, Blob, Json, Row, Workers

#: Pictures decoded before they are made small, so that memory does not grow with their number.
_AT_ONCE = 8
_KEYS_BACK = 4

Picture = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Timetable:
    """When each picture is shown, in order of display, in the stream's own unit."""

    times: Sequence[int]
    keys: Sequence[int]
    """Times of the key frames, from which decoding can begin; only what is shown later can be decoded from there."""
    unit: Fraction
    is_plain: bool
    """Whether every picture is shown, and shown after the key frame that it follows in the file."""

    def seconds(self, index: int) -> float:
        """Seconds after the first picture, to the millisecond."""
        return round(float((self.times[index] - self.times[0]) * self.unit), 3)


@dataclass(frozen=True)
class FramesStep:
    """Frames 0, stride, 2 · stride … of one file as JPEG, at most `max_frames` of them."""

    frames: Frames
    stage = "extract_frames"
    version = 1
    workers = Workers("threads", 2)

    @property
    def settings(self) -> Mapping[str, Json]:
        return self.frames.model_dump()

    def open(self) -> None:
        import decord  # noqa: PLC0415 -- loads its own copy of FFmpeg

        decord.logging.set_level(decord.logging.QUIET)

    def ask(self, content: MediaFile) -> Answer:
        """Raises `Unusable`: undecodable, truncated, not_a_video, too_large."""
        path = Path(content.path)
        timetable = read_timetable(path)
        indices = range(0, len(timetable.times), self.frames.stride)[: self.frames.max_frames]
        take = _by_index if timetable.is_plain else _by_time
        frames, blobs = [], {}
        for index, picture in zip(indices, take(path, timetable, indices), strict=True):
            small = fitted(picture, self.frames.longest_edge)
            jpeg = as_jpeg(small, self.frames.jpeg_quality)
            blobs[str(index)] = Blob.of_bytes(jpeg)
            frames.append(_facts(index, timetable.seconds(index), small, jpeg))
        return Answer({"frames": frames}, blobs)

    def read(self, answer: Answer) -> list[Row]:
        return [
            {**frame, "jpeg": answer.blobs[str(frame["frame_index"])].read()}
            for frame in answer.body["frames"]
        ]


def read_timetable(path: Path) -> Timetable:
    """The times at which the file shows its pictures, without decoding one. Raises `Unusable` as `probe` does."""
    check_shape(path)
    with opened(path) as file:
        stream = pictures_of(file)
        try:
            packets = [packet for packet in file.demux(stream) if packet.pts is not None]
        except av.FFmpegError as error:
            raise Unusable("undecodable", str(error.strerror)) from error
        return _timetable(packets, stream.time_base)


def _timetable(packets: Sequence[Any], unit: Fraction) -> Timetable:
    keys = sorted(packet.pts for packet in packets if packet.is_keyframe)
    times = sorted(
        packet.pts for packet in packets if keys and not packet.is_discard and packet.pts >= keys[0]
    )
    if not times:
        raise Unusable("undecodable", "no picture in it")
    followed = accumulate((packet.pts if packet.is_keyframe else keys[0] for packet in packets), max)
    leads = any(packet.pts < key for packet, key in zip(packets, followed, strict=True))
    return Timetable(times, keys, unit, is_plain=not leads and len(times) == len(packets))


def _by_index(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[Picture]:
    import decord  # noqa: PLC0415

    try:
        reader = decord.VideoReader(str(path.resolve()), ctx=decord.cpu(0), num_threads=0)
        if len(reader) < len(timetable.times):
            raise Unusable("undecodable", f"{len(reader)} of {len(timetable.times)} pictures can be reached")
        for start in range(0, len(indices), _AT_ONCE):
            yield from reader.get_batch(list(indices[start : start + _AT_ONCE])).asnumpy()
    except (decord.DECORDError, RuntimeError) as error:
        raise Unusable("undecodable", _last_words(error)) from error


def _last_words(error: Exception) -> str:
    """Decord's own words, without the time of day and the source line that it puts before them."""
    return str(error).strip().splitlines()[0].rpartition("] ")[2].rpartition(": ")[2]


def _by_time(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[Picture]:
    with opened(path) as file:
        stream = pictures_of(file)
        for index in indices:
            try:
                frame = _shown_at(file, stream, timetable.keys, timetable.times[index])
            except av.FFmpegError as error:
                raise Unusable("undecodable", str(error.strerror)) from error
            yield np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)


def _shown_at(file: Any, stream: Any, keys: Sequence[int], time: int) -> Any:
    """The very picture of that time; a key frame further back is tried when the nearest seeks past it."""
    near = bisect_right(keys, time)
    for key in reversed(keys[max(0, near - _KEYS_BACK) : near]):
        file.seek(key, stream=stream, backward=True)
        frame = next((frame for frame in file.decode(stream) if (frame.pts or 0) >= time), None)
        if frame is not None and frame.pts == time:
            return frame
    raise Unusable("undecodable", "one of its pictures does not decode")


def fitted(picture: Picture, longest_edge: int) -> Image.Image:
    """The picture, made smaller if an edge is longer than allowed, and never larger."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    scale = longest_edge / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """The same picture gives the same bytes."""
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality, subsampling="4:2:0", optimize=False, progressive=False)
    return file.getvalue()


def _facts(index: int, time_s: float, image: Image.Image, jpeg: bytes) -> Row:
    digest = hashlib.sha256(jpeg).hexdigest()
    return {
        "frame_index": index,
        "time_s": time_s,
        "width": image.width,
        "height": image.height,
        "sha256": digest,
    }
