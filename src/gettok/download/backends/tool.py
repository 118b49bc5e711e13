"""The backends `ytdlp` and `pyktok`: another downloader fetches the file, and we check what it brought.

Neither reports why a video is missing: pyktok fails alike for private videos, removed videos and slideshows, and yt-dlp
has one message for all meanings of status 10204. So when one fails, we read the page once ourselves, and our own
backend fetches a slideshow that it shows, or another file if theirs has no sound. We fetch captions ourselves too,
since neither tool tells a speech recogniser's captions from a translation; yt-dlp reports whether there are any, pyktok
does not.
"""

import re
import tempfile
from pathlib import Path

from gettok.download.backend import MEDIA, Attempt, DownloadResult, NoFile, NoPage, VideoLink
from gettok.download.backends.page import PageBackend
from gettok.download.hosts import Site
from gettok.download.mute_files import with_sound_trouble
from gettok.download.pace import Pace
from gettok.download.worker_pool import WorkerPool
from gettok.errors import Unusable
from gettok.media.probing import probe
from gettok.settings import Download
from gettok.step import Json
from gettok.store.disk_space import no_space, require_space

#: What a tool's error means: the first pattern that is found in its type and text.
_MEANINGS = (
    (r"File too large|MemoryError|nothing was downloaded", "too_large"),
    (r"any data blocks", "not_a_video"),
    (r"IncompleteRead|ChunkedEncodingError|more expected|bytes read", "truncated"),
    (r"HTTP Error (404|410)", "no_address"),
    (r"HTTP Error", "unreachable"),
    (r"MissingSchema|No video formats|Requested format is not available", "no_address"),
    (r"^(TypeError|KeyError|JSONDecodeError)|universal data|webpage request|challenge", "unreadable"),
    (r"[Ll]og ?in|cookies", "unreadable"),
)


class ToolBackend:
    """Another downloader, which runs in its own processes."""

    def __init__(self, download: Download, site: Site, pace: Pace) -> None:
        self._download, self._site, self._pace = download, site, pace
        self._page = PageBackend(download, site, pace)
        self._workers = WorkerPool(download.backend, site.pages, download.max_bytes)

    def check(self) -> None:
        """Raises `BadSettings` if the pages are not TikTok's."""
        self._page.check()

    def digest(self, link: VideoLink) -> str | None:
        return self._page.digest(link)

    def fetch(self, link: VideoLink, to: Path, attempt: Attempt) -> DownloadResult:
        url = link.page_url(self._site.pages)
        try:
            reply = self._run(url, to)
            media = to / MEDIA
            result = DownloadResult(
                probe(media),
                {MEDIA: media},
                chosen=reply.get("chosen"),
                page=_page(reply),
            )
            if reply.get("has_captions"):
                result = self._page.with_captions(link, result, to)
        except Unusable as trouble:
            if trouble.reason != "too_large" and (
                slideshow := self._page.slideshow(link, _emptied(to), attempt)
            ):
                return slideshow
            if trouble.reason == "unreadable":
                raise NoPage(trouble.reason, trouble.detail) from trouble
            raise
        if result.facts.has_audio:
            return with_sound_trouble(result)
        return self._page.with_sound(link, result, attempt)

    def close(self) -> None:
        self._workers.close()

    def _run(self, url: str, to: Path) -> dict[str, Json]:
        """Have a worker fetch the video. One job waits for one turn: we cannot see which URLs the tool asks for."""
        self._pace.wait(self._site.host(url))
        with (
            require_space(to, 0, self._download.keep_free_bytes),
            tempfile.TemporaryDirectory(prefix="gettok-", dir=to.parent) as folder,
        ):
            reply = self._workers.run(url, Path(folder), self._download.timeout_s)
            if "error" in reply:
                raise self._meaning(reply["error"], to)
            brought = sorted(Path(folder).iterdir())
            if not brought:
                raise Unusable("no_address", f"{self._download.backend} brought nothing")
            brought[0].replace(to / MEDIA)
        return reply

    def _meaning(self, error: str, to: Path) -> Exception:
        if "No space left" in error or "quota exceeded" in error:
            return no_space(to)
        reason = next((reason for pattern, reason in _MEANINGS if re.search(pattern, error)), "unreachable")
        # the number of bytes before a connection broke off differs each time, and tables must not
        detail = "the connection broke off" if reason == "truncated" else error
        is_absent = reason == "no_address" and "HTTP Error" in error
        return (NoFile if is_absent else Unusable)(reason, f"{self._download.backend}: {detail}")


def open_backend(download: Download, site: Site, pace: Pace) -> ToolBackend:
    return ToolBackend(download, site, pace)


def _emptied(folder: Path) -> Path:
    """The folder without the unusable file that the tool brought."""
    (folder / MEDIA).unlink(missing_ok=True)
    return folder


def _page(reply: dict[str, Json]) -> bytes | None:
    page = reply.get("page")
    return page.encode() if isinstance(page, str) else None
