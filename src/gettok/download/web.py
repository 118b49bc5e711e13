"""Reads a website within limits: on hosts, redirects, request rate, bytes, silence, and total time.

A `Visit` is a session: the page and the file share cookies, without which the file is refused (yt-dlp#9997). No message
has a port, a time or a number of received bytes in it, since messages go into a table that must not vary.
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
from gettok.download.hosts import Site, absolute_url
from gettok.download.pace import Pace
from gettok.errors import Unusable
from gettok.http.connection_errors import cannot_reach
from gettok.http.header_deadline import limit_header_time
from gettok.http.session_environment import fix_environment
from gettok.settings import Download
from gettok.store.disk_space import in_words, require_space

_MAX_REDIRECTS = 5
_MAX_PAGE_BYTES = 20_000_000
_CHUNK_BYTES = 1 << 16
_SILENCE_S = 20
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
}


class ConnectionFault(Unusable):
    """The connection or the server failed for the moment; the same request may succeed later."""


class BrokenTransfer(ConnectionFault):
    """A body that ended early or took too long; the part that arrived may still be good."""


class Visit:
    """A session with the site; a request may take `timeout_s` seconds in total, without the wait for its turn."""

    def __init__(self, site: Site, download: Download, pace: Pace) -> None:
        self._site, self._pace = site, pace
        self.download = download
        self._session = requests.Session()
        self._session.headers.update(_HEADERS)
        self._session.auth = _no_auth
        if site.is_loopback:
            fix_environment(self._session, site.pages)
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
                html = b"".join(self.chunks(response, _MAX_PAGE_BYTES))
        except Unusable as trouble:
            reason = trouble.reason if trouble.reason == "unreachable" else "unreadable"
            raise NoPage(reason, f"page: {trouble.detail}") from trouble
        return html.decode("utf-8", errors="replace")

    def require_space(self, to: Path, needed: int) -> AbstractContextManager[None]:
        """A block that writes `needed` bytes to `to`. Raises `NoSpace` as the settings say."""
        return require_space(to.parent, needed, self.download.keep_free_bytes)

    @contextmanager
    def opened(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """The response after all redirects, before its body is read."""
        self._deadline = time.monotonic() + self.download.timeout_s
        for _ in range(_MAX_REDIRECTS):
            if objection := self._site.objection(url):
                # our list of TikTok's hosts may be out of date: that says nothing about the video
                raise Unusable("unreachable", objection)
            if not self._site.is_public(url):
                raise Unusable("unreachable", "an address inside a private network")
            self._deadline += self._pace.wait(self._site.host(url))
            with self._answer(url, headers) as response:
                if not response.is_redirect:
                    yield response
                    return
                url = absolute_url(url, response.headers["location"])
        raise Unusable("unreachable", f"more than {_MAX_REDIRECTS} redirects")

    def _answer(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        silence_s = min(_SILENCE_S, self.download.timeout_s)
        try:
            response = self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=silence_s
            )
        except requests.Timeout as error:
            waited_s = self.download.timeout_s if time.monotonic() >= self._deadline else silence_s
            raise ConnectionFault("unreachable", f"no answer within {waited_s} s") from error
        except requests.ConnectionError as error:
            raise ConnectionFault("unreachable", cannot_reach(self._site.host(url), error)) from error
        except (requests.RequestException, ValueError) as error:
            raise Unusable("unreachable", cannot_reach(self._site.host(url), error)) from error
        if response.status_code in (429, 503):
            self._pace.hold(self._site.host(url), response.headers)
        return response

    def chunks(self, response: requests.Response, most: int) -> Iterator[bytes]:
        """The decoded body, within limits: a small one can decompress to any size, and a slow one never end.

        Raises `BrokenTransfer` for one that ends early, and `Unusable`.
        """
        size = 0
        try:
            # read1, since `iter_content` waits for a full chunk, however slowly it arrives
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                size += len(chunk)
                if size > most:
                    raise Unusable("too_large", f"more than {in_words(most)}")
                yield chunk
                if time.monotonic() > self._deadline and not _is_whole(response):
                    raise BrokenTransfer("unreachable", f"not whole within {self.download.timeout_s} s")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise BrokenTransfer("unreachable", "silence before the end") from error
        except urllib3.exceptions.HTTPError as error:
            raise BrokenTransfer("truncated", "the connection broke off") from error
        # urllib3 may take a connection that closes early for the end of the body; the header tells them apart
        if _is_whole(response) is False:
            raise BrokenTransfer("truncated", f"fewer than the {announced(response)} bytes announced")


def announced(response: requests.Response) -> int | None:
    """The size of the body as its header says; None if it does not."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _is_whole(response: requests.Response) -> bool | None:
    """Whether the announced size has arrived; None if no size was announced."""
    length = announced(response)
    return None if length is None else bool(response.raw.tell() >= length)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Replaces the default of requests, which would send credentials from a .netrc file."""
    return request


def _check_page(response: requests.Response) -> None:
    if urlsplit(response.url).path.endswith("/login"):
        raise Unusable("unreadable", "a login form in place of the page")
    if response.status_code in (401, 403, 429):
        raise Unusable("unreadable", f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise Unusable("unreachable", f"HTTP {response.status_code}")
