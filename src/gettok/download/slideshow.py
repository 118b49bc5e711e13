"""Fetches slideshows: each photo from the first mirror that serves it, and the sound if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gettok.download.backend import Attempt, NoFile
from gettok.download.file_types import photo_suffix, sound_suffix
from gettok.download.hosts import absolute_url
from gettok.download.mirrors import TRANSIENT, first_to_serve
from gettok.download.transfer import Transfer
from gettok.download.web import ConnectionFault, Visit
from gettok.errors import RETRYABLE, Unusable
from gettok.http.json_guards import to_list, to_mapping, to_texts
from gettok.media import MediaFacts
from gettok.media.probing import probe
from gettok.step import Json

#: TikTok allows 35 photos; a page with more than this is not a real slideshow.
MAX_PHOTOS = 200
_MAX_PHOTO_BYTES = 50_000_000


@dataclass(frozen=True)
class Slides:
    """The URLs of a slideshow: the mirrors of each photo, and the sound if the page names one."""

    photos: list[list[str]]
    sound: str | None


def slides_of(video: Mapping[str, Json], page_url: str) -> Slides | None:
    """None for a video. Raises `Unusable` for a slideshow whose page does not have a URL for each photo.

    A slideshow has a `video` object too, sometimes with URLs in it, so `imagePost` decides.
    """
    if not video.get("imagePost"):
        return None
    images = to_list(to_mapping(video["imagePost"]).get("images"))
    if len(images) > MAX_PHOTOS:
        raise Unusable("too_large", f"more than {MAX_PHOTOS} photos")
    mirrors = [to_texts(to_mapping(to_mapping(image).get("imageURL")).get("urlList")) for image in images]
    if not mirrors or not all(mirrors):
        raise Unusable("no_address", "a slideshow without an address for each photo")
    sounds = to_texts([to_mapping(video.get("music")).get("playUrl")])
    photos = [[absolute_url(page_url, url) for url in urls] for urls in mirrors]
    return Slides(photos, absolute_url(page_url, sounds[0]) if sounds else None)


class SlideshowFetcher:
    """Fetches the files of one slideshow into a folder."""

    def __init__(self, visit: Visit, referer: str, folder: Path) -> None:
        self._visit, self._referer, self._folder = visit, referer, folder

    def fetch(self, slides: Slides, attempt: Attempt) -> str | None:
        """Fetch all files; returns why there is no sound although the page names one.

        The sound comes first: if it may be served later, another visit is worthwhile, and no photo has been fetched
        for nothing yet. A sound that is refused each time or is not a sound does not fail the slideshow. If the
        connection fails for it to the last, the slideshow is unusable, and the next run asks for all of it again.
        """
        trouble = None
        try:
            if slides.sound is not None:
                self._sound(slides.sound)
        except Unusable as error:
            if isinstance(error, ConnectionFault):
                raise Unusable("unreachable", f"sound: {error.detail}") from error
            if self._may_succeed_later(error, attempt):
                raise
            trouble = str(error)
        for number, mirrors in enumerate(slides.photos):
            first_to_serve(mirrors, partial(self._photo, number))
        return trouble

    def _may_succeed_later(self, trouble: Unusable, attempt: Attempt) -> bool:
        """Whether another visit in this run may get the sound."""
        is_new = isinstance(trouble, NoFile) and not attempt.damaged
        is_last = attempt.number + 1 >= self._visit.download.max_attempts
        return (is_new or trouble.reason in TRANSIENT) and not is_last

    def _sound(self, url: str) -> None:
        path = self._folder / "sound"
        try:
            self._fetch(url, path, self._visit.download.max_bytes)
            path.rename(path.with_suffix(sound_suffix(path)))
        finally:
            path.unlink(missing_ok=True)

    def _photo(self, number: int, url: str) -> None:
        path = self._folder / f"{number:03}"
        self._fetch(url, path, _MAX_PHOTO_BYTES)
        path.rename(path.with_suffix(photo_suffix(path)))

    def _fetch(self, url: str, path: Path, most: int) -> None:
        path.unlink(missing_ok=True)
        left = self._visit.download.max_bytes - sum(file.stat().st_size for file in self._folder.iterdir())
        Transfer(self._visit, url, path, self._referer, min(most, left), None).run()


def probe_slideshow(folder: Path) -> tuple[MediaFacts, str | None]:
    """Facts of the slideshow in the folder, and why its sound is left out if it does not decode."""
    try:
        return probe(folder), None
    except Unusable as trouble:
        sound = next(folder.glob("sound.*"), None)
        if sound is None or trouble.reason in RETRYABLE:
            raise
        sound.unlink()
        return probe(folder), str(trouble)
