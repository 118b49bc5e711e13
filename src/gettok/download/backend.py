"""What goes into a backend and what comes out of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from gettok.download.captions import Fetched
from gettok.errors import Unusable
from gettok.media import MediaFacts
from gettok.step import Json

#: Every backend asks for the file under a name of this form; TikTok finds a video by its id alone.
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,24}")
_VIDEO_ID = re.compile(r"[0-9]{1,20}")

#: The name of a video's only file; a slideshow's files are named by their place, such as `000.jpg`, and `sound.m4a`.
MEDIA = "media"


@dataclass(frozen=True)
class VideoLink:
    """Where to find a video. Both parts come from outside and go into addresses and file names."""

    video_id: str
    username: str

    @property
    def name(self) -> str:
        """The id, once it is known to be one."""
        if not _VIDEO_ID.fullmatch(self.video_id):
            raise Unusable("no_address", f"{self.video_id[:40]!r} is not the id of a video")
        return self.video_id

    def address(self, pages: str) -> str:
        """The address of its page. A name that TikTok would not give out becomes `_`, which finds the video too."""
        username = self.username if _USERNAME.fullmatch(self.username) else "_"
        return f"{pages}/@{username}/video/{self.name}"


@dataclass(frozen=True)
class DownloadResult:
    """Files that are whole and decode, with what is known of how they came; None where the backend does not tell."""

    facts: MediaFacts
    files: Mapping[str, Path]
    status_code: int | None = None
    status_msg: str | None = None
    chosen: Mapping[str, Json] | None = None
    page: bytes | None = None
    captions: Fetched | None = None


class NoPage(Unusable):
    """The page itself could not be read or reached: about us and the moment, not about the video."""


class NoFile(Unusable):
    """An address that the page named has no file behind it; a fresh page may name others."""


class Try(NamedTuple):
    """How often a video was tried before, and how often of these its file arrived damaged or was not there."""

    number: int
    damaged: int


class Backend(Protocol):
    """One way to fetch a video."""

    def check(self) -> None:
        """Raises `BadSettings` where it cannot fetch anything as it is set up."""
        ...

    def digest(self, link: VideoLink) -> str | None:
        """What the video's answer depends on beside its id; None where nothing else is known beforehand."""
        ...

    def fetch(self, link: VideoLink, to: Path, attempt: Try) -> DownloadResult:
        """Fetch into the empty folder `to`, once; `attempt` says how often that was tried.

        Raises `Unusable`, `NoPage` as a kind of it, and `NoSpace`.
        """
        ...

    def close(self) -> None:
        """End what runs beside us."""
