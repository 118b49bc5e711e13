"""How well each day of a study is covered, given when it was searched.

TikTok's FAQ: a new video can take 48 hours to be found, and its counts settle for up to ten days.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from gettok.collect.journal import WindowState
from gettok.collect.windows import Window
from gettok.step import Row

_FOUND_AFTER = timedelta(hours=48)
_SETTLED_AFTER = timedelta(days=10)
#: Why a day is a gap that no search has covered.
NOT_YET = "it was in the future"

Coverage = Literal["complete", "unsettled", "incomplete", "gap"]


def first_fresh_day(now: datetime) -> date:
    """The first day of which some videos may not be found yet."""
    return (now - _FOUND_AFTER).astimezone(UTC).date()


def coverage_of(day: date, searched_at: datetime) -> Coverage:
    """How well a search that began at `searched_at` covers a day."""
    day_end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    if searched_at < day_end + _FOUND_AFTER:
        return "incomplete"
    return "unsettled" if searched_at < day_end + _SETTLED_AFTER else "complete"


def is_due_again(state: WindowState, now: datetime) -> bool:
    """Whether the window was searched too early for its last day, and no longer would be."""
    if state.searched_at is None:
        return False
    last = state.window.end
    return coverage_of(last, state.searched_at) == "incomplete" and coverage_of(last, now) != "incomplete"


def coverage(study: Window, leaves: Iterable[WindowState]) -> Iterator[Row]:
    """One row for each day of the study, in order."""
    by_day = {day: state for state in leaves for day in state.window.days if state.window.overlaps(study)}
    for day in study.days:
        yield _row(day, by_day.get(day))


def _row(day: date, state: WindowState | None) -> Row:
    if state is None:
        return {"day": day, "state": "gap", "why": NOT_YET, "searched_at": None}
    # a day that was read too early keeps that reading if it cannot be read again
    covered = "gap" if state.read_at is None else coverage_of(day, state.read_at)
    return {"day": day, "state": covered, "why": state.facts.get("why"), "searched_at": state.read_at}
