"""What a collection will cost, before it is paid: from the windows alone, or from the first page of each."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gettok.collect.collector import Collector
from gettok.collect.search import Kept
from gettok.research_api import PAGE_ROWS, Page, whole_number
from gettok.windows import Window


@dataclass(frozen=True)
class Estimate:
    """A window that is not done: pages that are there, and, where a first page tells, what to expect in all."""

    window: Window
    pages: int
    requests: int
    rows: int | None = None


def estimate(collector: Collector, window: Window) -> Estimate:
    """The estimate of a window, from what is in the store."""
    life = collector.journal.life(window)
    pages = list(collector.search(window).kept(life.attempt))
    if life.state == "done":
        return Estimate(window, len(pages), 0, sum(kept.rows for kept in pages))
    rows, needed = expected(pages[0].page, window) if pages else (None, 1)
    return Estimate(window, len(pages), max(needed - len(pages), 1), rows)


def probe(collector: Collector, window: Window) -> Kept:
    """Ask for a window's first page; it counts as such, so nothing is paid twice."""
    life = collector.journal.life(window)
    if life.state is None:
        life = collector.journal.note(window, "planned")
    return collector.search(window).first(life.attempt)


def expected(first: Page, window: Window) -> tuple[int | None, int]:
    """Rows and requests that a window's first page lets expect, if videos are spread evenly over its days.

    A search goes from the newest video to the oldest, so the first page shows how far a page reaches.
    """
    rows = len(first.videos)
    if not first.has_more:
        return rows, 1
    times = [whole_number(video.get("create_time")) for video in first.videos if isinstance(video, dict)]
    oldest = min((time for time in times if time is not None), default=None)
    if oldest is None:
        return None, 2
    end = datetime(window.end.year, window.end.month, window.end.day, tzinfo=UTC) + timedelta(days=1)
    reach_s = max(end.timestamp() - oldest, 1.0)
    share = max(len(window.days) * 86_400 / reach_s, 1.0)
    candidates = whole_number(first.data.get("cursor")) or PAGE_ROWS
    return round(rows * share), max(2, math.ceil(candidates * share / PAGE_ROWS))
