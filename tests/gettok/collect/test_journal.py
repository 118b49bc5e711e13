"""The state of a window from its events: what begins its search anew, in a row and in all, and when it was read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from api_caller import Asker, RawServer

from gettok.collect import Collector
from gettok.collect.coverage import coverage, first_fresh_day, is_due_again
from gettok.collect.journal import Journal, WindowEvent, WindowState
from gettok.collect.windows import Window
from gettok.step import Answer
from gettok.store import Store

DAY = Window(date(2022, 12, 1), date(2022, 12, 1))
END = datetime(2022, 12, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def state(*events, window=DAY):
    """A window with these events; each is a name, or a name with its time."""
    made = []
    for number, event in enumerate(events):
        name, at = (event, END + number * HOUR) if isinstance(event, str) else event
        facts = {"at": at.isoformat(), "why": f"why {number}"}
        made.append(WindowEvent(number, name, facts, str(number), Answer({})))
    return WindowState(window, tuple(made))


@pytest.mark.parametrize(
    ("events", "attempt", "restarts"),
    [
        ([], 0, 0),
        (["planned"], 0, 0),
        (["planned", "lost"], 1, 1),
        (["planned", "lost", "lost", "lost"], 3, 3),
        (["planned", "lost", "done", "again", "lost"], 3, 1),
        (["planned", "lost", "parked"], 2, 0),
        (["planned", "parked", "lost", "lost"], 3, 2),
        (["planned", "done"], 0, 0),
        (["planned", "split"], 0, 0),
    ],
)
def test_losses_count_in_a_row_and_attempts_in_all(events, attempt, restarts):
    found = state(*events)
    assert (found.attempt, found.restarts) == (attempt, restarts)
    assert found.last_event == (events[-1] if events else None)


def test_a_window_is_read_by_its_last_complete_search_whatever_happened_afterwards():
    first, second = END + HOUR, END + 5 * HOUR
    assert state("planned", ("done", first)).searched_at == first
    again = state("planned", ("done", first), "again")
    assert (again.searched_at, again.read_at) == (None, first)
    assert state(("done", second), ("again", second), ("done", first)).read_at == second
    assert state(("done", second), ("again", second), ("done", first)).searched_at == first
    assert state("planned", "parked").read_at is None


def test_a_window_failed_on_each_day_once():
    times = [END, END + 2 * HOUR, END + 24 * HOUR]
    assert state(*[("parked", at) for at in times], ("lost", END + 72 * HOUR)).failed_on == {
        date(2022, 12, 2),
        date(2022, 12, 3),
    }


FOUND = END + 48 * HOUR


@pytest.mark.parametrize(
    ("read", "now", "is_due"),
    [
        (FOUND - HOUR, FOUND, True),
        (FOUND - HOUR, FOUND - timedelta(seconds=1), False),
        (FOUND, FOUND + HOUR, False),
        (END - HOUR, FOUND - HOUR, False),
    ],
)
def test_a_window_is_due_again_once_if_its_last_day_was_read_too_early(read, now, is_due):
    assert is_due_again(state(("done", read)), now) is is_due
    two_days = Window(date(2022, 11, 30), date(2022, 12, 1))
    assert is_due_again(state(("done", read), window=two_days), now) is is_due
    assert not is_due_again(state("planned", ("done", read), "again"), now)


@pytest.mark.parametrize(
    ("now", "day"),
    [(END + 47 * HOUR, date(2022, 12, 1)), (END + 48 * HOUR, date(2022, 12, 2)), (END, date(2022, 11, 30))],
)
def test_a_day_is_fresh_until_48_hours_after_it_began_to_be_searchable(now, day):
    assert first_fresh_day(now) == day
    assert first_fresh_day(now.astimezone(datetime.now().astimezone().tzinfo)) == day


def test_each_day_of_a_study_has_its_coverage():
    study = Window(date(2022, 11, 30), date(2022, 12, 3))
    leaves = [
        state(("done", END + 11 * 24 * HOUR)),
        state(("parked", END), window=Window(date(2022, 12, 2), date(2022, 12, 2))),
        state(("done", END), window=Window(date(2022, 1, 1), date(2022, 1, 2))),
    ]
    rows = [(row["day"].day, row["state"], row["why"]) for row in coverage(study, leaves)]
    assert rows == [
        (30, "gap", "it was in the future"),
        (1, "complete", "why 0"),
        (2, "gap", "why 0"),
        (3, "gap", "it was in the future"),
    ]


def test_a_journal_is_read_back_in_the_order_of_its_events_and_replaces_a_split_window(tmp_path):
    half = Window(date(2022, 12, 1), date(2022, 12, 2))
    first, second = half.halves()
    with Store(tmp_path) as store:
        journal = Journal(store, {"source": "s"})
        for _ in range(11):
            journal.note(half, "lost", why="x")
        journal.note(half, "split", into=[str(first), str(second)])
        for read in (journal, Journal(store, {"source": "s"})):
            assert [event.number for event in read.state(half).events] == list(range(12))
            assert [leaf.window for leaf in read.leaves()] == [first, second]
            assert [each.window for each in read.all()] == [first, half, second]
        assert Journal(store, {"source": "another"}).all() == []


def test_a_split_window_s_own_half_is_not_lost_behind_the_unstarted_one(tmp_path):
    half = Window(date(2022, 12, 1), date(2022, 12, 2))
    first, second = half.halves()
    with Store(tmp_path) as store:
        journal = Journal(store, {})
        journal.note(first, "planned")
        journal.note(half, "split", into=[str(first), str(second)])
        assert journal.state(first).last_event == "planned"
        assert Journal(store, {}).state(first).last_event == "planned"


@pytest.mark.parametrize(
    ("events", "patience", "needs"),
    [
        ([], 1, True),
        (["planned"], 1, True),
        (["planned", ("done", FOUND)], 1, False),
        (["planned", ("done", FOUND - HOUR)], 1, True),
        ([("parked", END)], 0, False),
        ([("parked", END)], 1, False),
        ([("parked", END)], 2, True),
        ([("parked", END), ("parked", END + 24 * HOUR)], 2, False),
        ([("parked", END), ("parked", END + 24 * HOUR)], 3, True),
        ([("parked", END), ("parked", FOUND)], 3, False),
    ],
)
def test_a_window_needs_asking_until_it_is_read_or_given_up(tmp_path, events, patience, needs):
    with RawServer() as server, Asker(server.base, tmp_path) as asker, Store(tmp_path) as store:
        collector = Collector(store, asker.api, "s", {"and": []}, DAY, patience_days=patience)
        assert collector.needs_asking(state(*events), lambda: FOUND) is needs
        assert server.questions == []
