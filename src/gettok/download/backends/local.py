"""The backend `local`: files that somebody has already, named by the video's id. Nothing is asked for.

`ID.mp4` (or `.mov`, `.m4v`) is a video, and a folder `ID` with photos and perhaps a sound is a slideshow. Each is
copied, by sharing its bytes where the filesystem can: a hard link would let the store change the permissions of a file
that is not ours, and let its owner change what the store has promised to keep.
"""

import fcntl
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gettok.download.backend import MEDIA, DownloadResult, Try, VideoLink
from gettok.download.disk_space import room
from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.download.slideshow import MOST_PHOTOS, judged
from gettok.errors import BadSettings, Unusable
from gettok.media import probe
from gettok.settings import Download
from gettok.step import digest_of
from gettok.store.blobs import file_digest

_SUFFIXES = (".mp4", ".mov", ".m4v")
_FICLONE = 0x40049409  # linux/fs.h: let two files share their bytes until one changes


@dataclass(frozen=True)
class ByFolder:
    download: Download

    def check(self) -> None:
        """Raises `BadSettings` where there is no such folder."""
        if not self._folder.is_dir():
            raise BadSettings(
                f"download.folder: {self.download.folder!r} is no folder",
                "stopped before looking for any file",
                "name the folder with your files, or choose another download backend",
            )

    def digest(self, link: VideoLink) -> str | None:
        """What the video's files hold, which its answer depends on; None where there are none."""
        try:
            files = self._files(link)
        except Unusable:
            return None
        return digest_of({name: file_digest(file) for name, file in files.items()})

    def fetch(self, link: VideoLink, to: Path, attempt: Try) -> DownloadResult:  # noqa: ARG002 - a folder says the same each time
        files = self._files(link)
        total = sum(file.stat().st_size for file in files.values())
        if total > self.download.max_bytes:
            raise Unusable("too_large", f"more than {self.download.max_bytes} bytes")
        with room(to, total, self.download.keep_free_bytes):
            for name, file in files.items():
                _copy(file, to / name)
        if MEDIA in files:
            return DownloadResult(probe(to / MEDIA), {MEDIA: to / MEDIA})
        facts, damage = judged(to)
        return DownloadResult(
            facts, {file.name: file for file in sorted(to.iterdir())}, chosen={"sound_trouble": damage}
        )

    def close(self) -> None:
        """Nothing runs beside us."""

    @property
    def _folder(self) -> Path:
        return Path(self.download.folder)

    def _files(self, link: VideoLink) -> dict[str, Path]:
        """The video's files under the names that they will have. Raises `Unusable`: no_file."""
        for suffix in _SUFFIXES:
            if (video := self._folder / f"{link.name}{suffix}").is_file():
                return {MEDIA: video}
        found = _slides(self._folder / link.name)
        if not found:
            raise Unusable("no_file", f"no {link.name}.mp4, and no folder {link.name} with photos")
        return found


def _slides(folder: Path) -> dict[str, Path]:
    """Photos in the order of their names' numbers, and the first sound; whatever else is there is passed over."""
    inside = sorted(folder.iterdir(), key=_by_number) if folder.is_dir() else []
    files = [file for file in inside if file.is_file() and not file.name.startswith(".")]
    photos, sounds = _those(files, photo_suffix), _those(files, sound_suffix)
    if len(photos) > MOST_PHOTOS:
        raise Unusable("too_large", f"more than {MOST_PHOTOS} photos")
    named = {f"{number:03}{suffix}": file for number, (file, suffix) in enumerate(photos)}
    return named | {f"sound{suffix}": file for file, suffix in sounds[:1]} if named else {}


def _those(files: list[Path], suffix: Callable[[Path], str | None]) -> list[tuple[Path, str]]:
    return [(file, found) for file in files if (found := suffix(file))]


def _by_number(file: Path) -> tuple[list[int], str]:
    return [int(digits[:18]) for digits in re.findall(r"[0-9]+", file.name)], file.name


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new, _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
