"""Encodes a picture as JPEG: upright, scaled down, and with the same bytes on every machine."""

import io
from dataclasses import dataclass
from typing import Any

from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

#: Without the last two, FFmpeg may round differently on another processor.
_EXACT = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


@dataclass(frozen=True)
class Jpeg:
    """One picture of a video, its size in pixels, and its 64-bit perceptual hash if one is wanted."""

    index: int
    data: bytes
    width: int
    height: int
    phash: int | None


@dataclass(frozen=True)
class Encoder:
    """Makes JPEGs with no edge longer than `longest_edge`, and none larger than the picture was."""

    longest_edge: int
    quality: int
    hashes: bool
    """Whether to compute the perceptual hash, which takes as long as the JPEG."""

    def of_frame(self, index: int, frame: Any, scaler: VideoReformatter) -> Jpeg:
        """From a frame of FFmpeg, which knows its rotation.

        A scaler belongs to one thread. It is passed in because its setup for a size takes as long as scaling a picture.
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
        phash = _phash(image) if self.hashes else None
        return Jpeg(index, file.getvalue(), image.width, image.height, phash)

    def _fitted(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1, self.longest_edge / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


def _phash(image: Image.Image) -> int:
    import imagehash  # noqa: PLC0415 -- imports scipy, for a setting that is usually off

    return int(str(imagehash.phash(image)), 16)
