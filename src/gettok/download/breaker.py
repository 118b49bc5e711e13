"""Stops everybody once several pages in a row could not be read; going on would only make it worse."""

import threading
from typing import Self

from gettok.download.arrival import NoPage
from gettok.errors import NotNow, Unusable

#: So many pages in a row that cannot be read are no accident.
_MOST_IN_A_ROW = 5


class Breaker:
    """Counts pages that could not be read at all: a captcha, a challenge, a login form, no data, no answer.

    A page that says why it does not show its video has been read, though its status may be one that nobody knows.
    """

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
        unread = trouble if isinstance(trouble, NoPage) else None
        with self._lock:
            if self._in_a_row < _MOST_IN_A_ROW:
                self._in_a_row = self._in_a_row + 1 if unread else 0
        if unread:
            self.check(unread.detail)
