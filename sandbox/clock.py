"""The sandbox's own time."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

START = datetime(2023, 3, 15, 12, 0, 0, tzinfo=UTC)


class VirtualClock:
    """Time that stands still until it is told to move, so that a quota's midnight needs no waiting.

    Everything in a response that looks like time comes from here.
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
        """An instant without a zone is taken for UTC."""
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
