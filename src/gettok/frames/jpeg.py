"""Encodes a picture as JPEG: as a player shows it, scaled down, and with the same bytes on every machine."""

import io
from dataclasses import dataclass
from typing import Any

from av.video.reformatter import VideoReformatter
from PIL import Image

from gettok.media.display import Display, Orientation
from gettok.media.perceptual_hash import perceptual_hash
from gettok.media.srgb import to_srgb


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

    def of_frame(self, index: int, frame: Any, display: Display, scaler: VideoReformatter) -> Jpeg:
        """From a decoded frame. A scaler belongs to one thread (see `to_srgb`)."""
        size = self._fitted(*display.size(frame))
        image = to_srgb(frame, display.colour_of(frame), size, scaler)
        return self.of_image(index, Orientation.of(frame).upright(image))

    def of_large_image(self, index: int, image: Image.Image) -> Jpeg:
        """From an upright RGB picture of any size."""
        size = self._fitted(*image.size)
        return self.of_image(index, image.resize(size, Image.Resampling.LANCZOS))

    def of_image(self, index: int, image: Image.Image) -> Jpeg:
        """From an upright RGB picture that is small enough."""
        file = io.BytesIO()
        image.save(
            file, format="JPEG", quality=self.quality, subsampling="4:2:0", optimize=False, progressive=False
        )
        phash = perceptual_hash(image) if self.hashes else None
        return Jpeg(index, file.getvalue(), image.width, image.height, phash)

    def _fitted(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1, self.longest_edge / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))
