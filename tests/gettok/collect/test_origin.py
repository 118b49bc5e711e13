"""What a source looked at and what it gave."""

from datetime import date

from gettok.books import Books
from gettok.collect.origin import origin
from gettok.tables import WINDOWS

DAY = {number: date(2022, 12, number) for number in range(1, 9)}
COLLECTED = Books(8, 7, {"failing_day": 1})


def event(step, name, rows=None, candidates=None, *, start=1, end=4):
    return {
        "start": DAY[start],
        "end": DAY[end],
        "step": step,
        "event": name,
        "rows": rows,
        "candidates": candidates,
    }


def searched(*events):
    return origin("research_api", COLLECTED, WINDOWS.frame(events)).books


def test_a_search_s_books_are_its_candidates_and_not_its_days():
    found = searched(event(0, "planned"), event(1, "done", 40, 50), event(0, "done", 2, 2, start=5, end=8))
    assert found == Books(52, 42, {"not_returned": 10})
    assert searched(event(0, "planned")) == Books(0, 0)


def test_a_window_that_was_searched_again_counts_once_and_one_that_was_split_not_at_all():
    again = (event(1, "done", 3, 9), event(2, "again"), event(3, "done", 40, 50))
    split = (event(1, "done", 7, 8, start=5, end=8), event(2, "split", start=5, end=8))
    halves = (event(1, "done", 1, 1, start=5, end=6), event(1, "done", 5, 5, start=7, end=8))
    assert searched(*again, *split, *halves) == Books(56, 46, {"not_returned": 10})


def test_an_answer_without_a_cursor_does_not_give_more_rows_than_candidates():
    assert searched(event(1, "done", 40, 0)) == Books(40, 40)


def test_lists_and_captures_have_the_stage_s_own_books():
    books = Books(4, 3, {"not_found": 1})
    for kind in ("ids", "zeeschuimer"):
        assert origin(kind, books, WINDOWS.frame([])).books == books
