"""Days of quota: parts that are asked for one after the other, each with its share of a day."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from api_caller import DATE, OK, Asker, RawServer, http

from gettok.collect import Collector, VideoOnPage
from gettok.collect.estimate import (
    WindowEstimate,
    comments_needed,
    days_of_quota,
    estimate,
    expected,
    probe,
    users_needed,
)
from gettok.collect.windows import Window
from gettok.research_api import Page
from gettok.store import Store


@pytest.mark.parametrize(
    ("parts", "days"),
    [
        ([(0, 980)], 0),
        ([(1, 980)], 1),
        ([(980, 980)], 1),
        ([(981, 980)], 2),
        ([(100, 980), (150, 200), (150, 200)], 1),
        ([(0, 980), (401, 200)], 3),
        ([(0, 980), (250, 200), (250, 200)], 3),
        ([(900, 980), (150, 200)], 2),
        ([(0, 980), (0, 0), (5, 200)], 1),
    ],
)
def test_parts_share_a_day_as_far_as_each_of_them_may(parts, days):
    assert days_of_quota(parts, 980) == days


def first_page(*created, more=True, cursor=None):
    videos = [{"id": number, "create_time": time} for number, time in enumerate(created)]
    data = {"videos": videos, "has_more": more} | ({} if cursor is None else {"cursor": cursor})
    return Page({}, 200, {}, datetime(2023, 3, 15, tzinfo=UTC), json.dumps({"data": data}))


#: Two days; the second ends at 2022-12-03.
WINDOW = Window(date(2022, 12, 1), date(2022, 12, 2))
END = int(datetime(2022, 12, 3, tzinfo=UTC).timestamp())
HOUR = 3600


@pytest.mark.parametrize(
    ("page", "rows", "requests"),
    [
        (first_page(END - HOUR, more=False), 1, 1),
        (first_page(more=False), 0, 1),
        (first_page(None, "x"), None, 2),
        (first_page(), None, 2),
        # the first page covers the newest quarter of the days
        (first_page(END - HOUR, END - 12 * HOUR, cursor=100), 8, 4),
        (first_page(END - 12 * HOUR, END - HOUR), 8, 4),
        (first_page(END - 12 * HOUR, None, cursor=100), 8, 4),
        (first_page(END - 12 * HOUR, END, cursor=99), 8, 4),
        (first_page(END - 12 * HOUR, END, cursor=101), 8, 5),
        # a quarter of the candidates only
        (first_page(END - 12 * HOUR, END, cursor=25), 8, 2),
        # it reaches back beyond the window, so one more page is all
        (first_page(END - 72 * HOUR, END, cursor=100), 2, 2),
        # all at once at the very end
        (first_page(END, END, cursor=100), 345_600, 172_800),
        (first_page(END + 9, END, cursor=100), 345_600, 172_800),
    ],
)
def test_the_rest_of_a_search_is_expected_from_how_far_its_first_page_reaches(page, rows, requests):
    assert expected(page, WINDOW) == (rows, requests)


class Known:
    """Which comments and profiles are in the store."""

    def __init__(self, comments=(), users=()):
        self.comments, self.users = comments, users

    def has_comments(self, video_id, limit):
        return limit == 50 and video_id in self.comments

    def has_user(self, username):
        return username in self.users


SEEN = [
    VideoOnPage("1", "d", "a"),
    VideoOnPage("2", "d", "a"),
    VideoOnPage("3", "d", "b"),
    VideoOnPage("4", "d", ""),
]


@pytest.mark.parametrize(("videos", "needed"), [(10, 9), (4, 3), (3, 3), (0, 3)])
def test_comments_take_a_request_for_each_video_whose_comments_are_not_there(videos, needed):
    assert comments_needed(Known(comments=("2",)), SEEN, videos, 50) == needed


@pytest.mark.parametrize(("videos", "needed"), [(8, 3), (4, 1), (2, 1), (0, 1)])
def test_profiles_take_a_request_for_as_many_authors_a_video_as_were_seen(videos, needed):
    assert users_needed(Known(users=("a",)), SEEN, videos) == needed
    assert users_needed(Known(), [], videos) == 0


@pytest.mark.parametrize(
    ("parts", "daily", "days"),
    [
        ([(10, 10)], 10, 1),
        ([(11, 10)], 11, 2),
        ([(5, 3), (5, 3)], 100, 3),
        ([(6, 4), (3, 3)], 5, 2),
        ([(6, 4), (4, 3)], 5, 3),
    ],
)
def test_a_part_may_take_no_more_of_a_day_than_its_share_and_than_others_leave(parts, daily, days):
    assert days_of_quota(parts, daily) == days


DAY = Window(date(2022, 12, 2), date(2022, 12, 2))
LATER = datetime(2023, 3, 1, tzinfo=UTC)


def sent(*hours_before_the_end, more, cursor):
    videos = [{"id": hours, "create_time": END - hours * HOUR} for hours in hours_before_the_end]
    return http({"data": {"videos": videos, "has_more": more, "cursor": cursor}, "error": OK})


@pytest.mark.parametrize(
    ("script", "pages", "due"),
    [
        ([], 0, WindowEstimate(DAY, "planned", 0, 1)),
        # a page for six hours: four in all
        ([sent(1, 6, more=True, cursor=100)], 1, WindowEstimate(DAY, "planned", 1, 3, 8, 2)),
        (
            [sent(1, 6, more=True, cursor=100), sent(7, 9, 12, more=True, cursor=200)],
            2,
            WindowEstimate(DAY, "planned", 2, 2, 8, 5),
        ),
        # more pages than were expected: at least one more
        (
            [sent(1, 24, more=True, cursor=100), *(sent(24, more=True, cursor=n) for n in (200, 300))],
            3,
            WindowEstimate(DAY, "planned", 3, 1, 2, 4),
        ),
        ([sent(1, 6, more=False, cursor=100)], 1, WindowEstimate(DAY, "read", 1, 0, 2, 2)),
    ],
)
def test_a_window_is_estimated_from_the_pages_that_are_there(tmp_path, script, pages, due):
    with (
        RawServer(script or [b""]) as server,
        Asker(server.base, tmp_path) as asker,
        Store(tmp_path) as store,
    ):
        collector = Collector(store, asker.api, "s", {"and": []}, DAY)
        if pages:
            probe(collector, DAY)
            stored = collector.search(DAY).pages(0)
            for _ in range(pages):
                next(stored)
        assert estimate(collector, DAY, lambda: LATER) == due
        assert len(server.questions) == pages


@pytest.mark.parametrize(
    ("hours_after", "due"),
    [
        (47, WindowEstimate(DAY, "done", 0, 2, 4, 4)),
        (48, WindowEstimate(DAY, "done", 2, 0, 4, 4)),
    ],
)
def test_a_day_that_was_read_within_48_hours_is_asked_for_again_page_by_page(tmp_path, hours_after, due):
    began = datetime(2022, 12, 3, tzinfo=UTC) + timedelta(hours=hours_after)
    script = [
        page.replace(DATE.encode(), f"{began:%a, %d %b %Y %H:%M:%S} GMT".encode())
        for page in (sent(1, 6, more=True, cursor=100), sent(7, 9, more=False, cursor=200))
    ]
    with RawServer(script) as server, Asker(server.base, tmp_path) as asker, Store(tmp_path) as store:
        collector = Collector(store, asker.api, "s", {"and": []}, DAY)
        asker.clock.at = began.timestamp()
        asker.api.server.learn({"Date": f"{began:%a, %d %b %Y %H:%M:%S} GMT"})
        collector.journal.note(DAY, "planned")
        list(collector._collect_window(DAY))
        assert estimate(collector, DAY, lambda: LATER) == due
