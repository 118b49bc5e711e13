"""Windows cover the study: no overlap, no gap, and never a day twice."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gettok.windows import Window, plan

_START = date(2022, 11, 20)


def days(first: int, last: int) -> Window:
    return Window(_START + timedelta(days=first), _START + timedelta(days=last))


def covered(windows: list[Window]) -> list[date]:
    return [
        window.start + timedelta(days=day)
        for window in windows
        for day in range((window.end - window.start).days + 1)
    ]


_STUDY = st.tuples(st.integers(0, 200), st.integers(0, 120)).map(lambda pair: days(pair[0], sum(pair)))


@given(st.lists(_STUDY, max_size=4), _STUDY, st.integers(1, 31))
def test_however_studies_grew_or_moved_each_day_is_in_one_window(earlier, study, most_days):
    existing: list[Window] = []
    for before in earlier:
        existing = sorted({*existing, *plan(before, existing, most_days)})
    planned = plan(study, existing, most_days)
    asked = covered(planned)
    assert asked == sorted(set(asked))
    assert set(covered([study])) <= set(asked)
    new = [window for window in planned if window not in existing]
    assert all(study.start <= window.start and window.end <= study.end for window in new)
    assert all((window.end - window.start).days < most_days for window in new)


@given(_STUDY, st.integers(1, 31))
def test_a_study_that_was_planned_before_plans_nothing_new(study, most_days):
    first = plan(study, [], most_days)
    assert plan(study, first, most_days) == first


def test_a_study_that_grows_by_a_day_gets_one_window_more():
    first = plan(days(0, 99), [], 30)
    assert plan(days(0, 100), first, 30) == [*first, days(100, 100)]


def test_the_paper_s_study_is_four_windows():
    windows = plan(Window(date(2022, 11, 20), date(2023, 3, 1)), [], 30)
    assert [str(window) for window in windows] == [
        "2022-11-20_2022-12-19",
        "2022-12-20_2023-01-18",
        "2023-01-19_2023-02-17",
        "2023-02-18_2023-03-01",
    ]
    assert [Window.parse(str(window)) for window in windows] == windows
