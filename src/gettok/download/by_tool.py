"""The backends `ytdlp` and `pyktok`: a foreign downloader fetches the file, and we judge what it brought.

Neither tells why a video is not there: to pyktok private, removed and slideshow look alike, and yt-dlp has one message
for all meanings of status 10204. So when one fails, the page itself is asked once.
"""

import re
import tempfile
from pathlib import Path
from typing import Literal

from gettok.download.arrival import Arrival, NoPage, VideoLink
from gettok.download.children import Children
from gettok.download.hosts import Site
from gettok.download.page import addresses, judge, read_page
from gettok.download.web import Visit
from gettok.errors import Unusable
from gettok.media import probe
from gettok.settings import Download
from gettok.step import Json

#: What a tool's error means: looked for in this order in its type and text.
_MEANINGS = (
    (r"File too large|MemoryError|nothing was downloaded", "too_large"),
    (r"IncompleteRead|ChunkedEncodingError|more expected|bytes read", "truncated"),
    (r"HTTP Error (404|410)", "no_address"),
    (r"MissingSchema|No video formats|Requested format is not available", "no_address"),
    (r"^(TypeError|KeyError|JSONDecodeError)|universal data|webpage request|challenge", "unreadable"),
    (r"[Ll]og ?in|cookies", "unreadable"),
)


class ByTool:
    """A foreign downloader, run in processes of its own."""

    def __init__(self, tool: Literal["ytdlp", "pyktok"], site: Site, download: Download) -> None:
        self._tool, self._site, self._download = tool, site, download
        self._children = Children(tool, site.pages, download.max_bytes)

    def fetch(self, link: VideoLink, to: Path, attempt: int) -> Arrival:  # noqa: ARG002 - tools choose addresses themselves
        url = link.address(self._site.pages)
        try:
            told = self._run(url, to)
            return Arrival(probe(to), chosen=told.get("chosen"), page=_page(told))
        except Unusable as trouble:
            if trouble.reason != "too_large":
                self._ask_the_page(url, link.video_id)
            if trouble.reason == "unreadable":
                raise NoPage(trouble.reason, trouble.detail) from trouble
            raise

    def close(self) -> None:
        self._children.close()

    def _run(self, url: str, to: Path) -> dict[str, Json]:
        with tempfile.TemporaryDirectory(prefix="gettok-", dir=to.parent) as folder:
            told = self._children.run(url, Path(folder), self._download.timeout_s)
            if "error" in told:
                raise self._meaning(told["error"])
            brought = sorted(Path(folder).iterdir())
            if not brought:
                raise Unusable("no_address", f"{self._tool} brought nothing")
            brought[0].replace(to)
        return told

    def _meaning(self, error: str) -> Unusable:
        reason = next((reason for sign, reason in _MEANINGS if re.search(sign, error)), "unreachable")
        # how far a broken transfer came is another number each time
        return Unusable(
            reason, f"{self._tool}: {'the connection broke off' if reason == 'truncated' else error}"
        )

    def _ask_the_page(self, url: str, video_id: str) -> None:
        """Raises what the page says, if it says why there is no file."""
        with Visit(self._site, self._download.timeout_s) as visit:
            addresses(judge(read_page(visit.page(url), video_id)), url)


def _page(told: dict[str, Json]) -> bytes | None:
    page = told.get("page")
    return page.encode() if isinstance(page, str) else None
