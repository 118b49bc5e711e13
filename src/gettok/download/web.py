"""Reads a website with bounds on everything: hosts, redirects, pace, bytes, silence, and time as a whole.

One `Visit` is one person's: the page and the file share cookies, without which the file is refused (yt-dlp#9997).
No message says a port, a time or how much had arrived, since it ends up in a table that must not vary.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import requests
import urllib3

from gettok.download.backend import NoPage
from gettok.download.disk_space import room
from gettok.download.hosts import Site, joined
from gettok.download.pace import Pace
from gettok.errors import Unusable
from gettok.http.header_deadline import limit_header_time
from gettok.settings import Download

_MOST_HOPS = 5
_MOST_PAGE_BYTES = 20_000_000
_PIECE_BYTES = 1 << 16
_SILENCE_S = 20
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
}


class LineFault(Unusable):
    """A fault of the way to the server, or of the server at the moment: the same may be had another time."""


class Broken(LineFault):
    """A body that ended half-way, or took too long; what arrived of it may still be good."""


class Visit:
    """A session at the site; each request may take `timeout_s` seconds as a whole, waiting for its turn aside."""

    def __init__(self, site: Site, download: Download, pace: Pace) -> None:
        self._site, self._pace = site, pace
        self.download = download
        self._session = requests.Session()
        self._session.headers.update(_HEADERS)
        self._session.auth = _no_auth
        self._deadline = 0.0
        limit_header_time(self._session, lambda: self._deadline - time.monotonic())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def page(self, url: str) -> str:
        """The page's HTML. Raises `NoPage`."""
        try:
            with self.opened(url, {"Accept": "text/html"}) as response:
                _check_page(response)
                whole = b"".join(self.pieces(response, _MOST_PAGE_BYTES))
        except Unusable as trouble:
            reason = trouble.reason if trouble.reason == "unreachable" else "unreadable"
            raise NoPage(reason, f"page: {trouble.detail}") from trouble
        return whole.decode("utf-8", errors="replace")

    def room(self, to: Path, needed: int) -> AbstractContextManager[None]:
        """A place on the disk of `to`, within what the settings leave free."""
        return room(to.parent, needed, self.download.keep_free_bytes)

    @contextmanager
    def opened(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """The last answer after following redirects, its body still to be read."""
        self._deadline = time.monotonic() + self.download.timeout_s
        for _ in range(_MOST_HOPS):
            if objection := self._site.objection(url):
                # our list of hosts may be behind TikTok's, which says nothing about the video
                raise Unusable("unreachable", objection)
            if not self._site.is_public(url):
                raise Unusable("unreachable", "an address inside a private network")
            self._deadline += self._pace.wait(self._site.host(url))
            with self._answer(url, headers) as response:
                if not response.is_redirect:
                    yield response
                    return
                url = joined(url, response.headers["location"])
        raise Unusable("unreachable", f"more than {_MOST_HOPS} redirects")

    def _answer(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        silence_s = min(_SILENCE_S, self.download.timeout_s)
        try:
            response = self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=silence_s
            )
        except requests.Timeout as error:
            waited_s = self.download.timeout_s if time.monotonic() >= self._deadline else silence_s
            raise LineFault("unreachable", f"no answer within {waited_s} s") from error
        except requests.ConnectionError as error:
            raise LineFault("unreachable", f"no connection ({type(error).__name__})") from error
        except (requests.RequestException, ValueError) as error:
            raise Unusable("unreachable", f"no connection ({type(error).__name__})") from error
        if response.status_code in (429, 503):
            self._pace.hold(self._site.host(url), response.headers)
        return response

    def pieces(self, response: requests.Response, most: int) -> Iterator[bytes]:
        """The decoded body: a small one can unpack to any size, and a slow one can last for ever.

        Raises `Broken` for one that ends early, and `Unusable`.
        """
        size = 0
        try:
            # read1, as `iter_content` waits for a full piece however slowly it trickles in
            while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                size += len(piece)
                if size > most:
                    raise Unusable("too_large", f"more than {most} bytes")
                yield piece
                if time.monotonic() > self._deadline and not _is_whole(response):
                    raise Broken("unreachable", f"not whole within {self.download.timeout_s} s")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise Broken("unreachable", "silence half-way through") from error
        except urllib3.exceptions.HTTPError as error:
            raise Broken("truncated", f"the connection broke off ({type(error).__name__})") from error
        # a connection that closes early looks like the end of the body to some layers; the header knows better
        if _is_whole(response) is False:
            raise Broken("truncated", f"fewer than the {announced(response)} bytes announced")


def announced(response: requests.Response) -> int | None:
    """Bytes of the body as its header says, if it does."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _is_whole(response: requests.Response) -> bool | None:
    """Whether all that was announced is there; None where nothing was."""
    length = announced(response)
    return None if length is None else bool(response.raw.tell() >= length)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """In place of what requests would take out of a .netrc and send along."""
    return request


def _check_page(response: requests.Response) -> None:
    if urlsplit(response.url).path.endswith("/login"):
        raise Unusable("unreadable", "a login form in place of the page")
    if response.status_code in (401, 403, 429):
        raise Unusable("unreadable", f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise Unusable("unreachable", f"HTTP {response.status_code}")
