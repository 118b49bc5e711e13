"""Rounds about comments and users: what both looks miss is gone, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from collecting import CANARY, client

from gettok.collect import Canary, People
from gettok.collect.people import stored_users
from gettok.collect.refresh import Refresher, round_settings
from gettok.collect.refresh_people import round_looks
from gettok.errors import NotNow
from gettok.research_api import AccessDenied, RequestFailing
from sandbox.clock import START
from sandbox.profiles import Profile

DAY = date(2022, 12, 7)
AGE = timedelta(days=15)


@contextmanager
def refreshing(researcher, subject: str, words: tuple[str, ...] = ()) -> Iterator[Refresher]:
    with client(researcher.folder, researcher.sandbox.research_api) as (store, api):
        canary = Canary(api, words) if words else None
        yield Refresher(store, api, "sandbox", subject, canary=canary)


def a_round(researcher, subject: str, names, words=()):
    """One round about these ids or names, which were last observed at the beginning."""
    with refreshing(researcher, subject, words) as refresher:
        round_ = refresher.unfinished(about=names)
        if round_ is None:
            due = refresher.due([(name, DAY, START) for name in names], AGE, set())
            round_ = refresher.begin(due, "compliance" if subject == "comment" else "ids")
        list(refresher.run(round_))
        return refresher.outcome(round_)


def requested(researcher) -> list[str]:
    paths = (
        entry["path"].removeprefix("/v2/research/").rstrip("/") for entry in researcher.sandbox.requests()
    )
    return [path for path in paths if "oauth" not in path]


@pytest.fixture
def videos(at):
    with at("search") as researcher:
        return [row for stored in researcher.collect() for row in stored.page.videos]


@pytest.fixture
def comments(at, videos) -> list[str]:
    """The ids of some comments, as the API gives them."""
    with (
        at("comments") as researcher,
        client(researcher.folder, researcher.sandbox.research_api) as (store, api),
    ):
        people = People(store, api, "sandbox")
        pages = [
            stored.page
            for video in videos[:6]
            if video["comment_count"]
            for stored in people.comments(str(video["id"]), 100, 1000)
        ]
        return [str(comment["id"]) for page in pages for comment in page.data["comments"]]


@pytest.fixture
def usernames(videos) -> list[str]:
    return sorted({str(video["username"]) for video in videos})[:25]


def test_exactly_the_deleted_comments_are_missed_and_only_they_are_submitted_twice(at, comments):
    gone = set(comments[::7])
    with at(profile=Profile(gone_comments=frozenset(gone))) as researcher:
        researcher.next_day(15)
        outcome = a_round(researcher, "comment", comments)
        assert set(outcome.missing) == gone
        assert outcome.line("sandbox")["confirmed"] == str(len(comments) - len(gone))
        steps = ["validation_task/create", "validation_task_status/get", "validation_task/download"]
        assert requested(researcher) == steps * 2
        with refreshing(researcher, "comment") as refresher:
            confirmed = set(comments) - gone
            assert refresher.due([(name, DAY, START) for name in confirmed], AGE, set()) == {}


def test_comments_that_are_all_there_cost_one_task(at, comments):
    with at() as researcher:
        researcher.next_day(15)
        assert a_round(researcher, "comment", comments).missing == ()
        assert requested(researcher).count("validation_task/create") == 1


def test_a_client_that_may_not_use_compliance_is_told_so_and_no_comment_counts_as_gone(at, comments):
    with at(profile=Profile(denied=frozenset({"/v2/research/validation_task/create/"}))) as researcher:
        researcher.next_day(15)
        with pytest.raises(AccessDenied, match="does not let this client ask for validation_task/create"):
            a_round(researcher, "comment", comments)
        with refreshing(researcher, "comment") as refresher:
            assert refresher.outcomes() == []


def test_users_who_are_gone_or_refused_at_both_looks_are_missed_and_the_others_have_new_profiles(
    at, usernames
):
    gone, refused = usernames[3], usernames[8]
    profile = Profile(gone_users=frozenset({gone}), refused_users=frozenset({refused}))
    with at(profile=profile) as researcher:
        researcher.next_day(15)
        outcome = a_round(researcher, "user", usernames)
        assert set(outcome.missing) == {gone, refused}
        assert requested(researcher).count("user/info") == len(usernames) + 2
        with client(researcher.folder, researcher.sandbox.research_api) as (store, _):
            settings = round_settings("sandbox", outcome.round.name, "user")
            first, second = (list(stored_users(store, "sandbox", look)) for look in round_looks(settings))
        assert sorted(stored.subject for stored in first) == usernames
        assert {stored.subject for stored in second} == {gone, refused}
        assert min(stored.page.observed_at for stored in first) >= START + AGE


FAILING = {"do": "500", "match": "user/info", "times": 6}


@pytest.mark.parametrize("words", [CANARY, ()])
def test_a_user_for_whom_the_api_only_fails_is_neither_gone_nor_confirmed_and_holds_up_no_other(
    at, usernames, words
):
    with at(script=[{"do": "ok", "match": "user/info", "times": 2}, FAILING]) as researcher:
        researcher.next_day(15)
        outcome = a_round(researcher, "user", usernames, words=words)
        assert (outcome.missing, outcome.unanswered) == ((), 1)
        counts = {"asked": "25", "confirmed": "24", "missing": "0"}
        assert counts.items() <= outcome.line("sandbox").items()
        assert requested(researcher).count("user/info") == len(usernames) + 5
        again = a_round(researcher, "user", usernames, words=words)
        assert list(again.round.days) == [usernames[2]], "and is asked for by the next round"
        assert (again.missing, again.confirmed) == ((), (usernames[2],))


@pytest.mark.parametrize("words", [CANARY, ()])
def test_a_user_who_is_refused_once_and_then_only_fails_is_not_gone(at, usernames, words):
    name = usernames[0]
    script = [{"do": "ok", "match": "user/info"}, FAILING]
    with at(profile=Profile(gone_users=frozenset({name})), script=script) as researcher:
        researcher.next_day(15)
        first = a_round(researcher, "user", [name], words=words)
        assert (first.missing, first.confirmed, first.unanswered) == ((), (), 1)
        assert requested(researcher).count("user/info") == 1 + 6
        second = a_round(researcher, "user", [name], words=words)
        assert second.missing == (name,), "refused at both looks of a later round"


def test_failures_while_collecting_do_not_count_in_a_round(at, usernames):
    name = usernames[0]
    with at(script=[FAILING] * 3) as researcher:
        for _ in range(3):
            with (
                client(researcher.folder, researcher.sandbox.research_api) as (store, api),
                pytest.raises(RequestFailing),
            ):
                People(store, api, "sandbox", patience_days=3).user(name, 1000)
            researcher.next_day(15)
        assert a_round(researcher, "user", [name]).confirmed == (name,)


def test_an_api_that_fails_for_everything_ends_the_round_for_now_and_blames_no_user(at, usernames):
    names = usernames[:3]
    script = [{"do": "500", "match": "/research/", "times": 150}]
    with at(script=script) as researcher:
        researcher.next_day(15)
        with pytest.raises(NotNow):
            a_round(researcher, "user", names, words=CANARY)
        researcher.sandbox.play([])
        assert set(a_round(researcher, "user", names, words=CANARY).confirmed) == set(names)


def test_rounds_of_one_subject_are_not_those_of_another(at, usernames, comments):
    with at() as researcher:
        researcher.next_day(15)
        assert a_round(researcher, "comment", comments).missing == ()
        for subject in ("user", "video"):
            with refreshing(researcher, subject) as refresher:
                assert refresher.outcomes() == []
                assert refresher.unfinished() is None
