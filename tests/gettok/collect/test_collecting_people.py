"""Comments and authors: each page once, refusals kept as answers, and a part of the quota for each endpoint."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from collecting import STUDY, client

from gettok.collect import People, Seen, seen_on
from gettok.research_api import AccessDenied, QuotaExhausted, RequestFailing
from sandbox.profiles import Profile

MANY = 1000


@contextmanager
def asking(researcher) -> Iterator[People]:
    with client(researcher.folder, researcher.sandbox.research_api) as (store, api):
        yield People(store, api, "sandbox")


@pytest.fixture
def seen(at) -> list[Seen]:
    """The videos of the corpus as their pages show them."""
    with at("search") as researcher:
        return [one for kept in researcher.collect() for one in seen_on(kept.page)]


@pytest.fixture
def busy(castillo, seen) -> str:
    """The one video with 1,500 comments."""
    rows = [row["api"] for row in json.loads((castillo / "videos.json").read_text("utf-8"))]
    return max(rows, key=lambda row: row["comment_count"])["id"]


def paths(researcher) -> list[str]:
    return [entry["path"].removeprefix("/v2/research/") for entry in researcher.sandbox.requests()[1:]]


def test_pages_tell_whose_videos_they_show_and_of_which_day(seen, castillo):
    assert len({one.video_id for one in seen}) == len(seen) == 420
    assert {one.day for one in seen} == {str(day) for day in STUDY.days}
    assert all(one.username.startswith("autor_") for one in seen)


def test_comments_are_read_page_by_page_up_to_the_most_that_is_wanted(at, busy):
    with at() as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                kept = list(people.comments(busy, 250, MANY))
            assert [one.page.request["body"]["max_count"] for one in kept] == [100, 100, 50]
            assert sum(len(one.page.data["comments"]) for one in kept) == 250
        assert paths(researcher) == ["video/comment/list/"] * 3, "and asked for once"


def test_a_larger_wish_pays_for_what_is_more_only(at, busy):
    with at() as researcher:
        with asking(researcher) as people:
            list(people.comments(busy, 200, MANY))
            kept = list(people.comments(busy, 400, MANY))
        assert len(kept) == 4
        assert len(paths(researcher)) == 4


def test_comments_end_at_the_cursor_that_the_api_refuses_and_the_refusal_is_kept(at, busy):
    with at(profile=Profile(comment_cap=1000)) as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                kept = list(people.comments(busy, 5000, MANY))
            assert sum(len(one.page.data.get("comments", [])) for one in kept) == 1000
            assert [one.page.status for one in kept] == [200] * 10 + [400]
        assert paths(researcher) == ["video/comment/list/"] * 11


def test_every_comment_of_a_busy_video_is_there_where_the_api_gives_more_than_a_thousand(at, busy):
    with at() as researcher, asking(researcher) as people:
        kept = list(people.comments(busy, 5000, MANY))
        assert sum(len(one.page.data["comments"]) for one in kept) == 1500


def test_a_profile_is_asked_for_once(at, seen):
    with at() as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                kept = people.user(seen[0].username, MANY)
            assert kept.page.data["display_name"]
            assert kept.subject == seen[0].username
        assert paths(researcher) == ["user/info/"]


@pytest.mark.parametrize("switch", ["gone_users", "refused_users"])
def test_a_user_who_is_gone_or_refused_is_an_answer_and_not_asked_for_again(at, seen, switch):
    name = seen[0].username
    with at(profile=Profile(**{switch: frozenset({name})})) as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                assert people.user(name, MANY).page.status == 400
        assert paths(researcher) == ["user/info/"]


def test_each_endpoint_keeps_to_its_part_of_the_quota(at, seen):
    names = sorted({one.username for one in seen})[:4]
    with at() as researcher:
        with asking(researcher) as people:
            list(people.comments(seen[0].video_id, 100, MANY))
            for name in names[:3]:
                people.user(name, 3)
            with pytest.raises(QuotaExhausted, match="3 requests of user/info are used"):
                people.user(names[3], 3)
            assert people.user(names[0], 3).page.status == 200, "what is kept costs nothing"
            list(people.comments(seen[1].video_id, 100, MANY))
        researcher.next_day()
        with asking(researcher) as people:
            people.api.now()
            assert people.user(names[3], 3).page.status == 200


def test_an_endpoint_that_is_denied_says_so_and_the_other_one_goes_on(at, seen):
    profile = Profile(denied=frozenset({"/v2/research/video/comment/list/"}))
    with at(profile=profile) as researcher, asking(researcher) as people:
        with pytest.raises(AccessDenied, match="scope_not_authorized"):
            list(people.comments(seen[0].video_id, 100, MANY))
        assert people.user(seen[0].username, MANY).page.status == 200


def test_f02_trouble_with_one_video_is_no_answer_about_it(at, seen):
    script = [{"do": "500", "match": "comment/list", "times": 6}]
    with at(script=script) as researcher, asking(researcher) as people:
        for _ in range(2):
            with pytest.raises(RequestFailing, match="internal_error"):
                list(people.comments(seen[0].video_id, 100, MANY))
        assert paths(researcher) == ["video/comment/list/"] * 6, "once a day"
        assert not people.is_given_up("video/comment/list", seen[0].video_id)
        researcher.next_day()
        list(people.comments(seen[1].video_id, 100, MANY))
        (kept,) = people.comments(seen[0].video_id, 100, MANY)
        assert kept.page.status == 200


def test_a_profile_that_comes_with_status_500_is_a_profile(at, seen):
    with at(profile=Profile(user_500_with_data=True)) as researcher, asking(researcher) as people:
        kept = people.user(seen[0].username, MANY)
        assert (kept.page.status, bool(kept.page.data)) == (500, True)
        assert paths(researcher) == ["user/info/"]
