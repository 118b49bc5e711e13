"""Waits of an unattended run, the states of listed ids, and what is stored: at each limit and for each reason."""

import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from threading import Event
from types import MappingProxyType, SimpleNamespace

import pytest

from gettok.collect.ids import GivenLine, IdList
from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.engine import LocalEngine
from gettok.errors import REASONS, RETRYABLE, Interrupted, NotNow, Unusable
from gettok.pipeline.answering import Asking
from gettok.pipeline.collecting.looking_up import IdStates, id_books
from gettok.pipeline.collecting.researching import retry_until_quota, wait_until
from gettok.pipeline.collecting.searching import videos_in_study
from gettok.research_api import Backoff, Page, QuotaExhausted, span
from gettok.settings import Settings
from gettok.step import Answer, Item, Workers
from gettok.store import Key, Store

NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)
STUDY = Window(date(2022, 12, 1), date(2022, 12, 2))


class Time:
    """Passes as it is waited for."""

    def __init__(self):
        self.s, self.waits = 0.0, []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.s += seconds
        return False


@pytest.mark.parametrize(
    ("left_s", "waits"),
    [(0, []), (-5, []), (1, [1]), (600, [600]), (601, [600, 1]), (1500, [600, 600, 300])],
)
def test_a_quota_is_waited_for_to_the_second_with_a_message_every_ten_minutes(left_s, waits):
    time = Time()
    spent = QuotaExhausted("spent", "", "", NOON + timedelta(seconds=left_s))
    wait_until(spent, lambda: NOON + timedelta(seconds=time.s), time.wait)
    assert time.waits == waits


def test_a_signal_ends_the_wait_for_a_quota():
    spent = QuotaExhausted("spent", "", "", NOON + timedelta(hours=1))
    with pytest.raises(Interrupted):
        wait_until(spent, lambda: NOON, lambda _: True)


def run_that_fails(time, *lasted_s):
    """A run that takes so long each time and fails, and then ends well."""
    left = [*lasted_s]

    def run():
        if not left:
            return "done"
        time.s += left.pop(0)
        raise NotNow("down", "", "")

    return run


@pytest.mark.parametrize(
    ("lasted_s", "minutes"),
    [
        ([0] * 9, [1, 2, 4, 8, 16, 32, 60, 60, 60]),
        ([0, 0, 3600, 0], [1, 2, 4, 8]),
        ([0, 0, 3601, 0], [1, 2, 1, 2]),
    ],
)
def test_pauses_grow_without_end_and_start_over_after_a_run_of_more_than_an_hour(lasted_s, minutes):
    time = Time()
    api = SimpleNamespace(wait=time.wait, clock=lambda: time.s, stop=Event())
    assert retry_until_quota(run_that_fails(time, *lasted_s), api, "wait") == "done"
    assert [wait / 60 for wait in time.waits] == minutes


@pytest.mark.parametrize(("on_quota", "is_stopped"), [("stop", False), ("wait", True)])
def test_a_run_that_is_not_to_wait_or_is_stopped_ends_with_its_trouble(on_quota, is_stopped):
    time, stop = Time(), Event()
    if is_stopped:
        stop.set()
    api = SimpleNamespace(wait=time.wait, clock=lambda: time.s, stop=stop)
    with pytest.raises(NotNow, match="down"):
        retry_until_quota(run_that_fails(time, 0), api, on_quota)
    assert time.waits == []


def test_a_backoff_that_gives_up_does_so_after_its_last_pause_and_an_answer_restarts_it():
    time = Time()
    backoff = Backoff(time.wait, lambda _: None, (1, 2), gives_up=True)
    trouble = NotNow("down", "", "")
    for _ in range(2):
        backoff.back_off(trouble)
    with pytest.raises(NotNow, match="nothing else is answered for an hour"):
        backoff.back_off(trouble)
    backoff.restart()
    backoff.back_off(trouble)
    assert time.waits == [60, 120, 60]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 h 00 min"), (1, "0 h 01 min"), (60, "0 h 01 min"), (61, "0 h 02 min"), (3600, "1 h 00 min")],
)
def test_a_span_is_rounded_up_to_the_minute(seconds, text):
    assert span(timedelta(seconds=seconds)) == text


def test_the_first_and_the_last_day_of_a_study_are_in_it(params):
    params["study"] |= {"start": "2022-12-01", "end": "2022-12-02"}
    first = int(datetime(2022, 12, 1, tzinfo=UTC).timestamp())
    times = [first - 1, first, first + 2 * 86_400 - 1, first + 2 * 86_400]
    rows = [{"id": number, "create_time": time} for number, time in enumerate(times)]
    page = Page({}, 200, {}, NOON, json.dumps({"data": {"videos": rows}}))
    assert [each.video_id for each in videos_in_study(page, Settings.model_validate(params))] == ["1", "2"]


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2022, 11, 30), "outside_study"),
        (date(2022, 12, 1), "found"),
        (date(2022, 12, 2), "found"),
        (date(2022, 12, 3), "outside_study"),
        (None, "found"),
    ],
)
def test_a_listed_video_is_found_if_it_was_published_in_the_study(day, state):
    states = IdStates({"1": day}, frozenset(), set(), STUDY)
    (row,) = states.rows(IdList((GivenLine(1, "1", "1"),)))
    assert row["state"] == state


def test_of_several_states_of_a_line_the_first_counts_and_each_video_counts_once():
    lines = [
        GivenLine(1, "x", None, "is no id"),
        GivenLine(2, "17", "17"),
        GivenLine(3, "2", "2"),
        GivenLine(4, "3", "3"),
        GivenLine(5, "4", "4"),
        GivenLine(6, "4", "4"),
        GivenLine(7, "x", None, "is no id"),
        GivenLine(8, "5", "5"),
    ]
    late = date(2023, 1, 1)
    found = {"17": STUDY.start, "3": late, "4": STUDY.start, "5": late}
    states = IdStates(found, frozenset({"17"}), {sha256("3"), sha256("2")}, STUDY)
    rows = states.rows(IdList(tuple(lines)))
    assert [row["state"] for row in rows] == [
        "not_an_id",
        "not_an_id",
        "not_found",
        "gone",
        "found",
        "found",
        "not_an_id",
        "outside_study",
    ]
    assert [row["is_repeated"] for row in rows] == [False] * 5 + [True, False, False]
    books = id_books(rows)
    assert (books.asked, books.ok) == (7, 1)
    assert books.unusable == {"gone": 1, "not_an_id": 3, "not_found": 1, "outside_study": 1}


@pytest.mark.parametrize("reason", REASONS)
def test_only_an_outcome_that_the_next_run_cannot_change_is_stored(tmp_path, reason):
    with Store(tmp_path) as store:
        asking = Asking(SimpleNamespace(stage="s"), store, None, Event())
        key, again = Key.of("s", 1, {}, {"video": "1"}), {}
        assert asking._settle(Item("1", "d", {}, None), key, Unusable(reason, "x"), again) is None
        assert bool(again) is (reason in RETRYABLE)
        assert (store.get(key.digest) is None) is (reason in RETRYABLE)


def test_an_answer_is_stored_and_trouble_is_not(tmp_path):
    with Store(tmp_path) as store:
        asking = Asking(SimpleNamespace(stage="s"), store, None, Event())
        key, trouble = Key.of("s", 1, {}, {"video": "1"}), NotNow("a", "b", "c")
        assert asking._settle(Item("1", "d", {}, None), key, trouble, {}) is trouble
        assert store.get(key.digest) is None
        assert asking._settle(Item("1", "d", {}, None), key, Answer({"a": 1}), {}) is None
        assert store.get(key.digest) == Answer({"a": 1})


class Asked:
    """A step that notes where temporary files go while it is asked."""

    stage, version, settings, workers = "s", 1, MappingProxyType({}), Workers("threads", 1)

    def __init__(self, stop=None):
        self.stop, self.folders = stop, []

    def open(self):
        """Nothing is slow to load."""

    def ask(self, content):
        self.folders.append(tempfile.gettempdir())
        if self.stop is not None:
            self.stop.set()
        return Answer({"a": content})


def items(*numbers):
    return [Item(str(number), "d", {"n": str(number)}, number) for number in numbers]


def test_temporary_files_are_where_the_store_can_take_them_and_only_while_a_stage_asks(tmp_path):
    before, step = tempfile.gettempdir(), Asked()
    with Store(tmp_path) as store:
        assert Asking(step, store, LocalEngine(), Event()).ask(items(1)) == {}
        assert step.folders == [str(store.files.unfinished)]
    assert tempfile.gettempdir() == before


def test_a_run_that_is_stopped_keeps_its_answers_and_says_that_it_was(tmp_path):
    stop = Event()
    with Store(tmp_path) as store:
        asking = Asking(Asked(stop), store, LocalEngine(), stop)
        with pytest.raises(Interrupted):
            asking.ask(items(*range(100)))
        kept = store.known(asking.key(item).digest for item in items(*range(100)))
        assert 1 <= len(kept) < 100
        assert asking.ask(items(0)) == {}
