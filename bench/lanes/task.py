"""What every lane is asked to do, and waits that take no time."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

KEYWORD = "Castillo"
KEY = "sandbox"
"""The sandbox's client key, and its secret."""
TIKTOK = "https://open.tiktokapis.com"


@dataclass(frozen=True)
class Task:
    """Collect every video with the keyword between two days, both included, from the sandbox at `base`."""

    base: str
    folder: Path
    start: date
    end: date
    requests_per_day: int = 1000

    def windows(self, days: int) -> Iterator[tuple[date, date]]:
        """The task's days in pieces that touch and do not overlap."""
        start = self.start
        while start <= self.end:
            yield start, min(start + timedelta(days=days - 1), self.end)
            start += timedelta(days=days)


class Waits:
    """Stands in for `time.sleep`: a wait moves the sandbox's clock on, so that whoever waits for midnight sees it."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.total_s = 0.0

    def __call__(self, seconds: float) -> None:
        self.total_s += seconds
        tell(self._base, "clock", {"advance_s": seconds})


def tell(base: str, control: str, content: Any) -> Any:
    """Change something about a running sandbox."""
    return _exchange(urllib.request.Request(f"{base}/__sandbox__/{control}", json.dumps(content).encode()))


def told(base: str, control: str) -> Any:
    """Ask a running sandbox about itself."""
    return _exchange(urllib.request.Request(f"{base}/__sandbox__/{control}"))


def _exchange(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
