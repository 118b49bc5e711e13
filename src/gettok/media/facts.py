"""What the media of one video are, as the table `media` shows it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MediaFacts:
    """What a whole and decodable file is; the fields are the columns of the table `media`."""

    kind: Literal["video", "slideshow"]
    duration_s: float
    frame_count: int
    frame_rate: float | None
    is_constant_rate: bool | None
    bit_rate: int | None
    width: int
    height: int
    rotation: int
    video_codec: str | None
    has_audio: bool
    audio_codec: str | None
    audio_channels: int | None
    sample_rate: int | None
    loudness_lufs: float | None
