"""Stops everybody once several pages in a row could not be read; going on would only make it worse."""

import threading
from collections.abc import Callable
from typing import Self

from gettok.download.backend import NoPage, VideoLink
from gettok.errors import NotNow, Unusable

#: So many pages in a row that cannot be read are no accident.
_MOST_IN_A_ROW = 5


class Breaker:
    """Counts pages that could not be read at all: a captcha, a challenge, a login form, no data, no answer.

    A page that says why it does not show its video has been read, though its status may be one that nobody knows.
    Before it opens, a video that could be fetched earlier is fetched again: if that goes well, the pages in a row are
    such pages, and nobody is stopped. Without that a study could never get past five of them.
    """

    def __init__(self) -> None:
        #: A video that could be fetched, the last one if there were several.
        self.known: VideoLink | None = None
        self._in_a_row = 0
        self._last: str | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()

    def check(self) -> None:
        """Raises `NotNow` once it is open; it stays open."""
        if self._last is not None:
            raise NotNow(
                f"{_MOST_IN_A_ROW} pages in a row could not be read; the last: {self._last}",
                "stopped asking; every file that arrived is kept",
                "wait some hours, or go on from another connection, with download.max_concurrency=1 or another "
                "download backend; then run the same command again",
            )

    def note(
        self, link: VideoLink, trouble: Unusable | None, again: Callable[[VideoLink], Unusable | None]
    ) -> None:
        """What became of a video; `again` says what is wrong with one now. Raises `NotNow` when it opens."""
        with self._lock:
            if trouble is None:
                self.known = link
            if not isinstance(trouble, NoPage):
                self._in_a_row = 0
                return
            self._in_a_row += 1
            if self._in_a_row >= _MOST_IN_A_ROW and self._last is None:
                if self.known is not None and not isinstance(again(self.known), NoPage):
                    self._in_a_row = 0
                else:
                    self._last = trouble.detail
        self.check()
