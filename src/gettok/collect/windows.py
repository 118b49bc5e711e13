"""Date windows: the pieces in which a study's days are asked for. Both ends of a window are included, in UTC."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Window:
    """The days from `start` to `end`, both included."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start}_{self.end}"

    @classmethod
    def parse(cls, text: str) -> Self:
        start, end = text.split("_")
        return cls(date.fromisoformat(start), date.fromisoformat(end))

    def overlaps(self, other: "Window") -> bool:
        return self.start <= other.end and other.start <= self.end

    @property
    def days(self) -> list[date]:
        """Each day of the window, in order."""
        return [self.start + n * _DAY for n in range((self.end - self.start).days + 1)]

    def within(self, other: "Window") -> "Window":
        """The part of the window that lies in the other, which it overlaps."""
        return Window(max(self.start, other.start), min(self.end, other.end))

    def halves(self) -> tuple["Window", "Window"]:
        """The window in two; it has at least two days."""
        last = self.start + (len(self.days) // 2 - 1) * _DAY
        return Window(self.start, last), Window(last + _DAY, self.end)


def plan(
    study: Window,
    existing: Iterable[Window],
    max_days: int,
    *,
    fresh: date | None = None,
    today: date | None = None,
) -> list[Window]:
    """Windows that cover the study: the existing ones that touch it, and new ones over the days that none covers.

    No window overlaps another and no day of the study is left out. Existing windows stay as they are, so their pages
    are never asked for twice; they may reach beyond the study. Each day from `fresh` on has a window of its own, since
    it will be asked for again; days after `today` are left out, since they have no videos yet.
    """
    touching = sorted(window for window in existing if window.overlaps(study))
    new = [piece for gap in gaps(study, touching) for piece in _cut_gap(gap, max_days, fresh, today)]
    return sorted(touching + new)


def _cut_gap(gap: Window, max_days: int, fresh: date | None, today: date | None) -> Iterator[Window]:
    end = gap.end if today is None else min(gap.end, today)
    settled = end if fresh is None else min(end, fresh - _DAY)
    if gap.start <= settled:
        yield from _cut(Window(gap.start, settled), max_days)
    first_fresh = max(gap.start, settled + _DAY)
    if first_fresh <= end:
        yield from _cut(Window(first_fresh, end), 1)


def gaps(study: Window, covered: list[Window]) -> Iterator[Window]:
    """The days of the study that no window covers, in pieces as long as possible; `covered` is sorted."""
    day = study.start
    for window in covered:
        if day < window.start:
            yield Window(day, window.start - _DAY)
        day = max(day, window.end + _DAY)
    if day <= study.end:
        yield Window(day, study.end)


def _cut(gap: Window, max_days: int) -> Iterator[Window]:
    day = gap.start
    while day <= gap.end:
        last = min(day + timedelta(days=max_days - 1), gap.end)
        yield Window(day, last)
        day = last + _DAY
