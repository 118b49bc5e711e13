"""Collect every page of a study's query, window by window, never the same page twice.

A window whose search fails to the end is halved, down to a day. A day that fails is parked and tried again on another
day; after as many days as the settings have patience for, it is a gap that the coverage table names.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gettok.collect.background_writer import StoreWriter
from gettok.collect.canary import Canary
from gettok.collect.coverage import coverage, first_fresh_day, is_due_again, state
from gettok.collect.journal import Event, Journal, WindowState
from gettok.collect.search import Search, StoredPage
from gettok.collect.windows import Window, gaps, plan
from gettok.research_api import (
    FIELDS,
    QuotaExhausted,
    RequestFailing,
    ResearchApi,
    SearchExpired,
    quota_exhausted,
    whole_number,
)
from gettok.step import Json, Row
from gettok.store import Store

#: How often in a row a window's search may be lost before the window is halved.
_MOST_RESTARTS = 3


@dataclass
class Collector:
    """Asks one query of one source over the days of a study, through the store."""

    store: Store
    api: ResearchApi
    source: str
    query: Mapping[str, Json]
    study: Window
    most_days: int = 30
    #: On how many different days a day that fails is tried before it is a gap.
    patience_days: int = 0
    canary: Canary | None = None
    #: UserFacingError of each window that needs nothing more for now.
    told: Callable[[WindowState], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        self.journal = Journal(
            self.store, {"source": self.source, "query": dict(self.query), "fields": FIELDS}
        )
        self._shown: set[str] = set()
        self._keeper: StoreWriter | None = None

    def plan(self, now: Callable[[], datetime] | None = None) -> list[Window]:
        """The windows that cover the study, those of earlier runs among them; asks for the time if days are new."""
        known = sorted(life.window for life in self.journal.leaves() if life.window.overlaps(self.study))
        if not any(gaps(self.study, known)):
            return known
        moment = (now or self.api.now)()
        fresh, today = first_fresh_day(moment), moment.date()
        return plan(self.study, known, self.most_days, fresh=fresh, today=today)

    def collect(self) -> Iterator[StoredPage]:
        """Every page of the study, those of searches that were lost or halved among them.

        Pages come from the store where it has them. Raises `QuotaExhausted` at the end if days are parked.
        """
        with StoreWriter(self.store.root) as self._keeper:
            yield from self._collected()

    def _collected(self) -> Iterator[StoredPage]:
        for life in self.journal.all():
            if life.state == "split" and life.window.overlaps(self.study):
                yield from self._kept(life)
        yield from self._all(self.plan())
        while parked := self._parked():
            self.api.on_quota(self._come_back(parked))
            yield from self._all(parked)

    def begin(self, life: WindowState) -> WindowState:
        """Note that a window that needs asking is about to be asked, unless it is in the middle of it."""
        if life.state is None:
            return self._note(life.window, "planned")
        if life.state == "done":
            return self._note(life.window, "again", why="it was read within 48 hours")
        return life

    def search(self, window: Window) -> Search:
        """The study's search over a window's days."""
        doubt = self._doubt if self.canary else None
        keep = self._keeper.put if self._keeper else None
        settings = {"source": self.source}
        return Search(self.store, self.api, self.query, window, settings, keep=keep, doubt=doubt)

    def windows(self) -> list[Row]:
        """The table of windows: each step of each window that touches the study."""
        return [row for life in self.journal.all() if life.window.overlaps(self.study) for row in life.rows()]

    def coverage(self) -> list[Row]:
        """The table of coverage: each day of the study."""
        return list(coverage(self.study, self.journal.leaves()))

    def _all(self, windows: list[Window]) -> Iterator[StoredPage]:
        queue = deque(windows)
        while queue:
            window = queue.popleft()
            try:
                yield from self._window(window)
                self.told(self.journal.life(window))
            except RequestFailing as error:
                queue.extendleft(reversed(self._give_way(window, error)))

    def _window(self, window: Window) -> Iterator[StoredPage]:
        self._settle()
        life = self.journal.life(window)
        yield from self._kept(life)
        if not self.needs_asking(life):
            return
        life = self.begin(life)
        while True:
            try:
                yield from self._searched(life)
            except SearchExpired as error:
                life = self._note(window, "lost", why=str(error))
                if life.restarts > _MOST_RESTARTS:
                    raise RequestFailing(f"{error}, in {life.restarts} searches in a row") from None
            else:
                return

    def _searched(self, life: WindowState) -> Iterator[StoredPage]:
        """The search to its end; notes the window as done when the last page is kept."""
        pages = rows = candidates = 0
        began: datetime | None = None
        for kept in self.search(life.window).pages(life.attempt):
            if self._is_new(kept):
                yield kept
            data = kept.page.data
            began = began or kept.page.observed_at
            pages, rows = pages + 1, rows + kept.rows
            candidates = whole_number(data.get("cursor")) or candidates
        assert began is not None, "a search has a first page"
        facts = {"pages": pages, "rows": rows, "candidates": candidates}
        self._note(life.window, "done", at=began.isoformat(), **facts)

    def kept(self, life: WindowState) -> Iterator[StoredPage]:
        """The pages that are there of all of a window's searches."""
        for attempt in range(life.attempt + 1):
            yield from self.search(life.window).kept(attempt)

    def _kept(self, life: WindowState) -> Iterator[StoredPage]:
        """The same, but for those that have been shown before."""
        yield from filter(self._is_new, self.kept(life))

    def _is_new(self, kept: StoredPage) -> bool:
        """Whether a page has not been shown in this run; a window may come up again."""
        new = kept.key not in self._shown
        self._shown.add(kept.key)
        return new

    def needs_asking(self, life: WindowState, now: Callable[[], datetime] | None = None) -> bool:
        """Whether a run would ask about the window at that time; looks at the clock only where it matters."""
        now = now or self.api.now
        if life.state == "parked":
            return not self._is_given_up(life) and now().date() not in life.failed_on
        if life.searched_at is None:
            return True
        fresh = state(life.window.end, life.searched_at) == "incomplete"
        return fresh and is_due_again(life, now())

    def _is_given_up(self, life: WindowState) -> bool:
        return len(life.failed_on) >= self.patience_days

    def _give_way(self, window: Window, trouble: RequestFailing) -> tuple[Window, ...]:
        """Halve the window, or park it if it is a day; returns what is to be asked instead.

        When the server answers nothing else either, the window is not to blame, and is asked for again after a rest.
        """
        if self.canary and not self.canary.is_heard():
            self.api.rest(quota_exhausted(trouble))
            return (window,)
        why = str(trouble)
        if len(window.days) > 1:
            halves = window.halves()
            self._note(window, "split", why=why, into=[str(half) for half in halves])
            return halves
        self.told(self._note(window, "parked", why=why, at=self.api.now().isoformat()))
        return ()

    def _note(self, window: Window, event: Event, **facts: Json) -> WindowState:
        """A step in the journal, once the pages that it stands on are on disk."""
        self._settle()
        return self.journal.note(window, event, **facts)

    def _settle(self) -> None:
        """Have every page on disk: a page that is not there yet would be asked for again, and the first one stays."""
        if self._keeper:
            self._keeper.settle()

    def _parked(self) -> list[Window]:
        """Days that failed and are to be tried on another day."""
        return [
            life.window
            for life in self.journal.leaves()
            if life.window.overlaps(self.study) and life.state == "parked" and not self._is_given_up(life)
        ]

    def _come_back(self, parked: list[Window]) -> QuotaExhausted:
        back_at = self.api.server.next_day()
        days = ", ".join(str(window.start) for window in parked[:10]) + (" …" if len(parked) > 10 else "")
        return QuotaExhausted(
            f"the Research API fails on every try for {len(parked)} days: {days}",
            f"parked them; every other page is kept. A day counts as a gap after {self.patience_days} such days",
            f"run the same command again after {back_at:%Y-%m-%d %H:%M} UTC, or go on now with collect.patience_days=0",
            back_at,
        )

    def _doubt(self, window: Window) -> None:
        """Newest days may well be empty; they are asked for again anyway."""
        if self.canary and window.end < first_fresh_day(self.api.now()):
            self.canary.doubt(window)
