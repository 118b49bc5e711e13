"""What a collection will cost, before it is paid: from the windows alone, or from the first page of each."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gettok.collect.collector import Collector
from gettok.collect.people import People, Seen
from gettok.collect.search import StoredPage
from gettok.collect.windows import Window
from gettok.research_api import PAGE_ROWS, Page, whole_number


@dataclass(frozen=True)
class Estimate:
    """A window: pages of its search that are there, what is to ask, and, where pages tell, the rows in all."""

    window: Window
    #: Where it stands when nothing is to ask.
    stands: str
    pages: int
    requests: int
    rows: int | None = None


def estimate(collector: Collector, window: Window, now: Callable[[], datetime] | None = None) -> Estimate:
    """The estimate of a window, from what is in the store."""
    life = collector.journal.life(window)
    pages = list(collector.search(window).kept(life.attempt))
    rows = sum(kept.rows for kept in pages)
    stands = life.state or "planned"
    if not collector.needs_asking(life, now):
        return Estimate(window, stands, len(pages), 0, rows)
    if life.state == "done":  # it was read too early: each of its pages is asked for again
        return Estimate(window, stands, 0, len(pages), rows)
    if pages and not pages[-1].page.has_more:  # a probe's page may be the only one
        return Estimate(window, "read", len(pages), 0, rows)
    expects, needed = expected(pages[0].page, window) if pages else (None, 1)
    return Estimate(window, stands, len(pages), max(needed - len(pages), 1), expects)


def probe(collector: Collector, window: Window) -> StoredPage:
    """Ask for a window's first page; it counts as such, so nothing is paid twice."""
    life = collector.begin(collector.journal.life(window))
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


def comments_needed(people: People, seen: Collection[Seen], videos: int, most: int) -> int:
    """The least requests for the comments below so many videos, of which some were seen: one each."""
    return max(videos, len(seen)) - sum(people.has_comments(one.video_id, most) for one in seen)


def users_needed(people: People, seen: Collection[Seen], videos: int) -> int:
    """Requests for the authors of so many videos, one each, if they are as many to a video as among those seen."""
    names = {one.username for one in seen if one.username}
    share = len(names) / len(seen) if seen else 0.0
    return round(share * max(videos, len(seen))) - sum(map(people.has_user, names))


def days_of_quota(parts: Iterable[tuple[int, int]], a_day: int) -> int:
    """Days for parts that are asked for one after the other: requests of each, and the most of them in a day."""
    days, left = 0, 0
    for requests, share in parts:
        to_ask, left_of_share = requests, share
        while to_ask:
            if not min(left, left_of_share):
                days, left, left_of_share = days + 1, a_day, share
            now = min(to_ask, left, left_of_share)
            to_ask, left, left_of_share = to_ask - now, left - now, left_of_share - now
    return days
