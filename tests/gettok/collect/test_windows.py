"""Windows cover the study: no overlap, no gap, and never a day twice."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gettok.collect.windows import Window, gaps, plan

_START = date(2022, 11, 20)
_DAY = timedelta(days=1)


def days(first: int, last: int) -> Window:
    return Window(_START + timedelta(days=first), _START + timedelta(days=last))


def covered(windows: list[Window]) -> list[date]:
    return [day for window in windows for day in window.days]


def up_to(study: Window, today: date | None) -> set[date]:
    return {day for day in study.days if today is None or day <= today}


_STUDY = st.tuples(st.integers(0, 200), st.integers(0, 120)).map(lambda pair: days(pair[0], sum(pair)))
_MOMENT = st.none() | st.integers(-10, 340).map(lambda day: _START + timedelta(days=day))
_MOST_DAYS = st.integers(1, 31)


@st.composite
def histories(draw) -> list[Window]:
    """Windows of earlier studies of any kind, some of them halved."""
    leaves: list[Window] = []
    for study in draw(st.lists(_STUDY, max_size=4)):
        today = draw(_MOMENT)
        fresh = None if today is None else today - 2 * _DAY
        leaves = sorted({*leaves, *plan(study, leaves, draw(_MOST_DAYS), fresh=fresh, today=today)})
        for _ in range(draw(st.integers(0, 5))):
            long = [window for window in leaves if len(window.days) > 1]
            if long:
                split = draw(st.sampled_from(long))
                leaves = sorted({*leaves, *split.halves()} - {split})
    return leaves


@given(histories(), _STUDY, _MOST_DAYS, _MOMENT, st.integers(0, 5))
def test_whatever_came_before_each_day_up_to_today_is_in_one_window(
    existing, study, max_days, today, fresh_days
):
    fresh = None if today is None else today - timedelta(days=fresh_days)
    planned = plan(study, existing, max_days, fresh=fresh, today=today)
    asked = covered(planned)
    assert asked == sorted(set(asked)), "no day is asked for twice"
    assert up_to(study, today) <= set(asked), "and none is left out"
    new = [window for window in planned if window not in existing]
    assert set(covered(new)) <= up_to(study, today)
    assert all(len(window.days) <= max_days for window in new)
    assert {window for window in existing if window.overlaps(study)} == set(planned) - set(new)
    assert all(len(window.days) == 1 for window in new if fresh is not None and window.end >= fresh)
    leaves = covered(sorted({*existing, *planned}))
    assert len(leaves) == len(set(leaves)), "nor do windows of other studies overlap"


@given(histories(), _STUDY, _MOST_DAYS)
def test_a_study_that_was_planned_before_plans_nothing_new(existing, study, max_days):
    first = plan(study, existing, max_days)
    assert plan(study, first, max_days) == first
    assert list(gaps(study, first)) == []


@given(_STUDY.filter(lambda window: len(window.days) > 1))
def test_halves_are_the_window_in_two_of_about_one_length(window):
    first, second = window.halves()
    assert [*first.days, *second.days] == window.days
    assert len(second.days) - len(first.days) in (0, 1)


@given(_STUDY, _STUDY)
def test_windows_overlap_when_they_share_a_day_and_within_is_what_they_share(first, second):
    shared = sorted({*first.days} & {*second.days})
    assert first.overlaps(second) == second.overlaps(first) == bool(shared)
    if shared:
        assert first.within(second).days == second.within(first).days == shared


@given(_STUDY)
def test_a_window_is_read_back_from_its_name(window):
    assert Window.parse(str(window)) == window


def test_a_study_that_grows_by_a_day_gets_one_window_more():
    first = plan(days(0, 99), [], 30)
    assert plan(days(0, 100), first, 30) == [*first, days(100, 100)]


def test_each_day_that_will_be_asked_for_again_has_its_own_window():
    assert plan(days(0, 9), [], 30, fresh=days(7, 7).start, today=days(8, 8).start) == [
        days(0, 6),
        days(7, 7),
        days(8, 8),
    ]


def test_the_paper_s_study_is_four_windows():
    windows = plan(Window(date(2022, 11, 20), date(2023, 3, 1)), [], 30)
    assert [str(window) for window in windows] == [
        "2022-11-20_2022-12-19",
        "2022-12-20_2023-01-18",
        "2023-01-19_2023-02-17",
        "2023-02-18_2023-03-01",
    ]
