"""Takes pictures by index through decord, OpenCV or torchcodec, and checks the time that each says it is shown at.

None of them is right about every file: decord shows what an edit list hides and miscounts open GOPs, OpenCV repeats
its last picture where a file ends early and seeks wrongly at a variable rate, torchcodec does not turn pictures. A
picture whose time is not the timetable's raises `Untrusted`, and so does a file of a kind that the library is known to
fail on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from gettok.errors import BadSettings
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.timetable import Timetable
from gettok.media import opened, pictures_of

#: Pictures decoded before they are made small, so that memory does not grow with their number.
_AT_ONCE = 8
_MODULES = {"pyav": "av", "decord": "decord", "opencv": "cv2", "torchcodec": "torchcodec.decoders"}


class Untrusted(Exception):
    """What the library gives cannot be relied on for this file."""


class _Shown(NamedTuple):
    """An upright RGB picture, and when the library says it is shown: in seconds of the file's clock."""

    time_s: float
    picture: np.ndarray[Any, Any]


_Reader = Callable[[Path, Timetable, Sequence[int]], Iterator[_Shown]]


def require(backend: str) -> None:
    """Raises `BadSettings` if the library cannot be loaded."""
    try:
        import_module(_MODULES[backend])
    except (ImportError, OSError, RuntimeError) as error:
        needs = " with FFmpeg 4, 5, 6 or 7 where the system finds it" if backend == "torchcodec" else ""
        raise BadSettings(
            f"frames.backend is {backend}, which cannot be loaded: {str(error).strip().splitlines()[0]}",
            "stopped before any video was decoded",
            f"install {backend}{needs}, or choose the backend pyav, which brings its own FFmpeg",
        ) from error


def take(
    backend: str, path: Path, timetable: Timetable, indices: Sequence[int], encoder: Encoder
) -> Iterator[Jpeg]:
    """The pictures in the order of the indices. Raises `Untrusted` in place of the first that may be wrong."""
    if backend not in READERS:
        raise Untrusted(f"{backend} does not read by index")
    reader, scaler = READERS[backend](path, timetable, indices), VideoReformatter()
    for index, shown in zip(indices, reader, strict=True):
        _check_time(timetable, index, shown.time_s)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown.picture), format="rgb24")
        yield encoder.of_frame(index, frame, scaler)


def _check_time(timetable: Timetable, index: int, time_s: float) -> None:
    """The time must be nearer to this picture's than to any other's."""
    near = timetable.times[max(0, index - 1) : index + 2]
    gap_s = min((float((b - a) * timetable.unit) for a, b in pairwise(near)), default=1.0)
    if abs(time_s - float(timetable.times[index] * timetable.unit)) >= gap_s / 2:
        raise Untrusted(f"picture {index} comes with the time of another")


def _by_decord(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[_Shown]:
    import decord  # noqa: PLC0415 -- loads its own copy of FFmpeg, as the two below do

    if not timetable.is_plain:
        raise Untrusted("an edit list or an open GOP")
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path.resolve()), ctx=decord.cpu(0), num_threads=1)
        if len(reader) < len(timetable.times):
            raise Untrusted(f"{len(reader)} of {len(timetable.times)} pictures")
        for batch in _batches(indices):
            times = reader.get_frame_timestamp(batch)[:, 0]
            yield from map(_Shown, times.tolist(), reader.get_batch(batch).asnumpy())
    except (decord.DECORDError, RuntimeError) as error:
        raise Untrusted("decord fails") from error


def _by_opencv(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[_Shown]:
    """Picture after picture, since it seeks by an average rate; what lies between is decoded and not converted."""
    import cv2  # noqa: PLC0415

    reader = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    start_s = float(timetable.times[0] * timetable.unit)
    place = -1
    try:
        for index in indices:
            while place < index and reader.grab():
                place += 1
            is_there, picture = reader.retrieve()
            if place < index or not is_there:
                raise Untrusted(f"only {place} pictures can be reached")
            time_s = start_s + reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
            yield _Shown(time_s, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    except cv2.error as error:
        raise Untrusted("OpenCV fails") from error
    finally:
        reader.release()


def _by_torchcodec(path: Path, timetable: Timetable, indices: Sequence[int]) -> Iterator[_Shown]:
    from torchcodec.decoders import VideoDecoder  # noqa: PLC0415

    if not timetable.is_plain or _is_turned(path):
        raise Untrusted("an edit list, an open GOP, or a rotation")
    try:
        decoder = VideoDecoder(str(path.resolve()), dimension_order="NHWC", num_ffmpeg_threads=1)
        for batch in _batches(indices):
            shown = decoder.get_frames_at(batch)
            yield from map(_Shown, shown.pts_seconds.tolist(), shown.data.numpy())
    except (RuntimeError, IndexError, ValueError) as error:
        raise Untrusted("torchcodec fails") from error


def _batches(indices: Sequence[int]) -> Iterator[list[int]]:
    return (list(indices[start : start + _AT_ONCE]) for start in range(0, len(indices), _AT_ONCE))


def _is_turned(path: Path) -> bool:
    with opened(path) as file:
        frame = next(file.decode(pictures_of(file)), None)
        return frame is None or round(frame.rotation / 90) % 4 != 0


READERS: Mapping[str, _Reader] = MappingProxyType(
    {"decord": _by_decord, "opencv": _by_opencv, "torchcodec": _by_torchcodec}
)
