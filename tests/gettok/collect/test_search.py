"""One search against a server that leaves things out: what continues it, what ends it, and what it is worth."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from api_caller import OK, Asker, RawServer, fails, http

from gettok.collect import Canary, People
from gettok.collect.people import videos_on
from gettok.collect.search import Search
from gettok.collect.windows import Window
from gettok.errors import NotNow
from gettok.research_api import Page, RequestFailing, SearchExpired
from gettok.store import Store

WINDOW = Window(date(2022, 12, 1), date(2022, 12, 9))
FAILED = fails(500, "internal_error")
UNKNOWN = fails(400, "invalid_params", "Search Id 7 is invalid or expired")
NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)


def page(cursor: Any, *, more: bool = True, videos: int = 1, **data: Any) -> bytes:
    rows = [{"id": number, "create_time": 1} for number in range(videos)]
    body = {"data": {"videos": rows, "cursor": cursor, "has_more": more, **data}, "error": OK}
    return http(body)


@contextmanager
def searching(folder, *script: bytes, **settings: Any) -> Iterator[SimpleNamespace]:
    with (
        RawServer(script) as server,
        Asker(server.base, folder) as asker,
        Store(folder) as store,
    ):
        search = Search(store, asker.api, {"and": []}, WINDOW, {"source": "s"}, **settings)
        yield SimpleNamespace(search=search, server=server, asker=asker, store=store)


def asked(server: RawServer, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(json.loads(question.body).get(name) for name in names) for question in server.questions]


def test_the_first_page_has_neither_cursor_nor_search_id_and_each_later_one_has_the_last_of_both(tmp_path):
    script = [page(100, search_id="a"), page(200, search_id="b"), page(300, more=False)]
    with searching(tmp_path, *script) as run:
        assert len(list(run.search.pages(0))) == 3
        assert asked(run.server, "cursor", "search_id") == [(None, None), (100, "a"), (200, "b")]


def test_a_page_without_a_search_id_keeps_the_one_before(tmp_path):
    script = [page(100, search_id="a"), page(200), page(300), page(400, more=False)]
    with searching(tmp_path, *script) as run:
        list(run.search.pages(0))
        assert asked(run.server, "search_id") == [(None,), ("a",), ("a",), ("a",)]


def test_a_server_that_never_gives_a_search_id_is_asked_without_one(tmp_path):
    with searching(tmp_path, page(100), page(200, more=False)) as run:
        list(run.search.pages(0))
        assert asked(run.server, "search_id") == [(None,), (None,)]


@pytest.mark.parametrize("cursor", [100, 99, 0, None, "x"])
def test_a_cursor_that_does_not_move_ends_the_search_and_keeps_its_pages(tmp_path, cursor):
    with searching(tmp_path, page(100), page(cursor)) as run:
        pages = run.search.pages(0)
        assert [next(pages).cursor, next(pages).cursor] == [0, 100]
        with pytest.raises(RequestFailing, match="does not move on from cursor 100"):
            next(pages)
        assert [stored.cursor for stored in run.search.stored(0)] == [0, 100]


def test_a_cursor_of_one_more_moves_on(tmp_path):
    with searching(tmp_path, page(100), page("101"), page(102, more=False)) as run:
        assert [stored.cursor for stored in run.search.pages(0)] == [0, 100, 101]


@pytest.mark.parametrize("empty", [19, 20])
def test_twenty_pages_in_a_row_without_a_video_end_a_search(tmp_path, empty):
    script = [page(number + 1, videos=0) for number in range(empty)]
    script += [page(99, videos=1), page(100, videos=0, more=False)]
    with searching(tmp_path, *script) as run:
        if empty < 20:
            assert len(list(run.search.pages(0))) == 21
        else:
            with pytest.raises(RequestFailing, match="20 pages in a row have no video, up to cursor 20"):
                list(run.search.pages(0))


def test_a_page_with_a_video_begins_the_count_of_empty_ones_anew(tmp_path):
    script = [page(number + 1, videos=number % 10 == 9) for number in range(49)]
    with searching(tmp_path, *script, page(99, more=False)) as run:
        assert len(list(run.search.pages(0))) == 50


@pytest.mark.parametrize(("age_s", "attempts"), [(600, 6), (601, 2)])
def test_a_search_is_old_ten_minutes_after_its_last_page(tmp_path, age_s, attempts):
    with searching(tmp_path, page(100, search_id="a"), UNKNOWN) as run:
        pages = run.search.pages(0)
        next(pages)
        run.asker.clock.at += age_s
        with pytest.raises(SearchExpired):
            next(pages)
        assert len(run.server.questions) == 1 + attempts


@pytest.mark.parametrize(
    ("script", "is_empty"),
    [
        ([page(100, videos=0, more=False)], True),
        ([page(100, videos=1, more=False)], False),
        ([page(100, videos=0), page(200, videos=0, more=False)], False),
    ],
)
def test_only_a_first_page_with_nothing_behind_it_is_empty(tmp_path, script, is_empty):
    seen: list[Window] = []
    with searching(tmp_path, *script, on_empty=seen.append) as run:
        list(run.search.pages(0))
        assert seen == [WINDOW] * is_empty


def test_an_empty_page_that_is_objected_to_is_not_stored(tmp_path):
    def object_(window: Window) -> None:
        raise NotNow(str(window), "", "")

    with searching(tmp_path, page(100, videos=0, more=False), on_empty=object_) as run:
        with pytest.raises(NotNow):
            list(run.search.pages(0))
        assert list(run.search.stored(0)) == []


def test_attempts_have_pages_of_their_own(tmp_path):
    with searching(tmp_path, page(100, more=False)) as run:
        for attempt in (0, 1, 1):
            assert len(list(run.search.pages(attempt))) == 1
        assert len(run.server.questions) == 2
        assert [stored.search for stored in run.search.stored(1)] == [f"{WINDOW}.1"]


def canary_of(run: SimpleNamespace) -> Canary:
    return Canary(run.asker.api, ("b", "a"))


@pytest.mark.parametrize(("later_s", "questions"), [(3599, 1), (3600, 2)])
def test_what_the_canary_finds_is_trusted_for_an_hour(tmp_path, later_s, questions):
    with searching(tmp_path, page(0, more=False)) as run:
        canary = canary_of(run)
        canary.check(WINDOW)
        run.asker.clock.at += later_s
        canary.check(WINDOW)
        assert asked(run.server, "start_date", "end_date", "max_count") == [("20221109", "20221209", 20)] * (
            questions
        )


@pytest.mark.parametrize(
    ("found", "is_alive"),
    [
        (page(0, videos=0, more=False), False),
        (page(0, videos=0, more=True), True),
        (page(0, videos=1, more=False), True),
    ],
)
def test_the_canary_is_alive_with_a_video_or_with_more_to_come(tmp_path, found, is_alive):
    with searching(tmp_path, found) as run:
        if is_alive:
            canary_of(run).check(WINDOW)
        else:
            for _ in range(2):
                with pytest.raises(NotNow, match="neither does one for b, a"):
                    canary_of(run).check(WINDOW)


@pytest.mark.parametrize(
    ("answer", "is_answered"), [(page(0, videos=0, more=False), True), (UNKNOWN, False), (FAILED, False)]
)
def test_whether_the_canary_is_answered_takes_one_question_about_a_day_ten_days_ago(
    tmp_path, answer, is_answered
):
    with searching(tmp_path, answer) as run:
        assert canary_of(run).is_answered() is is_answered
        assert asked(run.server, "start_date", "end_date") == [("20230305", "20230305")]


@pytest.mark.parametrize("answer", [UNKNOWN, FAILED])
def test_a_canary_that_fails_ends_the_run_for_now(tmp_path, answer):
    with searching(tmp_path, answer) as run, pytest.raises(NotNow, match="the Research API fails"):
        canary_of(run).check(WINDOW)


def comments(cursor: Any, *, more: bool = True) -> bytes:
    return http({"data": {"comments": [], "cursor": cursor, "has_more": more}, "error": OK})


@pytest.mark.parametrize(
    ("limit", "script", "counts"),
    [
        (250, [100, 200, 300], [(0, 100), (100, 100), (200, 50)]),
        (200, [100, 200, 300], [(0, 100), (100, 100)]),
        (201, [100, 200, 300], [(0, 100), (100, 100), (200, 1)]),
        (99, [99], [(0, 99)]),
        (500, [100, 100], [(0, 100), (100, 100)]),
        (500, [100, None], [(0, 100), (100, 100)]),
    ],
)
def test_comments_are_asked_for_up_to_the_limit_while_the_cursor_moves(tmp_path, limit, script, counts):
    with searching(tmp_path, *map(comments, script)) as run:
        people = People(run.store, run.asker.api, "s")
        list(people.comments("7", limit, 1000))
        assert asked(run.server, "cursor", "max_count") == counts


@pytest.mark.parametrize(("cursor", "is_kept"), [(999, False), (1000, True)])
def test_a_refused_cursor_is_the_end_of_the_comments_from_a_thousand_on(tmp_path, cursor, is_kept):
    refused = fails(400, "invalid_params", "Invalid count or cursor")
    with searching(tmp_path, comments(cursor), refused) as run:
        pages = People(run.store, run.asker.api, "s").comments("7", 2000, 1000)
        next(pages)
        if is_kept:
            assert next(pages).page.status == 400
            assert next(pages, None) is None
        else:
            with pytest.raises(RequestFailing):
                next(pages)


def test_a_profile_that_fails_is_asked_for_once_a_day_and_given_up_after_the_days_of_patience(tmp_path):
    script = [FAILED] * 6 + [FAILED.replace(b"Wed, 15 Mar", b"Thu, 16 Mar")] * 6
    with searching(tmp_path, *script) as run:
        people = People(run.store, run.asker.api, "s", patience_days=2)
        for day, questions in enumerate([6, 12, 12]):
            for _ in range(2):
                with pytest.raises(RequestFailing):
                    people.user("u", 1000)
            assert len(run.server.questions) == questions
            assert people.is_given_up("user/info", "u") is (day >= 1)
            run.asker.clock.at += 86_400


@pytest.mark.parametrize(
    ("created", "is_shown"),
    [(0, True), (-1, False), (2**33 - 1, True), (2**33, False), (None, False), ("7", True)],
)
def test_a_video_on_a_page_has_a_time_that_a_calendar_has(created, is_shown):
    text = json.dumps({"data": {"videos": [{"id": 7, "create_time": created}]}})
    assert len(list(videos_on(Page({}, 200, {}, NOON, text)))) == is_shown


@pytest.mark.parametrize("video_id", [None, "x", True, float("nan")])
def test_a_video_without_an_id_is_not_shown(video_id):
    text = json.dumps({"data": {"videos": [{"id": video_id, "create_time": 1}]}})
    assert list(videos_on(Page({}, 200, {}, NOON, text))) == []


def test_an_author_and_a_day_are_as_the_page_shows_them():
    rows = [{"id": 7, "create_time": 86_399}, {"id": 8, "create_time": 86_400, "username": "a"}]
    text = json.dumps({"data": {"videos": rows}})
    found = [(video.day, video.username) for video in videos_on(Page({}, 200, {}, NOON, text))]
    assert found == [("1970-01-01", ""), ("1970-01-02", "a")]
