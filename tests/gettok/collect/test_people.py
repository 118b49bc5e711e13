"""Comments and authors: each page once, refusals stored as answers, and a part of the quota for each endpoint."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from collecting import STUDY, client

from gettok.collect import People, VideoOnPage, videos_on
from gettok.collect.id_lookup import ids_on
from gettok.research_api import AccessDenied, Page, QuotaExhausted, RequestFailing
from sandbox.profiles import Profile

MANY = 1000


@contextmanager
def asking(researcher) -> Iterator[People]:
    with client(researcher.folder, researcher.sandbox.research_api) as (store, api):
        yield People(store, api, "sandbox")


@pytest.fixture
def videos(at) -> list[VideoOnPage]:
    """The videos of the corpus, as pages show them."""
    with at("search") as researcher:
        return [video for stored in researcher.collect() for video in videos_on(stored.page)]


@pytest.fixture
def busy(castillo, videos) -> str:
    """The one video with 1,500 comments."""
    rows = [row["api"] for row in json.loads((castillo / "videos.json").read_text("utf-8"))]
    return max(rows, key=lambda row: row["comment_count"])["id"]


def paths(researcher) -> list[str]:
    return [entry["path"].removeprefix("/v2/research/") for entry in researcher.sandbox.requests()[1:]]


def test_pages_show_each_video_s_author_and_day(videos, castillo):
    assert len({video.video_id for video in videos}) == len(videos) == 420
    assert {video.day for video in videos} == {str(day) for day in STUDY.days}
    assert all(video.username.startswith("autor_") for video in videos)


@pytest.mark.parametrize("spelling", [{"id": 7}, {"video_id": 7}, {"id": None, "video_id": "7"}])
def test_a_video_is_known_by_either_spelling_of_its_id(spelling):
    text = json.dumps({"data": {"videos": [{**spelling, "create_time": 1670414400}]}})
    page = Page({}, 200, {}, datetime(2023, 3, 15, tzinfo=UTC), text)
    assert [video.video_id for video in videos_on(page)] == ["7"]
    assert list(ids_on(page)) == ["7"]


def test_comments_are_read_page_by_page_up_to_the_limit(at, busy):
    with at() as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                pages = list(people.comments(busy, 250, MANY))
            assert [stored.page.request["body"]["max_count"] for stored in pages] == [100, 100, 50]
            assert sum(len(stored.page.data["comments"]) for stored in pages) == 250
        assert paths(researcher) == ["video/comment/list/"] * 3, "and asked for once"


def test_a_larger_limit_pays_for_the_additional_pages_only(at, busy):
    with at() as researcher:
        with asking(researcher) as people:
            list(people.comments(busy, 200, MANY))
            pages = list(people.comments(busy, 400, MANY))
        assert len(pages) == 4
        assert len(paths(researcher)) == 4


def test_comments_end_at_the_cursor_that_the_api_refuses_and_the_refusal_is_kept(at, busy):
    with at(profile=Profile(comment_cap=1000)) as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                pages = list(people.comments(busy, 5000, MANY))
            assert sum(len(stored.page.data.get("comments", [])) for stored in pages) == 1000
            assert [stored.page.status for stored in pages] == [200] * 10 + [400]
        assert paths(researcher) == ["video/comment/list/"] * 11


def test_every_comment_of_a_busy_video_is_there_where_the_api_gives_more_than_a_thousand(at, busy):
    with at() as researcher, asking(researcher) as people:
        pages = list(people.comments(busy, 5000, MANY))
        assert sum(len(stored.page.data["comments"]) for stored in pages) == 1500


def test_a_profile_is_asked_for_once(at, videos):
    with at() as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                pages = people.user(videos[0].username, MANY)
            assert pages.page.data["display_name"]
            assert pages.subject == videos[0].username
        assert paths(researcher) == ["user/info/"]


@pytest.mark.parametrize("switch", ["gone_users", "refused_users"])
def test_a_user_who_is_gone_or_refused_is_an_answer_and_not_asked_for_again(at, videos, switch):
    name = videos[0].username
    with at(profile=Profile(**{switch: frozenset({name})})) as researcher:
        for _ in range(2):
            with asking(researcher) as people:
                assert people.user(name, MANY).page.status == 400
        assert paths(researcher) == ["user/info/"]


def test_each_endpoint_keeps_to_its_part_of_the_quota(at, videos):
    names = sorted({video.username for video in videos})[:4]
    with at() as researcher:
        with asking(researcher) as people:
            list(people.comments(videos[0].video_id, 100, MANY))
            for name in names[:3]:
                people.user(name, 3)
            with pytest.raises(QuotaExhausted, match="3 requests of user/info are used"):
                people.user(names[3], 3)
            assert people.user(names[0], 3).page.status == 200, "what is stored costs nothing"
            list(people.comments(videos[1].video_id, 100, MANY))
        researcher.next_day()
        with asking(researcher) as people:
            people.api.now()
            assert people.user(names[3], 3).page.status == 200


def test_an_endpoint_that_is_denied_says_so_and_the_other_one_goes_on(at, videos):
    profile = Profile(denied=frozenset({"/v2/research/video/comment/list/"}))
    with at(profile=profile) as researcher, asking(researcher) as people:
        with pytest.raises(AccessDenied, match="scope_not_authorized"):
            list(people.comments(videos[0].video_id, 100, MANY))
        assert people.user(videos[0].username, MANY).page.status == 200


def test_f02_trouble_with_one_video_is_no_answer_about_it(at, videos):
    script = [{"do": "500", "match": "comment/list", "times": 6}]
    with at(script=script) as researcher, asking(researcher) as people:
        for _ in range(2):
            with pytest.raises(RequestFailing, match="internal_error"):
                list(people.comments(videos[0].video_id, 100, MANY))
        assert paths(researcher) == ["video/comment/list/"] * 6, "once a day"
        assert not people.is_given_up("video/comment/list", videos[0].video_id)
        researcher.next_day()
        list(people.comments(videos[1].video_id, 100, MANY))
        (pages,) = people.comments(videos[0].video_id, 100, MANY)
        assert pages.page.status == 200


def test_a_profile_that_comes_with_status_500_is_a_profile(at, videos):
    with at(profile=Profile(user_500_with_data=True)) as researcher, asking(researcher) as people:
        pages = people.user(videos[0].username, MANY)
        assert (pages.page.status, bool(pages.page.data)) == (500, True)
        assert paths(researcher) == ["user/info/"]
