"""The sandbox's virtual clock."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

START = datetime(2023, 3, 15, 12, 0, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that moves only when it is set or advanced, so that a test need not wait for a quota's midnight.

    Every time in a response comes from here.
    """

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def timestamp(self) -> int:
        """Whole Unix seconds."""
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """A time without a zone is taken as UTC."""
        with self._lock:
            self._now = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)

    def day(self) -> str:
        """The UTC day that the daily quota belongs to."""
        return self.now().strftime("%Y%m%d")

    def http_date(self) -> str:
        return format_datetime(self.now(), usegmt=True)

    def log_id(self, digest: str) -> str:
        """Timestamp and upper-case hex, 34 characters, as in published responses."""
        return self.now().strftime("%Y%m%d%H%M%S") + digest[:20].upper()
