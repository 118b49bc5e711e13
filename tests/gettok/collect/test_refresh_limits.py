"""Rounds at the edges: how many losses are too many, when a video is due, and what each answer about a user means."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from api_caller import OK, Asker, RawServer, fails, http

from gettok.collect.compliance import Compliance, _chunks
from gettok.collect.people import People
from gettok.collect.refresh import Outcome, Refresher, Round
from gettok.collect.refresh_people import Checked, _find
from gettok.errors import NotNow, Stop
from gettok.store import Store

DAY = date(2022, 12, 1)
NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)
AGE = timedelta(days=15)


@contextmanager
def refreshing(folder, *script: bytes) -> Iterator[SimpleNamespace]:
    with RawServer(script or [b""]) as server, Asker(server.base, folder) as asker, Store(folder) as store:
        yield SimpleNamespace(
            refresher=Refresher(store, asker.api, "s"), server=server, asker=asker, store=store
        )


def numbered(first: int, last: int) -> tuple[str, ...]:
    return tuple(map(str, range(first, last)))


@pytest.mark.parametrize(
    ("asked", "missing", "unanswered", "counts"),
    [
        (20, 10, 0, True),
        (20, 11, 0, False),
        (21, 10, 0, True),
        (21, 11, 0, False),
        (19, 19, 0, True),
        (39, 19, 20, True),
        (40, 11, 20, False),
        (40, 10, 20, True),
        (40, 20, 0, True),
    ],
)
def test_more_than_half_of_at_least_twenty_answers_are_too_many_losses(
    tmp_path, asked, missing, unanswered, counts
):
    with refreshing(tmp_path) as run:
        round_ = run.refresher.begin(dict.fromkeys(numbered(0, asked), DAY), "ids")
        checked = Checked(numbered(0, missing), numbered(missing, missing + unanswered))
        if counts:
            run.refresher._end(round_, checked, accept_losses=False)
            (outcome,) = run.refresher.outcomes()
            assert (len(outcome.missing), outcome.unanswered) == (missing, unanswered)
            assert sorted(outcome.confirmed) == sorted(numbered(missing + unanswered, asked))
        else:
            with pytest.raises(Stop, match=f"{missing} of {asked - unanswered} videos were not found"):
                run.refresher._end(round_, checked, accept_losses=False)
            assert run.refresher.outcomes() == []
        assert run.refresher.unfinished() is None


def test_losses_that_a_person_accepts_count(tmp_path):
    with refreshing(tmp_path) as run:
        round_ = run.refresher.begin(dict.fromkeys(numbered(0, 20), DAY), "ids")
        run.refresher._end(round_, Checked(numbered(0, 20)), accept_losses=True)
        assert len(run.refresher.outcome(round_).missing) == 20


def test_a_round_s_line_counts_what_was_asked_confirmed_and_missed():
    outcome = Outcome(Round("r", "ids", dict.fromkeys("abcdef", DAY)), ("a", "b"), ("c",))
    assert outcome.unanswered == 3
    assert outcome.line("s") == {
        "round": "r",
        "source": "s",
        "method": "ids",
        "asked": "6",
        "confirmed": "1",
        "missing": "2",
    }


@pytest.mark.parametrize(
    ("observed_ago", "confirmed_days_ago", "is_due"),
    [
        (AGE, [], True),
        (AGE - timedelta(seconds=1), [], False),
        (2 * AGE, [15], True),
        (2 * AGE, [14], False),
        (2 * AGE, [16, 14], False),
        (2 * AGE, [14, 16], False),
        (timedelta(days=3), [20], False),
    ],
)
def test_a_video_is_due_its_age_after_it_was_last_seen_or_confirmed(
    tmp_path, observed_ago, confirmed_days_ago, is_due
):
    with refreshing(tmp_path) as run:
        run.asker.api.server.learn({"Date": f"{NOON:%a, %d %b %Y %H:%M:%S} GMT"})
        for number, days in enumerate(confirmed_days_ago):
            name = (NOON - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
            run.refresher._note("outcome", name, {"missing": [], "confirmed": ["a"], "number": number})
        rows = [("a", DAY, NOON - observed_ago)]
        assert run.refresher.due(rows, AGE, set()) == ({"a": DAY} if is_due else {})


def test_of_several_sights_of_one_video_the_last_counts(tmp_path):
    with refreshing(tmp_path) as run:
        run.asker.api.server.learn({"Date": f"{NOON:%a, %d %b %Y %H:%M:%S} GMT"})
        rows = [("b", DAY, NOON - AGE), ("a", DAY, NOON - AGE)]
        assert list(run.refresher.due(rows, AGE, set())) == ["a", "b"]


def user(**data: Any) -> bytes:
    return http({"data": data, "error": OK}, data.pop("status", 200))


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (user(display_name="a"), "confirmed"),
        (user(), "confirmed"),
        (user(status=500, display_name="a"), "confirmed"),
        (fails(400, "invalid_params", "cannot find the user"), "refused"),
        (fails(403, "invalid_params", "this account is private"), "refused"),
        (fails(500, "invalid_params", "cannot find the user"), "unanswered"),
        (fails(500, "internal_error"), "unanswered"),
    ],
)
def test_only_a_refusal_says_that_a_user_is_gone(tmp_path, answer, finding):
    with refreshing(tmp_path, answer) as run:
        assert _find(People(run.store, run.asker.api, "s"), "u", 1000) == finding


@pytest.mark.parametrize(("ids", "chunks"), [(0, []), (10_000, [10_000]), (10_001, [10_000, 1])])
def test_a_task_has_at_most_ten_thousand_ids(ids, chunks):
    assert [len(chunk) for chunk in _chunks(numbered(0, ids))] == chunks


TASK = http({"data": {"task_id": 7}, "error": OK})


def state(name: str) -> bytes:
    return http({"data": {"task_status": name}, "error": OK})


@pytest.mark.parametrize("waiting", range(6))
def test_a_task_is_asked_for_six_times_with_longer_waits(tmp_path, waiting):
    script = [TASK, *[state("Processing")] * waiting, state("Completed"), http("1\n3\n2\n9\n")]
    with refreshing(tmp_path, *script) as run:
        compliance = Compliance(run.store, run.asker.api, {"source": "s"})
        assert compliance.valid(("1", "2", "3", "4")) == {"1", "2", "3"}
        assert run.asker.waits == [0, 2, 5, 15, 30, 60][: waiting + 1]
        assert compliance.valid(("1", "2", "3", "4")) == {"1", "2", "3"}
        assert len(run.server.questions) == waiting + 3


def test_a_task_that_is_not_done_after_six_looks_is_kept_for_the_next_run(tmp_path):
    with refreshing(tmp_path, TASK, state("Processing")) as run:
        compliance = Compliance(run.store, run.asker.api, {"source": "s"})
        for runs in (1, 2):
            with pytest.raises(NotNow, match=r"is still checking 1 ids \(task 7\)"):
                compliance.valid(("1",))
            assert len(run.server.questions) == 1 + 6 * runs


def test_a_task_that_the_server_forgets_is_submitted_twice_a_run(tmp_path):
    forgotten = fails(400, "invalid_params", "task not found")
    with refreshing(tmp_path, TASK, forgotten, TASK, forgotten, TASK, state("Completed"), http("1\n")) as run:
        compliance = Compliance(run.store, run.asker.api, {"source": "s"})
        with pytest.raises(NotNow, match="does not know the check of 1 ids"):
            compliance.valid(("1",))
        assert len(run.server.questions) == 4
        assert compliance.valid(("1",)) == {"1"}


def test_a_task_that_failed_is_submitted_again_by_the_next_run(tmp_path):
    with refreshing(tmp_path, TASK, state("Failed"), TASK, state("Completed"), http("1\n")) as run:
        compliance = Compliance(run.store, run.asker.api, {"source": "s"})
        with pytest.raises(NotNow, match="failed"):
            compliance.valid(("1",))
        assert compliance.valid(("1",)) == {"1"}
        assert len(run.server.questions) == 5


@pytest.mark.parametrize(
    ("checked", "counts"),
    [
        (Checked(("a", "b")), (2, 0, 0)),
        (Checked(()), (0, 2, 0)),
        (Checked((), ("a", "b")), (0, 0, 2)),
        (Checked(("a",), ("b",)), (1, 0, 1)),
    ],
)
def test_a_round_counts_whatever_it_found(tmp_path, checked, counts):
    with refreshing(tmp_path) as run:
        round_ = run.refresher.begin(dict.fromkeys("ab", DAY), "compliance")
        run.refresher._end(round_, checked, accept_losses=False)
        outcome = run.refresher.outcome(round_)
        assert (len(outcome.missing), len(outcome.confirmed), outcome.unanswered) == counts
        assert outcome.round.method == "compliance"


def test_a_round_that_is_about_other_videos_is_left_to_their_study(tmp_path):
    with refreshing(tmp_path) as run:
        run.refresher.begin({"a": DAY}, "ids")
        assert run.refresher.unfinished(about=["b"]) is None
        mine = run.refresher.unfinished("compliance", about=["b", "a"])
        assert mine is not None
        assert (mine.method, mine.ids) == ("compliance", ("a",))
        assert run.refresher.unfinished().method == "ids"
