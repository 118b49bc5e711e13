"""Downloads one file, and resumes a transfer that broke off."""

import re
from collections.abc import Iterator
from pathlib import Path

import requests

from gettok.download.backend import NoFile
from gettok.download.web import BrokenTransfer, ConnectionFault, Visit, announced
from gettok.errors import Unusable
from gettok.store.disk_space import in_words

_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+)")


class Transfer:
    """The download of one file to `to`, over as many responses as it takes and `max_attempts` allows.

    `most` is the limit on its bytes; `size` is its size as the page says, or None. A partial response is appended only
    if it begins where the file ends and belongs to the same file, by its ETag or its total length.
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
                self._continue()
            except BrokenTransfer:
                if not left or self._have <= had:
                    raise
            else:
                return

    def _continue(self) -> None:
        with self._visit.opened(self._url, self._asked | self._range()) as response:
            if not self._have or response.status_code not in (206, 416) or self._follows(response):
                self._receive(response)
                return
        self._have = 0
        self._continue()

    def _range(self) -> dict[str, str]:
        if not (self._have and (self._etag or self._total)):
            return {}
        same = {"If-Range": self._etag} if self._etag else {}
        return {"Range": f"bytes={self._have}-", **same}

    def _follows(self, response: requests.Response) -> bool:
        """Whether this response is the missing part."""
        content_range = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        is_same = response.headers.get("ETag", self._etag) == self._etag or not self._etag
        if content_range is None or not is_same or _is_compressed(response):
            return False
        self._total = self._total or int(content_range[2])
        return (int(content_range[1]), int(content_range[2])) == (self._have, self._total)

    def _receive(self, response: requests.Response) -> None:
        if response.status_code != 206 or not self._have:
            self._begin(response)
        with (
            self._visit.require_space(self._to, max(0, self._total - self._have)),
            self._to.open("ab" if self._have else "wb") as file,
        ):
            for chunk in self._counted(response):
                file.write(chunk)
        if self._have < self._total:
            raise BrokenTransfer("truncated", f"fewer than the {self._total} bytes announced")

    def _begin(self, response: requests.Response) -> None:
        _check(response)
        self._have = 0
        length = announced(response)
        self._total = self._size if length is None else length
        if self._total > self._most:
            raise self._too_large()
        etag = response.headers.get("ETag", "")
        self._etag = "" if etag.startswith("W/") else etag
        if _is_compressed(response):
            self._total, self._etag = (
                0,
                "",
            )  # its length counts compressed bytes, and we keep the decoded ones

    def _counted(self, response: requests.Response) -> Iterator[bytes]:
        """The body in chunks, each counted once it has been written."""
        for chunk in self._visit.chunks(response, self._most):
            if self._have + len(chunk) > self._most:
                raise self._too_large()
            yield chunk
            self._have += len(chunk)

    def _too_large(self) -> Unusable:
        return Unusable("too_large", f"more than {in_words(self._most)}")


def _is_compressed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity") != "identity"


def _check(response: requests.Response) -> None:
    if response.status_code in (404, 410):
        raise NoFile("no_address", f"file: HTTP {response.status_code}")
    if response.status_code in (408, 429) or response.status_code >= 500:
        raise ConnectionFault("unreachable", f"file: HTTP {response.status_code}")
    if response.status_code != 200:
        raise Unusable("unreachable", f"file: HTTP {response.status_code}")
