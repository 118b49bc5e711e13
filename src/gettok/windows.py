"""Date windows: how a study's days are asked for in pieces. Both ends of a window are included, in UTC."""

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


def plan(study: Window, existing: Iterable[Window], most_days: int) -> list[Window]:
    """Windows that cover the study: the existing ones that touch it, and new ones over days that none covers.

    No window overlaps another and no day of the study is left out. Existing windows are kept as they are, so their
    pages are never asked for twice; they may reach beyond the study.
    """
    kept = sorted(window for window in existing if window.overlaps(study))
    new = [piece for gap in _gaps(study, kept) for piece in _cut(gap, most_days)]
    return sorted(kept + new)


def _gaps(study: Window, covered: list[Window]) -> Iterator[Window]:
    day = study.start
    for window in covered:
        if day < window.start:
            yield Window(day, window.start - _DAY)
        day = max(day, window.end + _DAY)
    if day <= study.end:
        yield Window(day, study.end)


def _cut(gap: Window, most_days: int) -> Iterator[Window]:
    day = gap.start
    while day <= gap.end:
        last = min(day + timedelta(days=most_days - 1), gap.end)
        yield Window(day, last)
        day = last + _DAY
