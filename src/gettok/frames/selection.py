"""Selects the pictures of a video that become frames."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.video.reformatter import Interpolation, VideoReformatter

from gettok.frames.timetable import Timetable
from gettok.media.container import decoded_frames, opened, video_stream
from gettok.settings import Frames

#: Pixels of the shorter edge for scene detection: about what PySceneDetect itself scales down to.
_SCENE_EDGE = 144
_EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


def select_pictures(path: Path, timetable: Timetable, frames: Frames) -> Sequence[int]:
    """Indices of pictures in display order, each once. Scene detection decodes the whole video."""
    match frames.select:
        case "stride":
            return range(0, len(timetable.times), frames.stride)
        case "seconds":
            return list(_on_screen(timetable, Fraction(str(frames.every_s))))
        case "scenes":
            return scene_starts(path, timetable, frames.scene_threshold)


def _on_screen(timetable: Timetable, every_s: Fraction) -> Iterator[int]:
    """The pictures on screen at 0, every_s, 2 · every_s … seconds; one that is shown for longer comes once.

    Before the first picture is shown, that picture counts as on screen.
    """
    times, step = timetable.times, every_s / timetable.unit
    moment, last = timetable.zero / timetable.unit, -1
    while moment < max(timetable.end, times[-1] + 1):
        index = max(0, bisect_right(times, moment) - 1)
        if index > last:
            yield index
        # if a picture is shown for long, go straight to the first moment at which another is on screen
        following = times[index + 1] if index + 1 < len(times) else timetable.end
        moment += step * max(1, -((moment - following) // step))
        last = index


def scene_starts(path: Path, timetable: Timetable, threshold: float) -> list[int]:
    """The first picture, and each at which PySceneDetect's content detector sees a cut. Raises `Unusable`."""
    from scenedetect import FrameTimecode  # noqa: PLC0415 -- imports OpenCV, which only this selection needs
    from scenedetect.detectors import ContentDetector  # noqa: PLC0415

    detector = ContentDetector(threshold=threshold)
    cuts = []
    clock = FrameTimecode(0, 30.0)  # only its count of pictures is used; any rate will do
    for index, picture in _small_pictures(path, timetable):
        clock = FrameTimecode(index, 30.0)
        cuts += detector.process_frame(clock, picture)
    cuts += detector.post_process(clock)
    return sorted({0, *(cut.frame_num for cut in cuts)})


def _small_pictures(path: Path, timetable: Timetable) -> Iterator[tuple[int, object]]:
    """Every picture in BGR, scaled down to one size; those that do not decode are skipped."""
    scaler, size = VideoReformatter(), None
    with opened(path) as file:
        stream = video_stream(file)
        for frame in decoded_frames(file.demux(stream)):
            index = bisect_left(timetable.times, frame.pts or 0)
            if index < len(timetable.times) and timetable.times[index] == frame.pts:
                size = size or _small_size(frame)  # pictures may change their size midway
                small = scaler.reformat(frame, *size, "bgr24", interpolation=_EXACT, threads=1)
                yield index, small.to_ndarray()


def _small_size(frame: Any) -> tuple[int, int]:
    scale = min(1, _SCENE_EDGE / min(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
