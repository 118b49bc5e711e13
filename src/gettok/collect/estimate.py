"""What a collection will cost, before any quota is spent: from the windows alone, or from the first page of each."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gettok.collect.collector import Collector
from gettok.collect.people import People, VideoOnPage
from gettok.collect.search import StoredPage
from gettok.collect.windows import Window
from gettok.http.json_guards import to_mappings
from gettok.research_api import PAGE_ROWS, Page, whole_number


@dataclass(frozen=True)
class WindowEstimate:
    """A window: the stored pages of its search and their rows, the requests to make, and the rows to expect in all.

    `rows` is `None` where no page shows how many there may be.
    """

    window: Window
    status: str
    pages: int
    requests: int
    rows: int | None = None
    stored_rows: int = 0

    @property
    def is_read(self) -> bool:
        """Whether it was searched to its end, though maybe too early."""
        return not self.requests or self.status == "done"


def estimate(
    collector: Collector, window: Window, now: Callable[[], datetime] | None = None
) -> WindowEstimate:
    """The estimate for a window, from what is in the store."""
    state = collector.journal.state(window)
    pages = list(collector.search(window).stored(state.attempt))
    rows = sum(stored.rows for stored in pages)
    status = state.last_event or "planned"
    if not collector.needs_asking(state, now):
        return WindowEstimate(window, status, len(pages), 0, rows, rows)
    if state.last_event == "done":  # it was read too early: each of its pages is asked for again
        return WindowEstimate(window, status, 0, len(pages), rows, rows)
    if pages and not pages[-1].page.has_more:  # a probe's page may be the only one
        return WindowEstimate(window, "read", len(pages), 0, rows, rows)
    expected_rows, needed = expected(pages[0].page, window) if pages else (None, 1)
    return WindowEstimate(window, status, len(pages), max(needed - len(pages), 1), expected_rows, rows)


def probe(collector: Collector, window: Window) -> StoredPage:
    """Ask for a window's first page; the collection uses it, so nothing is paid for twice."""
    state = collector.begin(collector.journal.state(window))
    return collector.search(window).first(state.attempt)


def expected(first: Page, window: Window) -> tuple[int | None, int]:
    """The rows and requests to expect after a window's first page, if videos are spread evenly over its days.

    A search goes from the newest video to the oldest, so the first page shows how many days a page covers.
    """
    rows = len(first.videos)
    if not first.has_more:
        return rows, 1
    times = [whole_number(video.get("create_time")) for video in to_mappings(first.videos)]
    oldest = min((time for time in times if time is not None), default=None)
    if oldest is None:
        return None, 2
    end = datetime(window.end.year, window.end.month, window.end.day, tzinfo=UTC) + timedelta(days=1)
    covered_s = max(end.timestamp() - oldest, 1.0)
    share = max(len(window.days) * 86_400 / covered_s, 1.0)
    candidates = whole_number(first.data.get("cursor")) or PAGE_ROWS
    return round(rows * share), max(2, math.ceil(candidates * share / PAGE_ROWS))


def comments_needed(people: People, seen: Collection[VideoOnPage], videos: int, per_video: int) -> int:
    """The fewest requests for the comments of so many videos, one each; `seen` are those on stored pages."""
    return max(videos, len(seen)) - sum(people.has_comments(video.video_id, per_video) for video in seen)


def users_needed(people: People, seen: Collection[VideoOnPage], videos: int) -> int:
    """Requests for the authors of so many videos, one each, if there are as many per video as among those seen."""
    names = {video.username for video in seen if video.username}
    share = len(names) / len(seen) if seen else 0.0
    return round(share * max(videos, len(seen))) - sum(map(people.has_user, names))


def days_of_quota(parts: Iterable[tuple[int, int]], daily: int) -> int:
    """Days for parts that are asked for one after the other: the requests of each, and its limit a day."""
    days, left = 0, 0
    for requests, share in parts:
        to_ask, left_of_share = requests, share
        while to_ask:
            if not min(left, left_of_share):
                days, left, left_of_share = days + 1, daily, share
            today = min(to_ask, left, left_of_share)
            to_ask, left, left_of_share = to_ask - today, left - today, left_of_share - today
    return days
