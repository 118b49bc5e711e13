"""Slideshows: photos, each from the first mirror that serves it, and a sound where there is one to be had."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gettok.download.backend import NoFile, Try
from gettok.download.file_types import named, photo_suffix, sound_suffix
from gettok.download.hosts import joined
from gettok.download.mirrors import PASSING, first_to_serve
from gettok.download.page_parser import strings
from gettok.download.transfer import Transfer
from gettok.download.web import LineFault, Visit
from gettok.errors import RETRYABLE, Unusable
from gettok.http.json_guards import to_list, to_mapping
from gettok.media import MediaFacts, probe
from gettok.step import Json

#: TikTok takes 35; more than this is no slideshow of anybody's.
MOST_PHOTOS = 200
_MOST_PHOTO_BYTES = 50_000_000


@dataclass(frozen=True)
class Slides:
    """The addresses of a slideshow: of each photo its mirrors, and of the sound if the page names one."""

    photos: list[list[str]]
    sound: str | None


def slides_of(shown: Mapping[str, Json], page_url: str) -> Slides | None:
    """None for a video. Raises `Unusable` for a slideshow whose page does not name each photo's address.

    A slideshow also has a `video` object, at times with addresses in it; so the photos are what is looked at.
    """
    if not shown.get("imagePost"):
        return None
    images = to_list(to_mapping(shown["imagePost"]).get("images"))
    if len(images) > MOST_PHOTOS:
        raise Unusable("too_large", f"more than {MOST_PHOTOS} photos")
    mirrors = [strings(to_mapping(to_mapping(image).get("imageURL")).get("urlList")) for image in images]
    if not mirrors or not all(mirrors):
        raise Unusable("no_address", "a slideshow without an address for each photo")
    sounds = strings([to_mapping(shown.get("music")).get("playUrl")])
    photos = [[joined(page_url, url) for url in urls] for urls in mirrors]
    return Slides(photos, joined(page_url, sounds[0]) if sounds else None)


class Album:
    """A folder that a slideshow is brought into."""

    def __init__(self, visit: Visit, referer: str, folder: Path) -> None:
        self._visit, self._referer, self._folder = visit, referer, folder

    def bring(self, slides: Slides, attempt: Try) -> str | None:
        """Fetch all files; gives back why there is no sound, if the page names one.

        The sound comes first: a sound that may yet be served is worth another visit, and then no photo was fetched in
        vain. One that is refused each time, or is none, does not cost the photos; where the line fails for it to the
        last, the next run asks for all again.
        """
        trouble = None
        try:
            if slides.sound is not None:
                self._sound(slides.sound)
        except Unusable as error:
            if isinstance(error, LineFault):
                raise Unusable("unreachable", f"sound: {error.detail}") from error
            if self._may_come(error, attempt):
                raise
            trouble = str(error)
        for number, mirrors in enumerate(slides.photos):
            first_to_serve(mirrors, partial(self._photo, number))
        return trouble

    def _may_come(self, trouble: Unusable, attempt: Try) -> bool:
        """Whether another visit of this run may bring the sound."""
        is_new = isinstance(trouble, NoFile) and not attempt.damaged
        return (
            is_new or trouble.reason in PASSING
        ) and attempt.number + 1 < self._visit.download.max_attempts

    def _sound(self, url: str) -> None:
        path = self._folder / "sound"
        try:
            self._fetch(url, path, self._visit.download.max_bytes)
            named(path, sound_suffix(path), "a sound")
        finally:
            path.unlink(missing_ok=True)

    def _photo(self, number: int, url: str) -> None:
        path = self._folder / f"{number:03}"
        self._fetch(url, path, _MOST_PHOTO_BYTES)
        named(path, photo_suffix(path), "a photo")

    def _fetch(self, url: str, path: Path, most: int) -> None:
        path.unlink(missing_ok=True)
        left = self._visit.download.max_bytes - sum(file.stat().st_size for file in self._folder.iterdir())
        Transfer(self._visit, url, path, self._referer, min(most, left), None).run()


def judged(folder: Path) -> tuple[MediaFacts, str | None]:
    """Facts of the slideshow in the folder, and why its sound is left out, if it does not decode."""
    try:
        return probe(folder), None
    except Unusable as trouble:
        sound = next(folder.glob("sound.*"), None)
        if sound is None or trouble.reason in RETRYABLE:
            raise
        sound.unlink()
        return probe(folder), str(trouble)
