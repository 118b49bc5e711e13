"""Collect every page of a study's query, window by window, never the same page twice.

A window is marked `planned` before its first page and `done` after its last, so that a run that was cut short, or a
study that grows, keeps to the windows that exist.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Literal, get_args

from gettok.errors import Interrupted, NotNow
from gettok.research_api import FIELDS, PAGE_ROWS, Page, ResearchApi, SearchLost
from gettok.settings import Query
from gettok.step import Answer, Json, Row
from gettok.store import Key, Store
from gettok.store.keys import canonical
from gettok.windows import Window, plan

_STAGE = "collect"
_VERSION = 1
_MOST_RESTARTS = 3
_State = Literal["planned", "done"]
_STATES: tuple[_State, ...] = get_args(_State)


def conditions(query: Query) -> dict[str, Json]:
    """The Research API's query: any keyword or hashtag, and the region where one is named."""
    either: list[Json] = []
    if query.keywords:
        either.append(_any_of("keyword", query.keywords))
    if query.hashtags:
        either.append(_any_of("hashtag_name", query.hashtags))
    every = [_any_of("region_code", query.regions)] if query.regions else []
    return {"and": every, "or": either} if every else {"or": either}


def _any_of(field: str, values: Iterable[str]) -> dict[str, Json]:
    return {"field_name": field, "operation": "IN", "field_values": sorted(values)}


@dataclass(frozen=True)
class Kept:
    """A page as it is in the store, and where in its window's search it belongs."""

    window: Window
    attempt: int
    cursor: int
    key: str
    answer: Answer

    @property
    def page(self) -> Page:
        return Page.from_json(self.answer.body)

    def row(self) -> Row:
        return {
            "window": str(self.window),
            "attempt": self.attempt,
            "cursor": self.cursor,
            "observed_at": self.page.observed_at,
            "answer_key": self.key,
            "answer": canonical(dict(self.answer.body)),
        }


@dataclass(frozen=True)
class Collector:
    """Asks one query of one source, through the store."""

    store: Store
    api: ResearchApi
    source: str
    query: Mapping[str, Json]
    stop: Event

    def plan(self, study: Window, most_days: int) -> list[Window]:
        """The windows that cover the study, those planned by earlier runs among them."""
        scopes = (self._mark_key(study, state).scope for state in _STATES)
        marks = (mark for scope in scopes for mark in self.store.scan(scope))
        return plan(study, {Window.parse(mark.answer.body["window"]) for mark in marks}, most_days)

    def collect(self, window: Window) -> Iterator[Kept]:
        """Every page of a window, from the store where it is there; marks the window when the last page is kept."""
        self._mark(window, "planned", {})
        attempt = 0
        pages: list[Kept] = []
        while True:
            try:
                for kept in self._search(window, attempt):
                    pages.append(kept)
                    yield kept
                break
            except SearchLost:
                self.store.put(
                    self._lost_key(window, attempt), f"{window} lost", Answer({"attempt": attempt})
                )
                attempt += 1
                if attempt > _MOST_RESTARTS:
                    raise _gave_up(window) from None
        self._mark(window, "done", _facts(pages, attempt))

    def done_row(self, window: Window) -> Row:
        """The coverage row of a window that `collect` has gone through."""
        key = self._mark_key(window, "done").digest
        answer = self.store.get(key)
        assert answer is not None, f"{window} was just marked"
        facts = {name: answer.body[name] for name in ("pages", "rows", "candidates", "restarts")}
        origin = {"answer_key": key, "answer": canonical(dict(answer.body))}
        return {"start": window.start, "end": window.end, "state": "done", **facts, **origin}

    def _search(self, window: Window, attempt: int) -> Iterator[Kept]:
        lost = self._was_lost(window, attempt)
        cursor, search_id = 0, None
        while True:
            key = self._page_key(window, attempt, cursor)
            answer = self.store.get(key.digest)
            if answer is None:
                if lost:
                    raise SearchLost
                if self.stop.is_set():
                    raise Interrupted
                answer = Answer(self.api.query(self._body(window, cursor, search_id)).to_json())
                self.store.put(key, f"{window} {attempt}:{cursor}", answer)
            kept = Kept(window, attempt, cursor, key.digest, answer)
            yield kept
            data = kept.page.data
            if not data["has_more"]:
                return
            if int(data["cursor"]) <= cursor:
                raise SearchLost(f"the cursor stays at {cursor}")
            cursor, search_id = int(data["cursor"]), data.get("search_id", search_id)

    def _was_lost(self, window: Window, attempt: int) -> bool:
        """Whether an earlier run lost this search, as it noted then, or as the finished window says."""
        done = self.store.get(self._mark_key(window, "done").digest)
        if done is not None:
            return bool(attempt < done.body["restarts"])
        return bool(self.store.known([self._lost_key(window, attempt).digest]))

    def _body(self, window: Window, cursor: int, search_id: str | None) -> dict[str, Json]:
        body: dict[str, Json] = {
            "query": dict(self.query),
            "start_date": f"{window.start:%Y%m%d}",
            "end_date": f"{window.end:%Y%m%d}",
            "max_count": PAGE_ROWS,
        }
        return body if search_id is None else {**body, "cursor": cursor, "search_id": search_id}

    def _page_key(self, window: Window, attempt: int, cursor: int) -> Key:
        return self._key({"window": str(window), "attempt": attempt, "cursor": cursor})

    def _lost_key(self, window: Window, attempt: int) -> Key:
        return self._key({"window": str(window), "attempt": attempt, "lost": True})

    def _key(self, inputs: Mapping[str, Json]) -> Key:
        settings = {
            "source": self.source,
            "query": dict(self.query),
            "fields": FIELDS,
            "max_count": PAGE_ROWS,
        }
        return Key.of(_STAGE, _VERSION, settings, inputs)

    def _mark_key(self, window: Window, state: _State) -> Key:
        settings = {"source": self.source, "query": dict(self.query), "fields": FIELDS, "marks": state}
        return Key.of(_STAGE, _VERSION, settings, {"window": str(window)})

    def _mark(self, window: Window, state: _State, facts: Mapping[str, Json]) -> None:
        key = self._mark_key(window, state)
        if not self.store.known([key.digest]):
            self.store.put(key, f"{window} {state}", Answer({"window": str(window), "state": state, **facts}))


def _facts(pages: list[Kept], restarts: int) -> dict[str, Json]:
    found = [kept.page.data for kept in pages]
    return {
        "pages": len(found),
        "rows": sum(len(data["videos"]) for data in found),
        "candidates": int(found[-1].get("cursor", 0)) if found else 0,
        "restarts": restarts,
    }


def _gave_up(window: Window) -> NotNow:
    return NotNow(
        f"the search for {window.start} to {window.end} was lost {_MOST_RESTARTS + 1} times",
        "kept every page received",
        "run the same command again later",
    )
