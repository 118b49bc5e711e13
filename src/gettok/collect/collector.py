"""Collect every page of a study's query, window by window, never the same page twice.

A window whose search fails on every attempt is halved, down to a day. A day that fails is parked and tried again on
another day; after as many such days as the settings allow, it is a gap that the coverage table names.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gettok.collect.background_writer import BackgroundWriter
from gettok.collect.canary import Canary
from gettok.collect.coverage import coverage, coverage_of, first_fresh_day, is_due_again
from gettok.collect.journal import EventName, Journal, WindowState
from gettok.collect.search import Search, StoredPage
from gettok.collect.windows import Window, gaps, plan
from gettok.errors import counted
from gettok.research_api import (
    FIELDS,
    QuotaExhausted,
    RequestFailing,
    ResearchApi,
    SearchExpired,
    as_not_now,
    whole_number,
)
from gettok.step import Json, Row
from gettok.store import Store

#: How often in a row a window's search may be lost before the window is halved.
_MAX_RESTARTS = 3


@dataclass
class Collector:
    """Asks one query of one source over the days of a study, through the store."""

    store: Store
    api: ResearchApi
    source: str
    query: Mapping[str, Json]
    study: Window
    max_days: int = 30
    #: On how many different days a failing day is tried before it is a gap.
    patience_days: int = 0
    canary: Canary | None = None
    #: Called with each window that needs nothing more for now.
    on_window_done: Callable[[WindowState], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        self.journal = Journal(
            self.store, {"source": self.source, "query": dict(self.query), "fields": FIELDS}
        )
        self._yielded: set[str] = set()
        self._writer: BackgroundWriter | None = None

    def plan(self, now: Callable[[], datetime] | None = None) -> list[Window]:
        """The windows that cover the study, including those of earlier runs; asks for the time if days are new."""
        existing = sorted(
            state.window for state in self.journal.leaves() if state.window.overlaps(self.study)
        )
        if not any(gaps(self.study, existing)):
            return existing
        time = (now or self.api.now)()
        fresh, today = first_fresh_day(time), time.date()
        return plan(self.study, existing, self.max_days, fresh=fresh, today=today)

    def collect(self) -> Iterator[StoredPage]:
        """Every page of the study, including those of searches that were lost or halved.

        Pages come from the store where it has them. Raises `QuotaExhausted` at the end if days are parked.
        """
        with BackgroundWriter("store", self.store.root) as self._writer:
            yield from self._pages()

    def _pages(self) -> Iterator[StoredPage]:
        for state in self.journal.all():
            if state.last_event == "split" and state.window.overlaps(self.study):
                yield from self._new_stored(state)
        yield from self._collect_windows(self.plan())
        while parked := self._parked():
            self.api.on_quota(self._days_failing(parked))
            yield from self._collect_windows(parked)

    def begin(self, state: WindowState) -> WindowState:
        """Record that a window is about to be asked for, unless its search has begun already."""
        if state.last_event is None:
            return self._note(state.window, "planned")
        if state.last_event == "done":
            return self._note(state.window, "again", why="it was read within 48 hours")
        return state

    def search(self, window: Window) -> Search:
        """The study's search over a window's days."""
        on_empty = self._check_empty if self.canary else None
        put = self._writer.put if self._writer else None
        settings = {"source": self.source}
        return Search(self.store, self.api, self.query, window, settings, put=put, on_empty=on_empty)

    def windows(self) -> list[Row]:
        """The table of windows: each event of each window that touches the study."""
        return [
            row for state in self.journal.all() if state.window.overlaps(self.study) for row in state.rows()
        ]

    def coverage(self) -> list[Row]:
        """The table of coverage: each day of the study."""
        return list(coverage(self.study, self.journal.leaves()))

    def _collect_windows(self, windows: list[Window]) -> Iterator[StoredPage]:
        queue = deque(windows)
        while queue:
            window = queue.popleft()
            try:
                yield from self._collect_window(window)
                self.on_window_done(self.journal.state(window))
            except RequestFailing as error:
                queue.extendleft(reversed(self._split_or_park(window, error)))

    def _collect_window(self, window: Window) -> Iterator[StoredPage]:
        self._settle()
        state = self.journal.state(window)
        yield from self._new_stored(state)
        if not self.needs_asking(state):
            return
        state = self.begin(state)
        while True:
            try:
                yield from self._search_to_end(state)
            except SearchExpired as error:
                state = self._note(window, "lost", why=str(error))
                if state.restarts > _MAX_RESTARTS:
                    raise RequestFailing(f"{error}, in {state.restarts} searches in a row") from None
            else:
                return

    def _search_to_end(self, state: WindowState) -> Iterator[StoredPage]:
        """Every page of the search; records the window as done when the last page is stored."""
        pages = rows = candidates = 0
        began: datetime | None = None
        for stored in self.search(state.window).pages(state.attempt):
            if self._is_new(stored):
                yield stored
            began = began or stored.page.observed_at
            pages, rows = pages + 1, rows + stored.rows
            candidates = whole_number(stored.page.data.get("cursor")) or candidates
        assert began is not None, "a search has a first page"
        facts = {"pages": pages, "rows": rows, "candidates": candidates}
        self._note(state.window, "done", at=began.isoformat(), **facts)

    def stored(self, state: WindowState) -> Iterator[StoredPage]:
        """The pages that the store has of all of a window's searches."""
        for attempt in range(state.attempt + 1):
            yield from self.search(state.window).stored(attempt)

    def _new_stored(self, state: WindowState) -> Iterator[StoredPage]:
        """The same, without those that this run has yielded before."""
        yield from filter(self._is_new, self.stored(state))

    def _is_new(self, stored: StoredPage) -> bool:
        """Whether this run has not yielded a page yet; a window may be collected more than once."""
        new = stored.key not in self._yielded
        self._yielded.add(stored.key)
        return new

    def needs_asking(self, state: WindowState, now: Callable[[], datetime] | None = None) -> bool:
        """Whether a run at that time would ask about the window; reads the clock only where it matters."""
        now = now or self.api.now
        if state.last_event == "parked":
            return not self._is_given_up(state) and now().date() not in state.failed_on
        if state.searched_at is None:
            return True
        fresh = coverage_of(state.window.end, state.searched_at) == "incomplete"
        return fresh and is_due_again(state, now())

    def _is_given_up(self, state: WindowState) -> bool:
        return len(state.failed_on) >= self.patience_days

    def _split_or_park(self, window: Window, trouble: RequestFailing) -> tuple[Window, ...]:
        """Halve the window, or park it if it is a day; returns the windows to ask for instead.

        When the server answers nothing else either, the window is not to blame and is asked for again after a pause.
        """
        if self.canary and not self.canary.is_answered():
            self.api.back_off(as_not_now(trouble))
            return (window,)
        why = str(trouble)
        if len(window.days) > 1:
            halves = window.halves()
            self._note(window, "split", why=why, into=[str(half) for half in halves])
            return halves
        self.on_window_done(self._note(window, "parked", why=why, at=self.api.now().isoformat()))
        return ()

    def _note(self, window: Window, name: EventName, **facts: Json) -> WindowState:
        """Record an event in the journal, once the pages that it relies on are on disk."""
        self._settle()
        return self.journal.note(window, name, **facts)

    def _settle(self) -> None:
        """Wait until every page is on disk; one on its way would be asked for again, and the store keeps the first."""
        if self._writer:
            self._writer.settle()

    def _parked(self) -> list[Window]:
        """Days that failed and are to be tried on another day."""
        return [
            state.window
            for state in self.journal.leaves()
            if state.window.overlaps(self.study)
            and state.last_event == "parked"
            and not self._is_given_up(state)
        ]

    def _days_failing(self, parked: list[Window]) -> QuotaExhausted:
        back_at = self.api.server.next_day()
        days = ", ".join(str(window.start) for window in parked[:10]) + (" …" if len(parked) > 10 else "")
        return QuotaExhausted(
            f"the Research API fails on every try for {counted(len(parked), 'day')}: {days}",
            "parked them; every other page is kept. A day counts as a gap after "
            f"{counted(self.patience_days, 'such day')}",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC, or continue now with "
            "collect.patience_days=0",
            back_at,
        )

    def _check_empty(self, window: Window) -> None:
        """Check an empty result, except for the newest days, which may be empty and are asked for again anyway."""
        if self.canary and window.end < first_fresh_day(self.api.now()):
            self.canary.check(window)
