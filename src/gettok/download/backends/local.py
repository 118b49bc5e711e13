"""The backend `local`: files that you have already, named by the video's id. It makes no request.

`ID.mp4` (or `.mov`, `.m4v`, `.webm`, `.mkv`, in small or capital letters) is a video; a folder `ID` with photos and
perhaps a sound is a slideshow.

Files are copied, with shared blocks where the filesystem can. A hard link would be wrong: the store would change the
permissions of your file, and you could change bytes that the store has promised to keep.
"""

import fcntl
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult, VideoLink
from gettok.download.hosts import Site
from gettok.download.mute_files import with_sound_trouble
from gettok.download.pace import Pace
from gettok.download.slides_folder import Slide, read_folder, read_slide, readable_photos
from gettok.download.slideshow import probe_slideshow
from gettok.errors import BadSettings, Damaged, Unusable
from gettok.media import MediaFacts
from gettok.media.probing import probe
from gettok.settings import Download
from gettok.step import digest_of
from gettok.store.blobs import file_digest
from gettok.store.disk_space import in_words, require_space

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
            return _digest({MEDIA: video} if video else _by_name(self._slides(link)))
        except Unusable:
            return None

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:  # noqa: ARG002 - each attempt reads the same files
        """Only the copies are read, once they are compared with the digest in the answer's key."""
        if video := self._video(link):
            copies = self._copies(link, {MEDIA: video}, to)
            return with_sound_trouble(DownloadResult(probe(copies[MEDIA]), copies))
        slides = self._slides(link)
        copies = self._copies(link, _by_name(slides), to / "copies")
        of_copies = (read_slide(copies[slide.path.name]) if slide.is_there else slide for slide in slides)
        return _slideshow([slide for slide in of_copies if slide], to / "show")

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

    def _copies(self, link: VideoLink, files: Mapping[str, Path], to: Path) -> dict[str, Path]:
        """Copy files by their new names. Raises `Unusable` (too_large), `NoSpace`, and `Damaged` if they changed."""
        total = sum(file.stat().st_size for file in files.values())
        if total > self.download.max_bytes:
            raise Unusable("too_large", f"more than {in_words(self.download.max_bytes)}")
        copies = {name: to / name for name in files}
        with require_space(to, total, self.download.keep_free_bytes):
            to.mkdir(exist_ok=True)
            for name, file in files.items():
                _copy(file, copies[name])
        if link.files not in (None, _digest(copies)):
            raise _changed(link, files)
        return copies


def open_backend(download: Download, _site: Site, _pace: Pace) -> LocalBackend:
    return LocalBackend(download)


def _spellings(suffix: str) -> Iterator[str]:
    """In small and capital letters; to try each is quicker than to list a folder of thousands for each video."""
    return map("".join, product(*zip(suffix, suffix.upper(), strict=True)))


def _by_name(slides: Iterable[Slide]) -> dict[str, Path]:
    """The files that can be opened. The name of a slideshow's file is its place, and stands in the reasons."""
    return {slide.path.name: slide.path for slide in slides if slide.is_there}


def _digest(files: Mapping[str, Path]) -> str:
    return digest_of({name: file_digest(file) for name, file in files.items()})


def _changed(link: VideoLink, files: Mapping[str, Path]) -> Damaged:
    changed = ", ".join(str(file) for file in files.values())
    return Damaged(
        f"video {link.name}: its bytes changed after this run had looked at {changed}",
        "stopped before anything was made from them; the answers about other videos are kept",
        "run `dvc repro` again if you changed the files; if no one did, compare them with a copy: their disk may fail",
    )


def _slideshow(slides: Sequence[Slide], to: Path) -> DownloadResult:
    """Put the slides under their new names into a new folder `to`."""
    photos, sounds = readable_photos(slides), [slide for slide in slides if not slide.is_photo]
    own_names = {f"{number:03}{photo.suffix}": photo.name for number, photo in enumerate(photos)}
    to.mkdir()
    for name, photo in zip(own_names, photos, strict=True):
        photo.path.rename(to / name)
    try:
        facts, sound_trouble = _with_sound(sounds, to)
    except Unusable as trouble:
        name, _, rest = trouble.detail.partition(" ")
        raise Unusable(trouble.reason, f"{own_names.get(name, name)} {rest}") from trouble
    shown = {file.name: file for file in sorted(to.iterdir())}
    return DownloadResult(facts, shown, chosen={"sound_trouble": sound_trouble})


def _with_sound(sounds: Sequence[Slide], to: Path) -> tuple[MediaFacts, str | None]:
    """Facts of the photos with the first sound that decodes, and why each other sound is not used."""
    facts, left_out = None, []
    for sound in sounds:
        if sound.trouble:
            left_out.append(f"{sound.name}: {sound.trouble.detail}")
        elif facts:
            left_out.append(f"{sound.name}: a slideshow has one sound, and another file is taken")
        else:
            sound.path.rename(to / f"sound{sound.suffix}")
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
