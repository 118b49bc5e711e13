"""The life of each date window, as a journal of steps in the answer store.

A step is written once and never changed, like a page; where a window stands is read off its steps and its pages. So a
page and the progress it makes cannot come apart, whenever a run is killed.
"""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from gettok.collect.windows import Window
from gettok.step import Answer, Json, Row
from gettok.store import Key, Store

STAGE = "collect"
_VERSION = 1

Event = Literal["planned", "lost", "again", "split", "parked", "done"]
#: After these events the window is searched from its first page.
_FROM_THE_START = frozenset({"lost", "again", "parked"})


@dataclass(frozen=True)
class WindowEvent:
    """One step of a window's life, and the answer that notes it."""

    number: int
    event: Event
    facts: Mapping[str, Json]
    key: str
    answer: Answer


@dataclass(frozen=True)
class WindowState:
    """What has happened to a window so far."""

    window: Window
    steps: tuple[WindowEvent, ...] = ()

    @property
    def state(self) -> Event | None:
        """The last step's event; None before the first."""
        return self.steps[-1].event if self.steps else None

    @property
    def facts(self) -> Mapping[str, Json]:
        """What the last step noted."""
        return self.steps[-1].facts if self.steps else {}

    @property
    def attempt(self) -> int:
        """How often the window's search was begun anew."""
        return sum(step.event in _FROM_THE_START for step in self.steps)

    @property
    def restarts(self) -> int:
        """How often in a row the present search was lost."""
        count = 0
        for step in reversed(self.steps):
            if step.event != "lost":
                break
            count += 1
        return count

    @property
    def failed_on(self) -> set[date]:
        """The days, by the server's calendar, on which the window failed to the end."""
        return {_moment(step).date() for step in self.steps if step.event == "parked"}

    @property
    def searched_at(self) -> datetime | None:
        """When the search that the window stands by began; None unless it is done."""
        return _moment(self.steps[-1]) if self.state == "done" else None

    @property
    def read_at(self) -> datetime | None:
        """When the last search that reached its end began, whatever came after; its pages are there."""
        return max((_moment(step) for step in self.steps if step.event == "done"), default=None)

    def rows(self) -> list[Row]:
        """The window's rows in the table of windows."""
        return [self._row(step) for step in self.steps]

    def _row(self, step: WindowEvent) -> Row:
        facts = {name: step.facts.get(name) for name in ("why", "pages", "rows", "candidates")}
        return {
            "start": self.window.start,
            "end": self.window.end,
            "step": step.number,
            "event": step.event,
            **facts,
            "searched_at": _moment(step) if "at" in step.facts else None,
            "answer_key": step.key,
            "answer": step.answer.text,
        }


def _moment(step: WindowEvent) -> datetime:
    return datetime.fromisoformat(step.facts["at"])


class Journal:
    """The lives of all windows of one query at one source."""

    def __init__(self, store: Store, settings: Mapping[str, Json]) -> None:
        self._store = store
        self._settings = {**settings, "journal": True}
        self._lives = self._read()

    def leaves(self) -> list[WindowState]:
        """Every window that was not split, in order. No two of them overlap."""
        return sorted((life for life in self._lives.values() if life.state != "split"), key=_window_of)

    def all(self) -> list[WindowState]:
        """Every window, the split ones too."""
        return sorted(self._lives.values(), key=_window_of)

    def life(self, window: Window) -> WindowState:
        return self._lives.get(window, WindowState(window))

    def note(self, window: Window, event: Event, **facts: Json) -> WindowState:
        """Write down a step; it is on disk when this returns."""
        life = self.life(window)
        number = len(life.steps)
        body = {"window": str(window), "step": number, "event": event, **facts}
        key, answer = self._key(window, number), Answer(body)
        self._store.put(key, f"{window} {event}", answer)
        life = WindowState(window, (*life.steps, WindowEvent(number, event, facts, key.digest, answer)))
        self._lives = _unborn_halves(life) | self._lives | {window: life}
        return life

    def _key(self, window: Window, number: int) -> Key:
        return Key.of(STAGE, _VERSION, self._settings, {"window": str(window), "step": number})

    def _read(self) -> dict[Window, WindowState]:
        scope = Key.of(STAGE, _VERSION, self._settings, {}).scope
        steps: dict[Window, list[WindowEvent]] = {}
        for entry in self._store.scan(scope):
            facts = dict(entry.answer.body)
            window, number, event = Window.parse(facts.pop("window")), facts.pop("step"), facts.pop("event")
            steps.setdefault(window, []).append(WindowEvent(number, event, facts, entry.key, entry.answer))
        lives = {
            window: WindowState(window, tuple(sorted(of_window, key=lambda step: step.number)))
            for window, of_window in steps.items()
        }
        halves = [_unborn_halves(life) for life in lives.values()]
        return dict(ChainMap(lives, *halves))


def _unborn_halves(life: WindowState) -> dict[Window, WindowState]:
    """The halves of a split window, which take its place even if a kill comes before their own first step."""
    into = life.facts["into"] if life.state == "split" else ()
    return {half: WindowState(half) for half in map(Window.parse, into)}


def _window_of(life: WindowState) -> Window:
    return life.window
