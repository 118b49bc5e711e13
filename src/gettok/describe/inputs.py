"""What a video is described from."""

from dataclasses import dataclass

from gettok.media.clip import ClipSource
from gettok.media.images import Pictures


@dataclass(frozen=True)
class DescribeInputs:
    """The frames of one video, and the media from which the model gets the video and the sound; None for neither."""

    pictures: Pictures | None
    media: ClipSource | None = None
