"""A picture as JPEG: turned upright, made smaller, and the same bytes on every machine."""

import io
from dataclasses import dataclass
from typing import Any

from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

#: Without the last two, FFmpeg may round differently on another kind of processor.
_EXACT = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


@dataclass(frozen=True)
class Jpeg:
    """One picture of a video, its size in pixels, and the 64 bits that pictures are compared by."""

    index: int
    data: bytes
    width: int
    height: int
    likeness: int | None


@dataclass(frozen=True)
class Encoder:
    """Makes JPEGs with no edge longer than `longest_edge`, and none larger than the picture was."""

    longest_edge: int
    quality: int
    compares: bool
    """Whether the bits to compare by are wanted too; they take as long as the JPEG."""

    def of_frame(self, index: int, frame: Any, scaler: VideoReformatter) -> Jpeg:
        """From a frame of FFmpeg, which says how a player turns it.

        The scaler belongs to one thread; what it works out for one size takes as long as a picture, and it keeps it.
        """
        width, height = self._fitted(frame.width, frame.height)
        small: Any = scaler.reformat(frame, width, height, "rgb24", interpolation=_EXACT, threads=1)
        image = Image.fromarray(small.to_ndarray())
        turn = _TURNS.get(round(frame.rotation / 90) % 4)
        return self.of_image(index, image if turn is None else image.transpose(turn))

    def of_image(self, index: int, image: Image.Image) -> Jpeg:
        """From an upright RGB picture that is small enough."""
        file = io.BytesIO()
        image.save(
            file, format="JPEG", quality=self.quality, subsampling="4:2:0", optimize=False, progressive=False
        )
        likeness = _likeness(image) if self.compares else None
        return Jpeg(index, file.getvalue(), image.width, image.height, likeness)

    def _fitted(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1, self.longest_edge / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


def _likeness(image: Image.Image) -> int:
    import imagehash  # noqa: PLC0415 -- brings scipy, for a setting that is mostly off

    return int(str(imagehash.phash(image)), 16)
