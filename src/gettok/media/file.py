"""The media of one video: where they are, and their facts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gettok.media.photo_formats import PHOTO_SUFFIXES


@dataclass(frozen=True)
class MediaFile:
    """A file, or for a slideshow a folder of photos with a sound, and the digest that answers about it depend on."""

    path: str
    sha256: str

    @property
    def is_slideshow(self) -> bool:
        return Path(self.path).is_dir()

    @property
    def photos(self) -> tuple[Path, ...]:
        """The photos of a slideshow in the order in which they are shown; none for a video."""
        if not self.is_slideshow:
            return ()
        return tuple(
            sorted(path for path in Path(self.path).iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
        )

    @property
    def sound(self) -> Path | None:
        """The file that has the sound; None for a slideshow without sound."""
        if not self.is_slideshow:
            return Path(self.path)
        return next(iter(sorted(Path(self.path).glob("sound.*"))), None)


@dataclass(frozen=True)
class MediaFacts:
    """The facts of complete media that decode; the fields are columns of the table `media`."""

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
    video_tracks: int
    video_track: int | None
    container: str | None
    has_audio: bool
    audio_codec: str | None
    audio_channels: int | None
    sample_rate: int | None
    audio_tracks: int
    audio_track: int | None
    loudness_lufs: float | None
