"""Rounds of refreshing: which videos are due, by which method, and when a video counts as gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from collecting import client, facts, ids, tables
from hypothesis import given
from hypothesis import strategies as st

from gettok.collect.compliance import Compliance
from gettok.collect.refresh import DatasetVideo, Refresher, cheaper_method, round_settings
from gettok.collect.search import stored_pages
from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.errors import NotNow, Stop
from gettok.research_api import QuotaExhausted
from sandbox.chance import fraction
from sandbox.clock import START
from sandbox.profiles import PROFILES, Profile

AGE = timedelta(days=15)
ALL = Window(date(2016, 1, 1), date(2030, 1, 1))
DAY = timedelta(days=1)


@contextmanager
def refreshing(researcher) -> Iterator[Refresher]:
    with client(researcher.folder, researcher.sandbox.research_api) as (store, api):
        yield Refresher(store, api, "sandbox")


@pytest.fixture
def videos(castillo) -> list[DatasetVideo]:
    return [DatasetVideo(video_id, day, START) for video_id, day in facts(castillo).items()]


def a_round(researcher, videos, method, gone=frozenset()):
    """One round to its end; returns its outcome, or None if nothing is due."""
    with refreshing(researcher) as refresher:
        round_ = refresher.unfinished()
        if round_ is None:
            due = refresher.due(videos, AGE, set(gone))
            if not due:
                return None
            round_ = refresher.begin(due, method)
        list(refresher.run(round_))
        return refresher.outcome(round_)


def vanished(videos) -> set[str]:
    profile = PROFILES["refresh"]
    return {
        video.video_id
        for video in videos
        if fraction(profile.seed, "vanish", video.video_id) < profile.vanish_rate
    }


def paths(researcher) -> list[str]:
    requested = (
        entry["path"].removeprefix("/v2/research/").rstrip("/") for entry in researcher.sandbox.requests()
    )
    return [path for path in requested if "oauth" not in path]


@pytest.mark.parametrize(
    ("videos", "by_ids", "method"),
    [
        (100, 1, "ids"),
        (400, 4, "ids"),
        (500, 5, "compliance"),
        (10_000, 100, "compliance"),
        (10_001, 8, "ids"),
        (10_001, 9, "compliance"),
        (4, 4, "ids"),
        (5, 5, "compliance"),
    ],
)
def test_the_method_that_costs_fewer_requests_is_chosen(videos, by_ids, method):
    assert cheaper_method(videos, by_ids) == method


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_no_method_is_chosen_that_costs_more(videos, by_ids):
    compliance = 4 * -(-videos // 10_000)
    assert {"ids": by_ids, "compliance": compliance}[cheaper_method(videos, by_ids)] == min(
        by_ids, compliance
    )


def test_videos_are_due_by_age(at):
    old, young = (
        DatasetVideo("1", date(2022, 12, 1), START - AGE),
        DatasetVideo("2", date(2022, 12, 1), START - AGE + DAY),
    )
    gone = DatasetVideo("3", date(2022, 12, 1), START - 2 * AGE)
    with at() as researcher, refreshing(researcher) as refresher:
        assert refresher.due([young, old, gone], AGE, {sha256("3")}) == {"1": old.day}


@pytest.mark.parametrize("method", ["ids", "compliance"])
def test_exactly_the_vanished_are_missed(at, videos, method):
    with at(profile="refresh") as researcher:
        researcher.next_day(15)
        outcome = a_round(researcher, videos, method)
        assert set(outcome.missing) == vanished(videos)
        line = outcome.line("sandbox")
        assert (line["asked"], line["missing"]) == ("420", str(len(vanished(videos))))
        assert int(line["confirmed"]) == 420 - len(vanished(videos))
        assert line["method"] == method


def test_a_round_by_ids_reads_the_counts_anew(at, videos):
    with at(profile=Profile(counts_drift=0.2)) as researcher:
        first = researcher.collect()
        researcher.next_day(20)
        outcome = a_round(researcher, videos, "ids")
        with client(researcher.folder, researcher.sandbox.research_api) as (store, _):
            pages = list(stored_pages(store, round_settings("sandbox", outcome.round.name)))
        assert ids(pages, ALL) == {video.video_id for video in videos}
        table = tables([*first, *pages])[0]
        assert set(table["observations"]) == {2}
        assert (table["observed_at"] - table["first_observed_at"]).unique().to_list() == [timedelta(days=20)]


def test_a_round_by_compliance_looks_only_for_those_that_it_missed(at, videos):
    with at(profile="refresh") as researcher:
        researcher.next_day(15)
        a_round(researcher, videos, "compliance")
        tasks = [path for path in paths(researcher) if "validation" in path]
        assert tasks == ["validation_task/create", "validation_task_status/get", "validation_task/download"]
        looked_for = [path for path in paths(researcher) if path == "video/query"]
        assert 2 <= len(looked_for) <= 6


def test_a_compliance_check_that_is_wrong_is_put_right_by_looking(at, videos):
    """A video is confirmed if a search finds it, even if the file of valid ids lacks it."""
    with at() as researcher:
        researcher.next_day(15)
        with refreshing(researcher) as refresher:
            round_ = refresher.begin(refresher.due(videos, AGE, set()), "compliance")
            some = tuple(round_.ids)
            settings = round_settings("sandbox", round_.name)
            valid = Compliance(refresher.store, refresher.api, settings).valid(some)
            assert valid == set(some)
            list(refresher.run(round_))
            assert refresher.outcome(round_).missing == ()


def test_what_a_round_confirmed_is_not_due_again_until_its_time_has_come(at, videos):
    with at(profile="refresh") as researcher:
        researcher.next_day(15)
        outcome = a_round(researcher, videos, "compliance")
        gone = {sha256(video_id) for video_id in outcome.missing}
        before = len(paths(researcher))
        assert a_round(researcher, videos, "ids", gone) is None
        researcher.next_day(14)
        assert a_round(researcher, videos, "ids", gone) is None
        assert len(paths(researcher)) == before
        researcher.next_day()
        again = a_round(researcher, videos, "ids", gone)
        assert again.missing == ()
        assert len(again.round.days) == 420 - len(gone)


def test_a_round_that_was_cut_short_is_continued(at, videos):
    with at(script=["ok", "ok", "429_quota"]) as researcher:
        researcher.next_day(15)
        with pytest.raises(QuotaExhausted):
            a_round(researcher, videos, "ids")
        before = len(paths(researcher))
        researcher.next_day()
        with refreshing(researcher) as refresher:
            begun = refresher.unfinished()
            assert begun.name == "2023-03-30T12:00:00Z"
            assert begun.days == {video.video_id: video.day for video in videos}
            list(refresher.run(begun))
            assert refresher.unfinished() is None
        assert len(paths(researcher)) - before == 3, "two of five searches were answered before"


def test_rounds_of_two_studies_that_begin_in_one_second_are_two(at, videos):
    with at() as researcher:
        researcher.next_day(15)
        first, second = (a_round(researcher, part, "ids") for part in (videos[:5], videos[5:9]))
    assert (first.round.name, second.round.name) == ("2023-03-30T12:00:00Z", "2023-03-30T12:00:01Z")
    assert set(second.round.days) == {video.video_id for video in videos[5:9]}


def test_a_round_that_misses_more_than_half_counts_no_video_as_gone(at, videos):
    with at(profile=Profile(vanish_rate=0.6)) as researcher:
        researcher.next_day(15)
        with pytest.raises(Stop, match="not likely") as error:
            a_round(researcher, videos, "ids")
        assert "--accept-losses" in error.value.can
        with refreshing(researcher) as refresher:
            assert refresher.unfinished() is None
            assert len(refresher.due(videos, AGE, set())) == 420, "none was confirmed either"


def test_losses_that_a_person_accepts_count_as_gone(at, videos):
    with at(profile=Profile(vanish_rate=0.6)) as researcher:
        researcher.next_day(15)
        with refreshing(researcher) as refresher:
            round_ = refresher.begin(refresher.due(videos, AGE, set()), "ids")
            list(refresher.run(round_, accept_losses=True))
            missing = refresher.outcome(round_).missing
            assert 210 < len(missing) < 420
            assert refresher.due(videos, AGE, set(map(sha256, missing))) == {}


def test_a_few_videos_may_all_be_gone(at, videos):
    few = videos[:10]
    with at(profile=Profile(hidden=frozenset(video.video_id for video in few))) as researcher:
        researcher.next_day(15)
        assert len(a_round(researcher, few, "ids").missing) == 10


def test_compliance_waits_for_a_task_and_comes_back_to_the_same_one(at, videos):
    with at(profile=Profile(compliance_polls=9)) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow, match="still checking 420 ids"):
            a_round(researcher, videos, "compliance")
        assert paths(researcher).count("validation_task/create") == 1
        assert a_round(researcher, videos, "compliance").missing == ()
        assert paths(researcher).count("validation_task/create") == 1
        assert paths(researcher).count("validation_task/download") == 1


def test_f34_a_kill_between_handing_in_and_fetching_does_not_hand_in_twice(at, videos):
    with at(script=[{"do": "429_quota", "match": "validation_task_status"}]) as researcher:
        researcher.next_day(15)
        with pytest.raises(QuotaExhausted):
            a_round(researcher, videos, "compliance")
        assert paths(researcher) == ["validation_task/create", "validation_task_status/get"]
        researcher.next_day()
        assert a_round(researcher, videos, "compliance").missing == ()
        assert paths(researcher).count("validation_task/create") == 1


def test_a_list_of_valid_ids_that_came_is_not_fetched_again(at, videos):
    with at(profile="refresh", script=[{"do": "429_quota", "match": "video/query"}]) as researcher:
        researcher.next_day(15)
        with pytest.raises(QuotaExhausted):
            a_round(researcher, videos, "compliance")
        researcher.next_day()
        assert set(a_round(researcher, videos, "compliance").missing) == vanished(videos)
        assert sum("validation" in path for path in paths(researcher)) == 3


def test_a_compliance_check_that_fails_counts_no_video_as_gone(at, videos):
    with at(script=[{"do": "task_failed", "match": "validation_task_status"}]) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow, match="failed") as error:
            a_round(researcher, videos, "compliance")
        assert "counted none of the ids as missing" in error.value.did
        assert "--method ids" in error.value.can
        with refreshing(researcher) as refresher:
            round_ = refresher.unfinished("ids")
            assert (round_.name, round_.method) == ("2023-03-30T12:00:00Z", "ids")
            list(refresher.run(round_))
            assert refresher.outcome(round_).line("sandbox")["method"] == "ids"
            assert refresher.unfinished() is None


def test_a_task_that_the_server_has_forgotten_is_handed_in_again(at, videos):
    with at(profile=Profile(compliance_polls=9)) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow, match="still checking"):
            a_round(researcher, videos, "compliance")
    with at() as researcher:
        researcher.next_day(15)
        assert a_round(researcher, videos, "compliance").missing == ()
        tasks = [path for path in paths(researcher) if "validation" in path]
    assert tasks == [
        "validation_task_status/get",
        *("validation_task/create", "validation_task_status/get", "validation_task/download"),
    ]


def test_a_check_that_failed_is_handed_in_again_by_the_same_command(at, videos):
    with at(script=[{"do": "task_failed", "match": "validation_task_status"}]) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow, match="failed"):
            a_round(researcher, videos, "compliance")
        assert a_round(researcher, videos, "compliance").missing == ()
        assert paths(researcher).count("validation_task/create") == 2


def test_f02_trouble_at_handing_in_comes_back_later(at, videos):
    with at(script=[{"do": "500", "match": "validation_task/create", "times": 6}]) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow, match="internal_error"):
            a_round(researcher, videos, "compliance")
        assert a_round(researcher, videos, "compliance").missing == ()
