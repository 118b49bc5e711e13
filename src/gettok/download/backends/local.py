"""The backend `local`: files that you have already, named by the video's id. It makes no request.

`ID.mp4` (or `.mov`, `.m4v`, `.webm`, `.mkv`) is a video; a folder `ID` with photos and perhaps a sound is a slideshow.
Files are copied, with shared blocks where the filesystem can. A hard link would be wrong: the store would change the
permissions of your file, and you could change bytes that the store has promised to keep.
"""

import fcntl
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult, VideoLink
from gettok.download.disk_space import require_space
from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.download.hosts import Site
from gettok.download.pace import Pace
from gettok.download.slideshow import MAX_PHOTOS, probe_slideshow
from gettok.errors import BadSettings, Unusable
from gettok.media import probe
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
        """Raises `BadSettings` if the folder does not exist."""
        if not self._folder.is_dir():
            raise BadSettings(
                f"download.folder: {self.download.folder!r} is not a folder",
                "stopped before looking for any file",
                "name the folder with your files, or choose another download backend",
            )

    def digest(self, link: VideoLink) -> str | None:
        """A digest of the video's files, which the answer depends on; None if there are none."""
        try:
            files = self._files(link)
        except Unusable:
            return None
        return digest_of({name: file_digest(file) for name, file in files.items()})

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:  # noqa: ARG002 - each attempt reads the same files
        files = self._files(link)
        total = sum(file.stat().st_size for file in files.values())
        if total > self.download.max_bytes:
            raise Unusable("too_large", f"more than {self.download.max_bytes} bytes")
        with require_space(to, total, self.download.keep_free_bytes):
            for name, file in files.items():
                _copy(file, to / name)
        if MEDIA in files:
            return DownloadResult(probe(to / MEDIA), {MEDIA: to / MEDIA})
        facts, sound_trouble = probe_slideshow(to)
        copied = {file.name: file for file in sorted(to.iterdir())}
        return DownloadResult(facts, copied, chosen={"sound_trouble": sound_trouble})

    def close(self) -> None:
        """It has started no process."""

    @property
    def _folder(self) -> Path:
        return Path(self.download.folder)

    def _files(self, link: VideoLink) -> dict[str, Path]:
        """The video's files under the names that they will have. Raises `Unusable`: no_file."""
        for suffix in _SUFFIXES:
            if (video := self._folder / f"{link.name}{suffix}").is_file():
                return {MEDIA: video}
        slides = _slides(self._folder / link.name)
        if not slides:
            raise Unusable(
                "no_file", f"no {link.name}.mp4 or other video, and no folder {link.name} with photos"
            )
        return slides


def open_backend(download: Download, _site: Site, _pace: Pace) -> LocalBackend:
    return LocalBackend(download)


def _slides(folder: Path) -> dict[str, Path]:
    """Photos in the order of the numbers in their names, and the first sound; other files are ignored."""
    inside = sorted(folder.iterdir(), key=_by_number) if folder.is_dir() else []
    files = [file for file in inside if file.is_file() and not file.name.startswith(".")]
    photos, sounds = _with_suffix(files, photo_suffix), _with_suffix(files, sound_suffix)
    if len(photos) > MAX_PHOTOS:
        raise Unusable("too_large", f"more than {MAX_PHOTOS} photos")
    slides = {f"{number:03}{suffix}": file for number, (file, suffix) in enumerate(photos)}
    return slides | {f"sound{suffix}": file for file, suffix in sounds[:1]} if slides else {}


def _with_suffix(files: list[Path], suffix_of: Callable[[Path], str | None]) -> list[tuple[Path, str]]:
    """The files of one type, each with the suffix that its first bytes call for."""
    return [(file, suffix) for file in files if (suffix := suffix_of(file))]


def _by_number(file: Path) -> tuple[list[int], str]:
    return [int(digits[:18]) for digits in re.findall(r"[0-9]+", file.name)], file.name


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new, _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
