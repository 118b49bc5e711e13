"""Stops the run once several pages in a row could not be read: more requests would only make it worse."""

import threading
from collections.abc import Callable
from typing import Self

from gettok.download.backend import NoPage, VideoLink
from gettok.errors import NotNow, Unusable

#: After so many unreadable pages in a row, chance no longer explains them.
_MAX_IN_A_ROW = 5


class Breaker:
    """Counts pages that could not be read at all: a captcha, a challenge, a login form, no data, no answer.

    A page that says why it does not show its video has been read, even with an unknown status. Before the breaker
    opens, it fetches a video again that could be fetched earlier. If that works, these pages are unreadable for
    everyone, and the run goes on; otherwise a study with five such pages could never get past them.
    """

    def __init__(self) -> None:
        #: A video that could be fetched: the last one in this run, or one from the store.
        self.last_fetched: VideoLink | None = None
        self._in_a_row = 0
        self._last: str | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()

    def check(self) -> None:
        """Raises `NotNow` once the breaker is open; it stays open."""
        if self._last is not None:
            raise NotNow(
                f"{_MAX_IN_A_ROW} pages in a row could not be read; the last: {self._last}",
                "stopped asking; every file that arrived is kept",
                "wait some hours, or go on from another connection, with download.max_concurrency=1 or another "
                "download backend; then run the same command again",
            )

    def record(
        self, link: VideoLink, trouble: Unusable | None, refetch: Callable[[VideoLink], Unusable | None]
    ) -> None:
        """Record the result for a video; `refetch` gives the trouble with one now. Raises `NotNow` when it opens."""
        with self._lock:
            if trouble is None:
                self.last_fetched = link
            if not isinstance(trouble, NoPage):
                self._in_a_row = 0
                return
            self._in_a_row += 1
            if self._in_a_row >= _MAX_IN_A_ROW and self._last is None:
                if self.last_fetched is not None and not isinstance(refetch(self.last_fetched), NoPage):
                    self._in_a_row = 0
                else:
                    self._last = trouble.detail
        self.check()
