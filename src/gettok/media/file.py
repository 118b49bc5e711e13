"""Where the media of one video are: a file, or for a slideshow a folder of photos with a sound."""

from dataclasses import dataclass
from pathlib import Path

#: How the names of photos end; the sound's name is `sound` and an ending of its own.
PHOTO_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp"))


@dataclass(frozen=True)
class MediaFile:
    """The media of one video, and the digest that the answers about it depend on."""

    path: str
    sha256: str

    @property
    def is_slideshow(self) -> bool:
        return Path(self.path).is_dir()

    @property
    def photos(self) -> tuple[Path, ...]:
        """The photos of a slideshow, in the order in which they are shown; none of a video."""
        if not self.is_slideshow:
            return ()
        return tuple(
            sorted(path for path in Path(self.path).iterdir() if path.suffix.lower() in PHOTO_ENDINGS)
        )

    @property
    def sound(self) -> Path | None:
        """The file to take the sound from; None for a slideshow without any."""
        if not self.is_slideshow:
            return Path(self.path)
        return next(iter(sorted(Path(self.path).glob("sound.*"))), None)
