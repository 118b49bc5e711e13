"""A video as it is to be expected, in place of those whose frames and texts are not made yet: typical, and the largest.

What a call sends beside them, the prompt and the schema, is known. Lengths are stated: most TikToks last well under a
minute, and the longest that can be recorded in the app ten; 150 words a minute is ordinary speech, six bytes a word
with its blank; a caption has at most 4,000 characters (TikTok's Help Center).
"""

import io
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from PIL import Image

from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.describe.inputs import DescribeInputs
from gettok.describe.step import DescribeStep
from gettok.media import MediaFile
from gettok.media.clip import ClipSource
from gettok.media.images import GivenPictures, Picture
from gettok.settings import Frames, Settings

_BYTES_SPOKEN_A_SECOND = 150 * 6 / 60
#: Of the videos that many hosts of the app record.
_FRAMES_A_SECOND = 30


@dataclass(frozen=True)
class _Lengths:
    """Seconds of a video, and bytes of its texts but for what is spoken."""

    seconds: int
    description: int
    on_screen: int
    caption: int


_TYPICAL = _Lengths(seconds=30, description=400, on_screen=100, caption=150)
_LARGEST = _Lengths(seconds=600, description=1500, on_screen=2000, caption=4000)


#: Seconds of a typical video.
TYPICAL_S = _TYPICAL.seconds


def typical_frames(frames: Frames) -> int:
    """How many frames are taken of a typical video."""
    return _frame_count(frames, TYPICAL_S)


def typical_content(step: DescribeStep | AnnotateStep, settings: Settings) -> Any:
    """What a step gets of a typical video."""
    return _content(step, settings, _TYPICAL)


def largest_content(step: DescribeStep | AnnotateStep, settings: Settings) -> Any:
    """What a step gets of a video of the largest size that is to be expected."""
    return _content(step, settings, _LARGEST)


def _content(step: DescribeStep | AnnotateStep, settings: Settings, lengths: _Lengths) -> Any:
    shown = min(_frame_count(settings.frames, lengths.seconds), settings.llm.max_frames)
    picture = _picture(settings.frames.longest_edge)
    pictures = GivenPictures(tuple(Picture(place, float(place), picture) for place in range(shown)))
    media = ClipSource(MediaFile("", ""), lengths.seconds, has_video=True, has_sound=True)
    if isinstance(step, DescribeStep):
        return DescribeInputs(pictures if "frames" in settings.llm.sees else None, media)
    spoken = "x" * round(lengths.seconds * _BYTES_SPOKEN_A_SECOND)
    description, on_screen, caption = (
        "x" * length for length in (lengths.description, lengths.on_screen, lengths.caption)
    )
    given = AnnotationInputs(spoken, description, on_screen, caption, pictures, media=media)
    return given.only(step.group.inputs)


def _frame_count(frames: Frames, seconds: int) -> int:
    """The frames of a video; a scene is taken for as long as the seconds between frames would be."""
    every_s = frames.stride / _FRAMES_A_SECOND if frames.select == "stride" else frames.every_s
    return max(1, min(frames.max_frames, ceil(seconds / every_s)))


@cache
def _picture(longest_edge: int) -> bytes:
    """An upright JPEG of the size that videos are scaled down to."""
    file = io.BytesIO()
    Image.new("L", (max(1, longest_edge * 9 // 16), longest_edge)).save(file, "JPEG")
    return file.getvalue()
