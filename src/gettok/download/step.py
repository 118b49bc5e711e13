"""Fetches one video's file, as often as it makes sense, and notes its facts or the reason why there is none."""

import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self
from weakref import finalize

from gettok.download.arrival import Arrival, Backend, NoPage, VideoLink
from gettok.download.by_page import DAMAGE, ByPage
from gettok.download.by_tool import ByTool
from gettok.download.hosts import Site
from gettok.errors import UNSETTLED, NotNow, Unusable
from gettok.settings import Download
from gettok.step import Answer, Blob, Json, Row, Workers

#: So many pages in a row that cannot be read are no accident.
_MOST_IN_A_ROW = 5
_LONGEST_PAUSE_S = 30.0
#: Files up to this size travel in memory, larger ones lie in the spool until the answer is stored.
_SMALL_BYTES = 1_000_000


class Breaker:
    """Stops everybody once several pages in a row could not be read; going on would only make it worse."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()

    def check(self, last: str = "") -> None:
        """Raises `NotNow` once it is open; it stays open."""
        if self._in_a_row >= _MOST_IN_A_ROW:
            raise NotNow(
                f"{_MOST_IN_A_ROW} pages in a row could not be read{last and f'; the last: {last}'}",
                "stopped asking; every file that arrived is kept",
                "wait some hours, or go on from another connection, with download.at_once=1 or another "
                "download backend; then run the same command again",
            )

    def note(self, trouble: Unusable | None) -> None:
        """A page that says why it does not show its video has been read all the same."""
        unread = trouble if isinstance(trouble, NoPage) else None
        with self._lock:
            if self._in_a_row < _MOST_IN_A_ROW:
                self._in_a_row = self._in_a_row + 1 if unread else 0
        if unread:
            self.check(unread.detail)


@dataclass(frozen=True)
class DownloadStep:
    """The file of one video by the backend of the settings.

    `pages` is where the video's pages are and enters no key, since the name of the source says it. Large files lie in
    the folder `spool` (the system's for temporary files, if none is given) for as long as their answer is held.
    """

    download: Download
    source_name: str
    pages: str
    spool: Path | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    breaker: Breaker = field(default_factory=Breaker, compare=False)
    stage = "download"
    version = 1

    @property
    def settings(self) -> Mapping[str, Json]:
        return {"source": self.source_name, "backend": self.download.backend}

    @property
    def workers(self) -> Workers:
        return Workers("threads", self.download.at_once)

    def open(self) -> None:
        Site(self.pages).check()

    def ask(self, content: VideoLink) -> Answer:
        """Raises `Unusable`, and `NotNow` after several pages in a row that could not be read."""
        self.breaker.check()
        to = self._place()
        try:
            arrival = self._patiently(content, to)
        except BaseException as trouble:
            to.unlink()
            if isinstance(trouble, Unusable):
                self.breaker.note(trouble)
            raise
        self.breaker.note(None)
        return self._answer(arrival, to)

    def read(self, answer: Answer) -> list[Row]:
        media = answer.blobs["media"]
        return [{"sha256": media.digest, "bytes": media.size, **answer.body["facts"]}]

    def close(self) -> None:
        """End the processes of the backend, if it has any; they would end with this one anyway."""
        self._backend.close()

    @cached_property
    def _backend(self) -> Backend:
        site = Site(self.pages)
        if self.download.backend == "page":
            return ByPage(site, self.download)
        return ByTool(self.download.backend, site, self.download)

    def _patiently(self, link: VideoLink, to: Path) -> Arrival:
        for attempt in range(self.download.tries):
            try:
                return self._backend.fetch(link, to, attempt)
            except Unusable as trouble:
                if attempt + 1 >= self._most_tries(trouble.reason):
                    raise
                if trouble.reason in UNSETTLED:
                    self.sleep(pause_s(attempt))
        raise AssertionError("tries is positive")

    def _most_tries(self, reason: str) -> int:
        """A damaged file may arrive whole the second time; what a page says of its video stays said."""
        if reason in UNSETTLED:
            return self.download.tries
        return min(2, self.download.tries) if reason in DAMAGE else 1

    def _place(self) -> Path:
        if self.spool is not None:
            self.spool.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="gettok-", suffix=".mp4", dir=self.spool)
        os.close(handle)
        return Path(name)

    def _answer(self, arrival: Arrival, to: Path) -> Answer:
        body = {
            "backend": self.download.backend,
            "status_code": arrival.status_code,
            "status_msg": arrival.status_msg,
            "chosen": arrival.chosen,
            "facts": asdict(arrival.facts),
        }
        blobs = {"media": _kept(to)}
        if arrival.page is not None:
            # its addresses are signed and change each time, so it must stay out of the body, which tables show
            blobs["page"] = Blob.of_bytes(arrival.page)
        return Answer(body, blobs)


def pause_s(attempt: int) -> float:
    """Seconds to wait after the attempt of this number: doubling from two, spread, and capped."""
    return min(2.0 ** (attempt + 1), _LONGEST_PAUSE_S) * random.uniform(0.5, 1)


def _kept(path: Path) -> Blob:
    """A file that goes when its blob does: the store has its own copy or link by then."""
    if path.stat().st_size <= _SMALL_BYTES:
        blob = Blob.of_bytes(path.read_bytes())
        path.unlink()
        return blob
    blob = Blob.of_file(path)
    finalize(blob, path.unlink, missing_ok=True)
    return blob
