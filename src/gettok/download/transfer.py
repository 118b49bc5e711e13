"""Brings one file to the disk, and goes on where a transfer broke off."""

import re
from collections.abc import Iterator
from pathlib import Path

import requests

from gettok.download.backend import NoFile
from gettok.download.web import Broken, LineFault, Visit, announced
from gettok.errors import Unusable

_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+)")


class Transfer:
    """A file on its way to `to`, in as many answers as it takes and the settings' `tries` allow.

    `most` is the limit on its bytes, and `size` is what the page says of them, if it does. A part is added only where
    the server says that it begins right after what is there, and belongs to the same file: by its ETag, or its length.
    """

    def __init__(self, visit: Visit, url: str, to: Path, referer: str, most: int, size: int | None) -> None:  # noqa: PLR0913, PLR0917 - all of one request
        self._visit, self._url, self._to, self._most = visit, url, to, most
        self._asked = {"Accept": "*/*", "Accept-Encoding": "identity", "Referer": referer}
        self._have = 0
        self._size = self._total = size or 0
        self._etag = ""

    def run(self) -> None:
        """Raises `Unusable`: unreachable, no_address, truncated, too_large."""
        for left in reversed(range(self._visit.download.max_attempts)):
            had = self._have
            try:
                self._go_on()
            except Broken:
                if not left or self._have <= had:
                    raise
            else:
                return

    def _go_on(self) -> None:
        with self._visit.opened(self._url, self._asked | self._range()) as response:
            if not self._have or response.status_code not in (206, 416) or self._follows(response):
                self._receive(response)
                return
        self._have = 0
        self._go_on()

    def _range(self) -> dict[str, str]:
        if not (self._have and (self._etag or self._total)):
            return {}
        same = {"If-Range": self._etag} if self._etag else {}
        return {"Range": f"bytes={self._have}-", **same}

    def _follows(self, response: requests.Response) -> bool:
        """Whether this part is the one that is missing."""
        said = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        is_same = response.headers.get("ETag", self._etag) == self._etag or not self._etag
        if said is None or not is_same or _is_packed(response):
            return False
        self._total = self._total or int(said[2])
        return (int(said[1]), int(said[2])) == (self._have, self._total)

    def _receive(self, response: requests.Response) -> None:
        if response.status_code != 206 or not self._have:
            self._begin(response)
        with (
            self._visit.room(self._to, max(0, self._total - self._have)),
            self._to.open("ab" if self._have else "wb") as file,
        ):
            for piece in self._counted(response):
                file.write(piece)
        if self._have < self._total:
            raise Broken("truncated", f"fewer than the {self._total} bytes announced")

    def _begin(self, response: requests.Response) -> None:
        _check(response)
        self._have = 0
        length = announced(response)
        self._total = self._size if length is None else length
        if self._total > self._most:
            raise self._too_large()
        etag = response.headers.get("ETag", "")
        self._etag = "" if etag.startswith("W/") else etag
        if _is_packed(response):
            self._total, self._etag = 0, ""  # its length is of packed bytes, which are not what is kept

    def _counted(self, response: requests.Response) -> Iterator[bytes]:
        """The body's pieces, counted once they are written."""
        for piece in self._visit.pieces(response, self._most):
            if self._have + len(piece) > self._most:
                raise self._too_large()
            yield piece
            self._have += len(piece)

    def _too_large(self) -> Unusable:
        return Unusable("too_large", f"more than {self._most} bytes")


def _is_packed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity") != "identity"


def _check(response: requests.Response) -> None:
    if response.status_code in (404, 410):
        raise NoFile("no_address", f"file: HTTP {response.status_code}")
    if response.status_code in (408, 429) or response.status_code >= 500:
        raise LineFault("unreachable", f"file: HTTP {response.status_code}")
    if response.status_code != 200:
        raise Unusable("unreachable", f"file: HTTP {response.status_code}")
