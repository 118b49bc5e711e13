"""Days that are too fresh, not over yet, or read twice: how well each is covered."""

from datetime import UTC, date, datetime, timedelta

import pytest
from collecting import STUDY, ids, queries, tables, truth
from hypothesis import given
from hypothesis import strategies as st

from gettok.collect import Collector
from gettok.collect.coverage import coverage_of, first_fresh_day, is_due_again
from gettok.collect.windows import Window
from gettok.research_api import QuotaExhausted
from sandbox.clock import START
from sandbox.profiles import Profile

NEWEST = Window(date(2023, 1, 1), date(2023, 1, 9))


def test_the_newest_days_are_asked_again_when_all_their_videos_can_be_found(at, castillo):
    with at(profile=Profile(lag_hours=48), study=NEWEST) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 12, tzinfo=UTC))
        researcher.collect()
        assert researcher.states() == {
            "unsettled": {f"2023-01-0{day}" for day in range(1, 7)},
            "incomplete": {"2023-01-07", "2023-01-08", "2023-01-09"},
        }
        assert queries(researcher.sandbox) == [
            "20230101/20230106/0",
            *(f"2023010{day}/2023010{day}/0" for day in (7, 8, 9)),
        ]
        researcher.collect()
        assert len(queries(researcher.sandbox)) == 4, "not due yet"
        researcher.sandbox.clock.set(datetime(2023, 1, 11, 0, tzinfo=UTC))
        researcher.collect()
        assert queries(researcher.sandbox)[4:] == ["20230107/20230107/0", "20230108/20230108/0"]
        researcher.sandbox.clock.set(datetime(2023, 1, 12, 0, tzinfo=UTC))
        pages = researcher.collect()
        assert queries(researcher.sandbox)[6:] == ["20230109/20230109/0"]
        assert ids(pages, NEWEST) == truth(castillo, NEWEST)
        assert researcher.states() == {"unsettled": {str(day) for day in NEWEST.days}}
        assert researcher.events()[-3:] == [
            f"2023-01-09_2023-01-09 {event}" for event in ("done", "again", "done")
        ]
        researcher.next_day(20)
        asked = len(researcher.sandbox.requests())
        assert sorted(stored.key for stored in researcher.collect()) == sorted(stored.key for stored in pages)
        assert len(queries(researcher.sandbox)) == 7, "what is unsettled is a matter for refreshing"
        assert len(researcher.sandbox.requests()) == asked


def test_both_readings_of_a_fresh_day_are_kept(at, castillo):
    day = Window(NEWEST.end, NEWEST.end)
    with at(study=day) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 23, tzinfo=UTC))
        researcher.collect()
        researcher.next_day(3)
        videos = tables(researcher.collect(), day)[0]
        assert set(videos["observations"]) == {2}
        assert set(videos["video_id"]) == truth(castillo, day)
        assert (videos["observed_at"] - videos["first_observed_at"]).unique().to_list() == [timedelta(days=3)]


def test_a_run_that_ends_between_the_readings_of_a_fresh_day_goes_on_with_the_second(at, castillo):
    day = Window(NEWEST.end, NEWEST.end)
    with at(study=day, profile=Profile(lag_hours=48)) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 23, tzinfo=UTC))
        researcher.collect()
        researcher.next_day(3)
        researcher.sandbox.play(["429_quota"])
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        assert researcher.events()[-1] == "2023-01-09_2023-01-09 again"
        researcher.next_day()
        assert ids(researcher.collect(), day) == truth(castillo, day)
        assert [stored.attempt for stored in researcher.collect()] == [0, 1]


def test_f01_a_day_that_was_read_early_and_fails_when_it_is_read_again_is_not_a_gap(at, castillo):
    day = Window(NEWEST.end, NEWEST.end)
    with at(study=day, patience_days=1) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 23, tzinfo=UTC))
        researcher.collect()
        researcher.next_day(3)
        researcher.sandbox.play(["500"] * 6)
        pages = researcher.collect()
        assert researcher.events()[-2:] == [f"2023-01-09_2023-01-09 {event}" for event in ("again", "parked")]
        (row,) = researcher.coverage
        assert (row["state"], row["searched_at"].day) == ("incomplete", 9)
        assert "internal_error" in row["why"]
        assert ids(pages, day) == truth(castillo, day)


def test_newest_days_may_be_empty_without_a_check(at):
    with at(profile=Profile(lag_hours=48), study=Window(NEWEST.end, NEWEST.end)) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 9, 23, tzinfo=UTC))
        researcher.collect()
        assert len(queries(researcher.sandbox)) == 1
        assert researcher.states() == {"incomplete": {"2023-01-09"}}


def test_a_study_that_reaches_into_the_future_is_asked_up_to_today(at, castillo):
    with at(study=NEWEST) as researcher:
        researcher.sandbox.clock.set(datetime(2023, 1, 5, 12, tzinfo=UTC))
        researcher.collect()
        asked = [subject.split("/")[1] for subject in queries(researcher.sandbox)]
        assert max(asked) == "20230105"
        gaps = [row for row in researcher.coverage if row["state"] == "gap"]
        assert [row["day"].day for row in gaps] == [6, 7, 8, 9]
        assert {row["why"] for row in gaps} == {"it was in the future"}
        researcher.next_day(60)
        assert ids(researcher.collect(), NEWEST) == truth(castillo, NEWEST)
        assert researcher.states() == {
            "unsettled": {"2023-01-01", "2023-01-02"},
            "complete": {str(day) for day in NEWEST.days[2:]},
        }


def test_a_study_of_the_future_alone_asks_nothing(at):
    with at(study=Window(date(2024, 1, 1), date(2024, 1, 3))) as researcher:
        assert researcher.collect() == []
        assert queries(researcher.sandbox) == []
        assert set(researcher.states()) == {"gap"}


@pytest.mark.parametrize(
    ("hours", "covered"),
    [
        (1, "incomplete"),
        (24 + 47, "incomplete"),
        (24 + 48, "unsettled"),
        (24 * 11 - 1, "unsettled"),
        (24 * 11, "complete"),
    ],
)
def test_how_well_a_day_is_covered_follows_from_the_time_of_the_search(hours, covered):
    day = datetime(2023, 1, 1, tzinfo=UTC)
    assert coverage_of(day.date(), day + timedelta(hours=hours)) == covered


@given(st.integers(0, 24 * 3600), st.integers(0, 30))
def test_days_before_the_first_fresh_one_can_all_be_found(second, back):
    now = START + timedelta(seconds=second)
    fresh = first_fresh_day(now)
    assert coverage_of(fresh, now) == "incomplete"
    assert coverage_of(fresh - timedelta(days=1 + back), now) != "incomplete"


def test_a_window_without_a_search_is_not_due_again(at):
    with at() as researcher, researcher.run() as collector:
        assert isinstance(collector, Collector)
        assert not is_due_again(collector.journal.state(STUDY), START)
