"""One search of the Research API, page by page: from the store where it has the page, otherwise from the server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from gettok.collect.journal import STAGE
from gettok.collect.windows import Window
from gettok.research_api import (
    FIELDS,
    PAGE_ROWS,
    ApiCall,
    Page,
    RequestFailing,
    ResearchApi,
    whole_number,
)
from gettok.step import Answer, Json, Row, digest_of
from gettok.store import Key, Store

ENDPOINT = "video/query"
_VERSION = 1
#: Pages in a row without a video: all their candidates may have been dropped, but the search may also have gone wrong.
_MAX_EMPTY = 20
#: A search whose last page is this old has most likely been forgotten.
_OLD_S = 600


@dataclass(frozen=True)
class StoredPage:
    """A page as it is in the store, and what it is about."""

    endpoint: str
    subject: str
    attempt: int
    cursor: int
    key: str
    answer: Answer
    page: Page

    @property
    def rows(self) -> int:
        """How many videos the page lists."""
        return len(self.page.videos)

    @property
    def search(self) -> str:
        """A name for the search that the page belongs to; its pages come one after the other in every run."""
        return f"{self.subject}.{self.attempt}"

    def row(self) -> Row:
        return {
            "endpoint": self.endpoint,
            "subject": self.subject,
            "attempt": self.attempt,
            "cursor": self.cursor,
            "observed_at": self.page.observed_at,
            "answer_key": self.key,
            "answer": self.answer.text,
        }


@dataclass(frozen=True)
class Search:
    """A query over the days of a window. `settings` distinguish it from the same question to another source."""

    store: Store
    api: ResearchApi
    query: Mapping[str, Json]
    window: Window
    settings: Mapping[str, Json]
    purpose: str = "collect"
    #: A name instead of the window's, which distinguishes it from other queries over the same days.
    subject: str = ""
    #: Stores a page instead of `store`.
    put: Callable[[Key, str, Answer], None] | None = None
    #: Called when a first page has no candidates, before it is stored; may raise.
    on_empty: Callable[[Window], None] | None = None

    @property
    def name(self) -> str:
        return self.subject or str(self.window)

    def stored(self, attempt: int) -> Iterator[StoredPage]:
        """The pages that the store has, from the first on, wherever the search ended."""
        with suppress(RequestFailing):
            yield from self._pages(attempt, ask=False)

    def pages(self, attempt: int) -> Iterator[StoredPage]:
        """Every page; raises `SearchExpired` or `RequestFailing` when the search does not reach its end."""
        return self._pages(attempt, ask=True)

    def first(self, attempt: int) -> StoredPage:
        """The first page alone."""
        return next(self.pages(attempt))

    def _pages(self, attempt: int, *, ask: bool) -> Iterator[StoredPage]:
        cursor, search_id, empty = 0, None, 0
        previous: Page | None = None
        replaying = True
        while True:
            # after a page that is not in the store, none of the later ones is
            stored = self._stored(attempt, cursor) if replaying else None
            if stored is None:
                if not ask:
                    return
                replaying = False
                stored = self._ask(attempt, cursor, search_id, previous)
            yield stored
            previous = stored.page
            if not previous.has_more:
                return
            empty = 0 if previous.videos else empty + 1
            cursor = self._next(previous.data, cursor, empty)
            search_id = previous.data.get("search_id", search_id)

    def _next(self, data: Mapping[str, Json], cursor: int, empty: int) -> int:
        """The server's next cursor, which must move; only `has_more` ends a search."""
        following = whole_number(data.get("cursor"))
        if following is None or following <= cursor:
            raise RequestFailing(f"the search does not move on from cursor {cursor}")
        if empty >= _MAX_EMPTY:
            raise RequestFailing(f"{empty} pages in a row have no video, up to cursor {following}")
        return following

    def _stored(self, attempt: int, cursor: int) -> StoredPage | None:
        key = self._key(attempt, cursor).digest
        answer = self.store.get(key)
        if answer is None:
            return None
        return StoredPage(ENDPOINT, self.name, attempt, cursor, key, answer, Page.from_json(answer.body))

    def _ask(self, attempt: int, cursor: int, search_id: str | None, previous: Page | None) -> StoredPage:
        page = self.api.ask(self._call(cursor, search_id, previous))
        if self.on_empty and cursor == 0 and not page.videos and not page.has_more:
            self.on_empty(self.window)
        answer, key = Answer(page.to_json()), self._key(attempt, cursor)
        (self.put or self.store.put)(key, f"{self.name} {attempt}:{cursor}", answer)
        return StoredPage(ENDPOINT, self.name, attempt, cursor, key.digest, answer, page)

    def _call(self, cursor: int, search_id: str | None, previous: Page | None) -> ApiCall:
        body = body_of(self.query, self.window)
        if cursor:
            body |= {"cursor": cursor}
        if search_id:
            body |= {"search_id": search_id}
        since_s = 0.0 if previous is None else (self.api.now() - previous.observed_at).total_seconds()
        return ApiCall(
            ENDPOINT,
            body,
            self.purpose,
            f"{self.name} {cursor}",
            fields=FIELDS,
            shape={"has_more": bool},
            old_search=since_s > _OLD_S,
        )

    def _key(self, attempt: int, cursor: int) -> Key:
        query = dict(self.query)
        inputs = {"query": query, "window": str(self.window), "attempt": attempt, "cursor": cursor}
        return Key.of(STAGE, _VERSION, _key_settings(self.settings), inputs)


def stored_pages(store: Store, settings: Mapping[str, Json]) -> Iterator[StoredPage]:
    """Every page that the store has under these settings, whatever the question, in order of key."""
    for entry in store.scan(Key.of(STAGE, _VERSION, _key_settings(settings), {}).scope):
        page = Page.from_json(entry.answer.body)
        body = page.request["body"]
        start, end = (date.fromisoformat(body[name]) for name in ("start_date", "end_date"))
        subject = subject_of(Window(start, end), body["query"])
        yield StoredPage(ENDPOINT, subject, 0, body.get("cursor", 0), entry.key, entry.answer, page)


def body_of(query: Mapping[str, Json], window: Window, max_rows: int = PAGE_ROWS) -> dict[str, Json]:
    """The body that asks for the first page of a query over the days of a window."""
    return {
        "query": dict(query),
        "start_date": f"{window.start:%Y%m%d}",
        "end_date": f"{window.end:%Y%m%d}",
        "max_count": max_rows,
    }


def subject_of(window: Window, query: Mapping[str, Json]) -> str:
    """A name for one of many queries over the same days."""
    return f"{window}_{digest_of(dict(query))[:12]}"


def _key_settings(settings: Mapping[str, Json]) -> dict[str, Json]:
    return {**settings, "fields": FIELDS, "max_count": PAGE_ROWS}
