"""The server's time. Its day is the quota's day, and a laptop's clock may be off by hours."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class ServerClock:
    """This machine's clock, corrected by the `Date` of each answer."""

    def __init__(self, own: Callable[[], float] = time.time) -> None:
        self._own = own
        self._ahead_s = 0.0
        self.is_set = False

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._own() + self._ahead_s, UTC).replace(microsecond=0)

    def learn(self, headers: Mapping[str, str]) -> datetime:
        """Take the time from an answer's headers and return it; without a readable `Date` nothing changes."""
        try:
            theirs = parsedate_to_datetime(headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return self.now()
        self._ahead_s = theirs.timestamp() - self._own()
        self.is_set = True
        return theirs

    def next_day(self) -> datetime:
        """When TikTok renews the quota: the next 00:00 UTC."""
        return self.now().replace(hour=0, minute=0, second=0) + timedelta(days=1)
