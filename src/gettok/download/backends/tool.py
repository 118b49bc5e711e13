"""The backends `ytdlp` and `pyktok`: a foreign downloader fetches the file, and we judge what it brought.

Neither tells why a video is not there: to pyktok private, removed and slideshow look alike, and yt-dlp has one message
for all meanings of status 10204. So when one fails, the page itself is asked once, and a slideshow that it shows is
fetched by our own reader. Captions are ours to fetch too, as no tool tells a recogniser's from a translation; yt-dlp
says whether there are any, and pyktok does not.
"""

import re
import tempfile
from pathlib import Path

from gettok.download.backend import MEDIA, DownloadResult, NoFile, NoPage, Try, VideoLink
from gettok.download.backends.page import ByPage
from gettok.download.captions import Captions, Fetched
from gettok.download.disk_space import room
from gettok.download.worker_pool import Children
from gettok.errors import Unusable
from gettok.media import probe
from gettok.step import Json
from gettok.store.blobs import no_space

#: What a tool's error means: looked for in this order in its type and text.
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


class ByTool:
    """A foreign downloader, run in processes of its own."""

    def __init__(self, tool: str, page: ByPage) -> None:
        self._tool, self._page = tool, page
        self._site, self._download, self._pace = page.site, page.download, page.pace
        self._children = Children(tool, page.site.pages, page.download.max_bytes)

    def check(self) -> None:
        """Raises `BadSettings` for pages that are not TikTok's."""
        self._page.check()

    def digest(self, link: VideoLink) -> str | None:
        return self._page.digest(link)

    def fetch(self, link: VideoLink, to: Path, attempt: Try) -> DownloadResult:
        url = link.address(self._site.pages)
        try:
            told = self._run(url, to)
            media = to / MEDIA
            return DownloadResult(
                probe(media),
                {MEDIA: media},
                chosen=told.get("chosen"),
                page=_page(told),
                captions=self._captions(told, link, to),
            )
        except Unusable as trouble:
            if trouble.reason != "too_large" and (
                slideshow := self._page.slideshow(link, _emptied(to), attempt)
            ):
                return slideshow
            if trouble.reason == "unreadable":
                raise NoPage(trouble.reason, trouble.detail) from trouble
            raise

    def close(self) -> None:
        self._children.close()

    def _run(self, url: str, to: Path) -> dict[str, Json]:
        """The tool chooses addresses itself, and tells none of them before it asks: so one job has one turn."""
        self._pace.wait(self._site.host(url))
        with (
            room(to, 0, self._download.keep_free_bytes),
            tempfile.TemporaryDirectory(prefix="gettok-", dir=to.parent) as folder,
        ):
            told = self._children.run(url, Path(folder), self._download.timeout_s)
            if "error" in told:
                raise self._meaning(told["error"], to)
            brought = sorted(Path(folder).iterdir())
            if not brought:
                raise Unusable("no_address", f"{self._tool} brought nothing")
            brought[0].replace(to / MEDIA)
        return told

    def _meaning(self, error: str, to: Path) -> Exception:
        if "No space left" in error or "quota exceeded" in error:
            return no_space(to)
        reason = next((reason for sign, reason in _MEANINGS if re.search(sign, error)), "unreachable")
        # how far a broken transfer came is another number each time
        told = "the connection broke off" if reason == "truncated" else error
        is_absent = reason == "no_address" and "HTTP Error" in error
        return (NoFile if is_absent else Unusable)(reason, f"{self._tool}: {told}")

    def _captions(self, told: dict[str, Json], link: VideoLink, to: Path) -> Fetched | None:
        if not told.get("has_captions"):
            return None
        try:
            return self._page.captions(link, to)
        except Unusable as trouble:
            return Fetched(Captions("", "", "", ""), None, str(trouble))


def _emptied(folder: Path) -> Path:
    """Without what the tool brought, which was no good."""
    (folder / MEDIA).unlink(missing_ok=True)
    return folder


def _page(told: dict[str, Json]) -> bytes | None:
    page = told.get("page")
    return page.encode() if isinstance(page, str) else None
