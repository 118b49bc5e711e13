"""What every candidate must do, waits that take no time, and a sandbox's controls."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

KEYWORD = "Castillo"
KEY = "sandbox"
"""Both the sandbox's client key and its secret."""
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
        """The task's days, split into adjacent windows without overlap."""
        start = self.start
        while start <= self.end:
            yield start, min(start + timedelta(days=days - 1), self.end)
            start += timedelta(days=days)


class Waits:
    """Replaces `time.sleep`: a wait advances the sandbox's clock, so a client that waits for midnight sees it."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.total_s = 0.0

    def __call__(self, seconds: float) -> None:
        self.total_s += seconds
        set_control(self._base, "clock", {"advance_s": seconds})


def set_control(base: str, control: str, content: Any) -> Any:
    """Change the state of a running sandbox."""
    return _exchange(urllib.request.Request(f"{base}/__sandbox__/{control}", json.dumps(content).encode()))


def read_control(base: str, control: str) -> Any:
    """Read the state of a running sandbox."""
    return _exchange(urllib.request.Request(f"{base}/__sandbox__/{control}"))


def _exchange(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
