"""How far each day of a study is covered, and what that day's reading is worth.

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
NOT_YET = "it was in the future"

State = Literal["complete", "unsettled", "incomplete", "gap"]


def first_fresh_day(now: datetime) -> date:
    """The first day whose videos may not all be found yet."""
    return (now - _FOUND_AFTER).astimezone(UTC).date()


def state(day: date, searched_at: datetime) -> State:
    """What a search that began at `searched_at` is worth for a day."""
    over = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    if searched_at < over + _FOUND_AFTER:
        return "incomplete"
    return "unsettled" if searched_at < over + _SETTLED_AFTER else "complete"


def is_due_again(life: WindowState, now: datetime) -> bool:
    """Whether the window was searched too early for its last day, and could now be searched in time."""
    if life.searched_at is None:
        return False
    last = life.window.end
    return state(last, life.searched_at) == "incomplete" and state(last, now) != "incomplete"


def coverage(study: Window, leaves: Iterable[WindowState]) -> Iterator[Row]:
    """One row for each day of the study, in order."""
    by_day = {day: life for life in leaves for day in life.window.days if life.window.overlaps(study)}
    for day in study.days:
        yield _row(day, by_day.get(day))


def _row(day: date, life: WindowState | None) -> Row:
    if life is None:
        return {"day": day, "state": "gap", "why": NOT_YET, "searched_at": None}
    # a day that was read too early stays what it was when it cannot be read again
    worth = "gap" if life.read_at is None else state(day, life.read_at)
    return {"day": day, "state": worth, "why": life.facts.get("why"), "searched_at": life.read_at}
