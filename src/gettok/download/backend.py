"""What a backend is given and what it returns.

A backend is a module of `gettok.download.backends` with a function `open_backend(download, site, pace)` that returns a
`Backend`, and a line in `DOWNLOAD_BACKENDS`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from gettok.download.captions import FetchedCaptions
from gettok.download.hosts import Site
from gettok.download.pace import Pace
from gettok.errors import Unusable
from gettok.http.page_labels import NOTHING_SAID, PageAiLabel
from gettok.media import MediaFacts
from gettok.settings import Download
from gettok.settings.registries import DOWNLOAD_BACKENDS
from gettok.step import Json

#: Every backend asks for the page under a username of this form; TikTok finds a video by its id alone.
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,24}")
_VIDEO_ID = re.compile(r"[0-9]{1,20}")

#: The name of a video's only file; a slideshow's files are named by their position, such as `000.jpg`, and `sound.m4a`.
MEDIA = "media"


@dataclass(frozen=True)
class VideoLink:
    """Where to find a video. Id and username come from outside and go into URLs and file names.

    `files` is the digest of its files that its answer's key has, if they were on this machine already.
    """

    video_id: str
    username: str
    files: str | None = None

    @property
    def name(self) -> str:
        """The id, once its form has been checked. Raises `Unusable`: no_address."""
        if not _VIDEO_ID.fullmatch(self.video_id):
            raise Unusable("no_address", f"{self.video_id[:40]!r} is not the id of a video")
        return self.video_id

    def page_url(self, pages: str) -> str:
        """The URL of its page. A username that TikTok would not allow becomes `_`, which finds the video too."""
        username = self.username if _USERNAME.fullmatch(self.username) else "_"
        return f"{pages}/@{username}/video/{self.name}"


@dataclass(frozen=True)
class DownloadResult:
    """Complete files that decode, and how they were found; a field is None where the backend does not report it."""

    facts: MediaFacts
    files: Mapping[str, Path]
    status_code: int | None = None
    status_msg: str | None = None
    chosen: Mapping[str, Json] | None = None
    page: bytes | None = None
    ai_label: PageAiLabel = NOTHING_SAID
    captions: FetchedCaptions | None = None


class NoPage(Unusable):
    """The page could not be read or reached: this is about us and the moment, not about the video."""


class NoFile(Unusable):
    """A URL from the page has no file behind it; a fresh page may name others."""


class Attempt(NamedTuple):
    """How many attempts came before this one, and in how many of them the file was damaged or missing."""

    number: int
    damaged: int


class Backend(Protocol):
    """One way to fetch a video."""

    def check(self) -> None:
        """Raises `BadSettings` if it cannot fetch anything with these settings."""
        ...

    def digest(self, link: VideoLink) -> str | None:
        """What the answer depends on besides the video's id; None if nothing else is known beforehand."""
        ...

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:
        """Fetch the video once, into the empty folder `to`.

        Raises `Unusable`, its subclass `NoPage`, `NoSpace`, and `Damaged` for files that are not those of the link.
        """
        ...

    def close(self) -> None:
        """End the processes that it has started."""


def open_backend(download: Download, site: Site, pace: Pace) -> Backend:
    """The backend of the settings."""
    module = DOWNLOAD_BACKENDS[download.backend].load_from("gettok.download.backends")
    backend: Backend = module.open_backend(download, site, pace)
    return backend
