"""The media of one video: where they are, whether they are still what they were, and their facts."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gettok.errors import BadInput, Damaged
from gettok.media.photo_formats import PHOTO_SUFFIXES
from gettok.step import digest_of
from gettok.store.blobs import file_digest


@dataclass(frozen=True)
class MediaFile:
    """A file, or for a slideshow a folder of photos with a sound, and the digest that answers about it depend on."""

    path: str
    sha256: str

    @staticmethod
    def of(path: Path) -> "MediaFile":
        """The media at a path, with the digest of the bytes that they have now."""
        return MediaFile(str(path), _digest(path))

    def check(self) -> None:
        """Raises `Damaged` if the bytes do not match the digest, and `BadInput` if there is no file.

        Every step calls this before it uses the media. DVC and the store look only at a file's size and time.
        """
        try:
            if _digest(Path(self.path)) != self.sha256:
                raise self._damaged("does not match its digest")
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise self._damaged(f"cannot be read ({error.strerror})") from error

    @property
    def video_id(self) -> str:
        return Path(self.path).stem

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

    @property
    def length(self) -> int:
        """The bytes of all files; 0 if there are none."""
        return sum(file.stat().st_size for file in self._files().values() if file.is_file())

    def send(self) -> "SentMedia":
        """The media with their bytes. Raises as `check` does."""
        self.check()
        files = {name: file.read_bytes() for name, file in self._files().items()}
        return SentMedia(Path(self.path).name, self.sha256, files)

    def _files(self) -> dict[str, Path]:
        """Each file by its name within the folder; that of a video has none."""
        path = Path(self.path)
        return {file.name: file for file in path.iterdir()} if self.is_slideshow else {"": path}

    def _damaged(self, how: str) -> Damaged:
        return Damaged(
            f"video {self.video_id}: {self.path} {how}",
            "stopped before anything was made from it; the answers about other videos are kept",
            f"{media_remedy(self.path)}. `gettok store verify --deep` lists all such files, and what was made "
            "from them",
        )

    def _missing(self) -> BadInput:
        return BadInput(
            f"video {self.video_id}: {self.path} is missing",
            "stopped before anything was asked about it; the answers about other videos are kept",
            "run `dvc repro download`, or `dvc pull download` if the media come from a remote",
        )


@dataclass(frozen=True)
class SentMedia:
    """Media with the bytes of each file, as `MediaFile.send` names them. They keep their name, and so their format."""

    name: str
    sha256: str
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def bytes_sent(self) -> int:
        return sum(map(len, self.files.values()))

    @contextmanager
    def received(self) -> Iterator[MediaFile]:
        """The media in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="gettok-") as folder:
            path = Path(folder) / self.name
            if "" not in self.files:
                path.mkdir()
            for name, data in self.files.items():
                (path / name).write_bytes(data)
            yield MediaFile(str(path), self.sha256)


def slideshow_digest(files: Mapping[str, str]) -> str:
    """The digest of a slideshow, from the digest of each of its files by name."""
    return digest_of(dict(files))


def media_remedy(path: str) -> str:
    """What a person can do if the bytes of media, or of captions beside them, have changed."""
    return (
        f"delete all links to it: `gettok store drop --video {Path(path).stem} --stage download`, then "
        f"`{deletion(path)}`; fetch it again with `dvc repro download`, or with `dvc pull download` and "
        "`gettok store refill`"
    )


def deletion(path: str) -> str:
    """The command that deletes a file, or the files of a folder, in the workspace and in DVC's cache.

    Both are links to the same bytes, so DVC would take damaged bytes out of its cache again.
    """
    return f'find {path} -type f -exec find "$(dvc cache dir)" -samefile {{}} -delete \\; -delete'


def _digest(path: Path) -> str:
    if path.is_dir():
        return slideshow_digest({file.name: file_digest(file) for file in path.iterdir()})
    return file_digest(path)


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
    is_mirrored: bool
    pixel_aspect_ratio: float | None
    color_primaries: str | None
    color_transfer: str | None
    color_space: str | None
    color_range: str | None
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
