"""The backend `local`: files that you have already, named by the video's id. It makes no request.

`ID.mp4` (or `.mov`, `.m4v`, `.webm`, `.mkv`, in small or capital letters) is a video; a folder `ID` with photos and
perhaps a sound is a slideshow.

Files are copied, with shared blocks where the filesystem can. A hard link would be wrong: the store would change the
permissions of your file, and you could change bytes that the store has promised to keep.
"""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult, VideoLink
from gettok.download.disk_space import require_space
from gettok.download.hosts import Site
from gettok.download.mute_files import with_sound_trouble
from gettok.download.pace import Pace
from gettok.download.slides_folder import Slide, read_folder, readable_photos
from gettok.download.slideshow import probe_slideshow
from gettok.errors import BadSettings, Unusable
from gettok.media import MediaFacts, probe
from gettok.settings import Download
from gettok.step import digest_of
from gettok.store.blobs import file_digest

#: As people name their files; what a file is, its first bytes say.
_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv")
_FICLONE = 0x40049409  # linux/fs.h: let two files share their blocks until one changes


@dataclass(frozen=True)
class LocalBackend:
    download: Download

    def check(self) -> None:
        """Raises `BadSettings` if there is no folder, or nothing in it that can be a video's."""
        if not self._folder.is_dir():
            raise self._wrong_folder("is not a folder")
        if not any(entry.is_dir() or entry.suffix.lower() in _SUFFIXES for entry in self._folder.iterdir()):
            raise self._wrong_folder("has no video and no folder of a slideshow")

    def digest(self, link: VideoLink) -> str | None:
        """A digest of the video's files, which the answer depends on; None if there are none."""
        try:
            video = self._video(link)
            files = [video] if video else [slide.path for slide in self._slides(link) if slide.is_there]
        except Unusable:
            return None
        # the name of a slideshow's file is its place, and stands in the reasons
        return digest_of({MEDIA if file == video else file.name: file_digest(file) for file in files})

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:  # noqa: ARG002 - each attempt reads the same files
        if video := self._video(link):
            with self._room(to, [video]):
                _copy(video, to / MEDIA)
            return with_sound_trouble(DownloadResult(probe(to / MEDIA), {MEDIA: to / MEDIA}))
        slides = self._slides(link)
        photos, sounds = readable_photos(slides), [slide for slide in slides if not slide.is_photo]
        with self._room(to, [slide.path for slide in slides if slide.is_there]):
            return _slideshow(photos, sounds, to)

    def close(self) -> None:
        """It has started no process."""

    def _wrong_folder(self, problem: str) -> BadSettings:
        return BadSettings(
            f"download.folder: {self.download.folder!r} {problem}",
            "stopped before looking for any file",
            "put your files there, name the folder that has them, or choose another download backend",
        )

    @property
    def _folder(self) -> Path:
        return Path(self.download.folder)

    def _video(self, link: VideoLink) -> Path | None:
        names = (f"{link.name}{written}" for suffix in _SUFFIXES for written in _spellings(suffix))
        videos = (self._folder / name for name in names)
        return next((video for video in videos if video.is_file()), None)

    def _slides(self, link: VideoLink) -> list[Slide]:
        """The photos and sounds of the slideshow. Raises `Unusable` if there is no photo: no_file."""
        slides = read_folder(self._folder / link.name)
        if not any(slide.is_photo for slide in slides):
            raise Unusable(
                "no_file", f"no {link.name}.mp4 or other video, and no folder {link.name} with photos"
            )
        return slides

    @contextmanager
    def _room(self, to: Path, files: Sequence[Path]) -> Iterator[None]:
        """A block that copies the files. Raises `Unusable` (too_large) and `NoSpace`."""
        total = sum(file.stat().st_size for file in files)
        if total > self.download.max_bytes:
            raise Unusable("too_large", f"more than {self.download.max_bytes} bytes")
        with require_space(to, total, self.download.keep_free_bytes):
            yield


def open_backend(download: Download, _site: Site, _pace: Pace) -> LocalBackend:
    return LocalBackend(download)


def _spellings(suffix: str) -> Iterator[str]:
    """In small and capital letters; to try each is quicker than to list a folder of thousands for each video."""
    return map("".join, product(*zip(suffix, suffix.upper(), strict=True)))


def _slideshow(photos: Sequence[Slide], sounds: Sequence[Slide], to: Path) -> DownloadResult:
    own_names = {f"{number:03}{photo.suffix}": photo.name for number, photo in enumerate(photos)}
    for name, photo in zip(own_names, photos, strict=True):
        _copy(photo.path, to / name)
    try:
        facts, sound_trouble = _with_sound(sounds, to)
    except Unusable as trouble:
        name, _, rest = trouble.detail.partition(" ")
        raise Unusable(trouble.reason, f"{own_names.get(name, name)} {rest}") from trouble
    copied = {file.name: file for file in sorted(to.iterdir())}
    return DownloadResult(facts, copied, chosen={"sound_trouble": sound_trouble})


def _with_sound(sounds: Sequence[Slide], to: Path) -> tuple[MediaFacts, str | None]:
    """Facts of the photos with the first sound that decodes, and why each other sound is not used."""
    facts, left_out = None, []
    for sound in sounds:
        if sound.trouble:
            left_out.append(f"{sound.name}: {sound.trouble.detail}")
        elif facts:
            left_out.append(f"{sound.name}: a slideshow has one sound, and another file is taken")
        else:
            _copy(sound.path, to / f"sound{sound.suffix}")
            found, damage = probe_slideshow(to)
            if damage:
                left_out.append(f"{sound.name}: {damage}")
            else:
                facts = found
    return facts or probe(to), "; ".join(left_out) or None


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new, _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
