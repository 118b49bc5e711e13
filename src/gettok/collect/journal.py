"""The history of each date window, as a journal of events in the answer store.

An event is written once and never changed, like a page; the state of a window follows from its events and its pages.
So a page and the progress it makes always agree, whenever a run is killed.
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

EventName = Literal["planned", "lost", "again", "split", "parked", "done"]
#: After these events the window is searched from its first page.
_FROM_THE_START = frozenset({"lost", "again", "parked"})


@dataclass(frozen=True)
class WindowEvent:
    """One event in a window's history, and the answer that records it."""

    number: int
    name: EventName
    facts: Mapping[str, Json]
    key: str
    answer: Answer


@dataclass(frozen=True)
class WindowState:
    """A window and everything that has happened to it so far."""

    window: Window
    events: tuple[WindowEvent, ...] = ()

    @property
    def last_event(self) -> EventName | None:
        """The name of the last event; None before the first."""
        return self.events[-1].name if self.events else None

    @property
    def facts(self) -> Mapping[str, Json]:
        """What the last event recorded."""
        return self.events[-1].facts if self.events else {}

    @property
    def attempt(self) -> int:
        """How often the window's search was started over."""
        return sum(event.name in _FROM_THE_START for event in self.events)

    @property
    def restarts(self) -> int:
        """How often in a row the current search was lost."""
        count = 0
        for event in reversed(self.events):
            if event.name != "lost":
                break
            count += 1
        return count

    @property
    def failed_on(self) -> set[date]:
        """The days, by the server's calendar, on which every attempt at the window failed."""
        return {_time_of(event).date() for event in self.events if event.name == "parked"}

    @property
    def searched_at(self) -> datetime | None:
        """When the search that completed the window began; None unless the window is done."""
        return _time_of(self.events[-1]) if self.last_event == "done" else None

    @property
    def read_at(self) -> datetime | None:
        """When the last complete search began, whatever happened afterwards; its pages are in the store."""
        return max((_time_of(event) for event in self.events if event.name == "done"), default=None)

    def rows(self) -> list[Row]:
        """The window's rows in the table of windows."""
        return [self._row(event) for event in self.events]

    def _row(self, event: WindowEvent) -> Row:
        facts = {name: event.facts.get(name) for name in ("why", "pages", "rows", "candidates")}
        return {
            "start": self.window.start,
            "end": self.window.end,
            "step": event.number,
            "event": event.name,
            **facts,
            "searched_at": _time_of(event) if "at" in event.facts else None,
            "answer_key": event.key,
            "answer": event.answer.text,
        }


def _time_of(event: WindowEvent) -> datetime:
    return datetime.fromisoformat(event.facts["at"])


class Journal:
    """The states of all windows of one query at one source."""

    def __init__(self, store: Store, settings: Mapping[str, Json]) -> None:
        self._store = store
        self._settings = {**settings, "journal": True}
        self._states = self._read()

    @property
    def scope(self) -> str:
        """The scope of the keys of all its events."""
        return Key.of(STAGE, _VERSION, self._settings, {}).scope

    def leaves(self) -> list[WindowState]:
        """Every window that was not split, in order. No two of them overlap."""
        return sorted(
            (state for state in self._states.values() if state.last_event != "split"), key=_window_of
        )

    def all(self) -> list[WindowState]:
        """Every window, including the split ones."""
        return sorted(self._states.values(), key=_window_of)

    def state(self, window: Window) -> WindowState:
        return self._states.get(window, WindowState(window))

    def note(self, window: Window, name: EventName, **facts: Json) -> WindowState:
        """Record an event; it is on disk when this returns."""
        state = self.state(window)
        number = len(state.events)
        body = {"window": str(window), "step": number, "event": name, **facts}
        key, answer = self._key(window, number), Answer(body)
        self._store.put(key, f"{window} {name}", answer)
        state = WindowState(window, (*state.events, WindowEvent(number, name, facts, key.digest, answer)))
        self._states = _unstarted_halves(state) | self._states | {window: state}
        return state

    def _key(self, window: Window, number: int) -> Key:
        return Key.of(STAGE, _VERSION, self._settings, {"window": str(window), "step": number})

    def _read(self) -> dict[Window, WindowState]:
        events: dict[Window, list[WindowEvent]] = {}
        for entry in self._store.scan(self.scope):
            facts = dict(entry.answer.body)
            window, number, name = Window.parse(facts.pop("window")), facts.pop("step"), facts.pop("event")
            events.setdefault(window, []).append(WindowEvent(number, name, facts, entry.key, entry.answer))
        states = {
            window: WindowState(window, tuple(sorted(unsorted, key=lambda event: event.number)))
            for window, unsorted in events.items()
        }
        halves = [_unstarted_halves(state) for state in states.values()]
        return dict(ChainMap(states, *halves))


def _unstarted_halves(state: WindowState) -> dict[Window, WindowState]:
    """The halves of a split window, which replace it even if a kill comes before their own first event."""
    into = state.facts["into"] if state.last_event == "split" else ()
    return {half: WindowState(half) for half in map(Window.parse, into)}


def _window_of(state: WindowState) -> Window:
    return state.window
