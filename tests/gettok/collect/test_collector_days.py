"""Days that fail and days without results: what happens to each."""

from datetime import UTC, date, datetime

import pytest
import requests
from collecting import STUDY, days, ids, queries, truth

from gettok.collect import background_writer
from gettok.collect.windows import Window
from gettok.errors import NotNow
from gettok.research_api import QuotaExhausted
from gettok.store import Store
from sandbox.profiles import Profile

DEAD = "2022-12-09"
DEAD_DAY = Profile(dead_dates=frozenset({"20221209"}))
NO_MATCH = {"and": [{"field_name": "keyword", "operation": "IN", "field_values": ["no video says this"]}]}
NEWEST = Window(date(2023, 1, 1), date(2023, 1, 9))


def test_f01_a_dead_day_alone_is_parked_and_every_other_day_is_collected(at, castillo):
    with at(profile=DEAD_DAY) as researcher:
        with pytest.raises(QuotaExhausted, match=f"for 1 day: {DEAD}") as error:
            researcher.collect()
        assert error.value.back_at == datetime(2023, 3, 16, tzinfo=UTC)
        assert "2023-03-16 00:00 UTC" in error.value.can
        assert "after 3 such days" in error.value.did
        assert researcher.states()["gap"] == {DEAD}
        assert len(researcher.states()["complete"]) == len(STUDY.days) - 1
        assert [event for event in researcher.events() if "parked" in event] == [f"{DEAD}_{DEAD} parked"]


def test_f01_a_parked_day_is_asked_once_a_day_until_it_is_a_gap(at, castillo):
    with at(profile=DEAD_DAY, study=days(7, 9)) as researcher:
        for _ in range(2):
            with pytest.raises(QuotaExhausted):
                researcher.collect()
            asked = len(queries(researcher.sandbox))
            with pytest.raises(QuotaExhausted):
                researcher.collect()
            assert len(queries(researcher.sandbox)) == asked, "not twice on one day"
            researcher.next_day()
            assert len(queries(researcher.sandbox)) == asked
        pages = researcher.collect()
        assert ids(pages, days(7, 9)) == truth(castillo, days(7, 9)) - truth(castillo, days(8, 8))
        assert researcher.states()["gap"] == {DEAD}
        (gap,) = (row for row in researcher.coverage if row["state"] == "gap")
        assert "internal_error" in gap["why"]
        assert researcher.events().count(f"{DEAD}_{DEAD} parked") == 3
        asked = len(queries(researcher.sandbox))
        researcher.next_day()
        assert researcher.collect() == pages
        assert len(queries(researcher.sandbox)) == asked, "a gap is not asked for any more"


def test_f01_a_parked_day_that_answers_on_another_day_is_complete(at, castillo):
    with at(script=[*["500"] * 6], study=days(0, 0)) as researcher:
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        researcher.next_day()
        assert ids(researcher.collect(), days(0, 0)) == truth(castillo, days(0, 0))
        assert researcher.states() == {"complete": {"2022-12-01"}}


def test_f01_without_patience_a_dead_day_is_a_gap_at_once(at):
    with at(profile=DEAD_DAY, patience_days=0) as researcher:
        researcher.collect()
        assert researcher.states()["gap"] == {DEAD}


def test_f01_a_run_that_waits_for_the_quota_waits_for_a_parked_day_too(at, castillo):
    waited = []
    with at(script=["500"] * 6, study=days(0, 0)) as researcher:

        def wait(spent: QuotaExhausted) -> None:
            waited.append(spent.back_at)
            researcher.sandbox.clock.set(spent.back_at)
            # the client learns the time from an answer, since its own clock has not moved
            clock.learn({"Date": researcher.sandbox.clock.http_date()})

        with researcher.run({"on_quota": wait}) as collector:
            clock = collector.api.server
            pages = list(collector.collect())
        assert ids(pages, days(0, 0)) == truth(castillo, days(0, 0))
        assert waited == [datetime(2023, 3, 16, tzinfo=UTC)]


def test_a_search_that_finds_no_words_does_not_count_as_an_answer(at, castillo):
    with at(profile=Profile(keyword_blackout=True)) as researcher:
        with pytest.raises(NotNow, match="finds no videos at the moment"):
            researcher.collect()
        assert researcher.events() == ["2022-12-01_2022-12-30 planned"]
        assert researcher.states() == {"gap": {str(day) for day in STUDY.days}}


def test_a_blackout_over_the_last_settled_day_does_not_count_as_an_answer(at):
    with at(profile=Profile(keyword_blackout=True), study=NEWEST) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 12, tzinfo=UTC))
        with pytest.raises(NotNow, match="finds no videos at the moment"):
            researcher.collect()
        assert queries(researcher.sandbox)[0] == "20230101/20230106/0"
        assert researcher.events() == ["2023-01-01_2023-01-06 planned"]


def test_a_blackout_that_begins_in_the_middle_of_a_run_does_not_count_as_an_answer(at):
    with at(max_days=1, study=days(0, 5), query=NO_MATCH) as researcher:

        def blackout(state):
            if state.window == days(1, 1):
                researcher.sandbox.clock.advance(3700)
                requests.post(
                    f"{researcher.sandbox.base}/__sandbox__/switches",
                    json={"keyword_blackout": True},
                    timeout=9,
                )

        with (
            researcher.run(on_window_done=blackout) as collector,
            pytest.raises(NotNow, match="finds no videos at the moment"),
        ):
            list(collector.collect())
        assert collector.journal.state(days(1, 1)).last_event == "done"
        assert collector.journal.state(days(2, 2)).last_event == "planned"
        assert len([request for request in researcher.sent() if request.purpose == "canary"]) == 2, (
            "once an hour"
        )


def test_when_the_blackout_is_over_the_same_command_finds_everything(at, tmp_path, castillo):
    with at(profile=Profile(keyword_blackout=True)) as researcher, pytest.raises(NotNow):
        researcher.collect()
    with at() as researcher:
        assert ids(researcher.collect()) == truth(castillo)
        assert researcher.states() == {"complete": {str(day) for day in STUDY.days}}


def test_days_that_truly_have_no_video_are_done_with_no_rows(at):
    with at() as researcher:
        researcher.collect(query=NO_MATCH)
        done = [row for row in researcher.windows if row["event"] == "done"]
        assert [(row["rows"], row["pages"], row["candidates"]) for row in done] == [(0, 1, 0)] * 2
        assert researcher.states() == {"complete": {str(day) for day in STUDY.days}}
        canary = [request for request in researcher.sent() if request.purpose == "canary"]
        assert len(canary) == 1, "asked once an hour"


def test_f02_when_the_canary_is_not_answered_no_window_is_blamed(at):
    with at(script=["ok", *["500"] * 6]) as researcher:
        with pytest.raises(NotNow, match="internal_error"):
            researcher.collect(query=NO_MATCH)
        assert researcher.events() == ["2022-12-01_2022-12-30 planned"]
        researcher.collect(query=NO_MATCH)
        assert researcher.states() == {"complete": {str(day) for day in STUDY.days}}


def test_the_collector_reports_each_window_that_needs_nothing_more_for_now(at):
    with at(profile=DEAD_DAY, patience_days=0, study=days(7, 9)) as researcher:
        done = []
        with researcher.run(
            on_window_done=lambda state: done.append((str(state.window), state.last_event))
        ) as collector:
            list(collector.collect())
        assert done == [
            ("2022-12-08_2022-12-08", "done"),
            ("2022-12-09_2022-12-09", "parked"),
            ("2022-12-10_2022-12-10", "done"),
        ]
        done.clear()
        with researcher.run(
            on_window_done=lambda state: done.append((str(state.window), state.last_event))
        ) as collector:
            list(collector.collect())
        assert len(done) == 3, "including those of earlier runs"


def test_a_split_is_kept_though_a_kill_came_before_its_halves_began(at, castillo):
    with at(script=["ok", *["500"] * 6]) as researcher:
        with researcher.run() as collector:
            pages = collector.collect()
            next(pages)
            note = collector.journal.note

            def killed(window, name, **facts):
                state = note(window, name, **facts)
                if name == "split":
                    raise KeyboardInterrupt
                return state

            collector.journal.note = killed
            with pytest.raises(KeyboardInterrupt):
                list(pages)
        before = len(queries(researcher.sandbox))
        pages = researcher.collect()
        assert "20221201/20221230/100" not in queries(researcher.sandbox)[before:]
        assert ids(pages) == truth(castillo)
        assert len({stored.key for stored in pages}) == len(pages), "no page is shown twice"


def test_a_window_that_is_asked_again_at_once_begins_with_what_is_still_on_its_way_to_the_disk(
    at, monkeypatch
):
    monkeypatch.setattr(background_writer, "_HEAD_START_S", 0.3)
    with at(
        script=["ok", "stuck_cursor", "cut"]
    ) as researcher:  # the canary's answer is cut off: no window is to blame
        shown = researcher.collect()
        with Store(researcher.folder) as store:
            count = sum(answers for stage, answers, _ in store.stats() if stage == "collect")
        assert len(shown) == count - len(researcher.windows), "a page is stored and never shown"
        assert [stored.key for stored in researcher.collect()] == [stored.key for stored in shown]
