"""Look up videos by id, twice before one counts as missing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from gettok.collect.erased import marked_digest
from gettok.collect.ids import IdBatch, Placed, batches, query_for, second_look
from gettok.collect.journal import STAGE
from gettok.collect.search import Search, StoredPage, subject_of
from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.http.json_guards import to_mappings
from gettok.research_api import Page, RequestFailing, ResearchApi, SearchExpired, as_not_now, sent_video_id
from gettok.step import Answer, Json
from gettok.store import Key, Store

_VERSION = 1
_PlaceIds = Callable[[Iterable[str], Mapping[str, date]], Placed]


@dataclass
class IdLookup:
    """A lookup of ids. After `collect` has run to its end, each id is in `found`, `missing` or `unplaceable`."""

    store: Store
    api: ResearchApi
    ids: tuple[str, ...]
    #: What distinguishes this lookup from others of the same ids: the source, the round of a refresh.
    settings: Mapping[str, Json]
    purpose: str = "collect"
    #: The day of publication, where it is known.
    days: Mapping[str, date] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)

    @cached_property
    def unplaceable(self) -> frozenset[str]:
        """Ids from which no day can be derived, so that they cannot be asked for."""
        return frozenset(batches(self.ids, self.days).unplaceable)

    @property
    def missing(self) -> list[str]:
        """The ids that were asked for and not found, in their order."""
        return [name for name in self.ids if name not in self.found and name not in self.unplaceable]

    def least_requests(self) -> int:
        """Requests of a first look if the store has none of its answers and every video is found."""
        return len(batches(self.ids, self.days).batches)

    def collect(self) -> Iterator[StoredPage]:
        """Every page of both looks. Raises `NotNow` where a look fails; stored pages are not asked for again."""
        yield from self._look("first", self.ids, batches)
        yield from self._look("second", self.missing, second_look)

    def _look(self, look: str, ids: Iterable[str], place: _PlaceIds) -> Iterator[StoredPage]:
        earlier = self._stored_batches(look, set(ids))
        covered = {video_id for batch in earlier for video_id in batch.ids}
        new = place((name for name in ids if name not in covered), self.days).batches
        for batch in (*earlier, *new):
            try:
                yield from self._collect_batch(look, batch)
            except (RequestFailing, SearchExpired) as error:
                raise as_not_now(error) from error

    def _collect_batch(self, look: str, batch: IdBatch) -> Iterator[StoredPage]:
        body = {"window": str(batch.window), "ids": list(batch.ids)}
        key = Key.of(STAGE, _VERSION, self._batch_settings(look), body)
        if not self.store.known([key.digest]):
            self.store.put(key, _subject_of(batch), Answer(body))
        search, attempt = self._search(batch), 0
        while self.store.known([self._failure_key(look, body, attempt).digest]):
            yield from self._note_found(search.stored(attempt))
            attempt += 1
        try:
            yield from self._note_found(search.pages(attempt))
        except (RequestFailing, SearchExpired) as error:
            if any(search.stored(attempt)):
                self.store.put(
                    self._failure_key(look, body, attempt), _subject_of(batch), Answer({"why": str(error)})
                )
            raise

    def _note_found(self, pages: Iterator[StoredPage]) -> Iterator[StoredPage]:
        for stored in pages:
            self.found.update(ids_on(stored.page))
            # in a store that was filled from pages, what is erased or gone is a mark, and is not looked for again
            if marked := set(map(marked_digest, to_mappings(stored.page.videos))) - {None}:
                self.found.update(name for name in self.ids if sha256(name) in marked)
            yield stored

    def _failure_key(self, look: str, batch: Mapping[str, Json], attempt: int) -> Key:
        """The key of a note that a search began and did not reach its end, so that the next run begins another."""
        settings = {**self.settings, "look": look, "astray": True}
        return Key.of(STAGE, _VERSION, settings, {**batch, "attempt": attempt})

    def _stored_batches(self, look: str, wanted: set[str]) -> list[IdBatch]:
        """Batches of earlier runs that have wanted ids only, none of them twice.

        So for a list that grows, only the new ids are asked for, though by date they would fall between the old ones.
        """
        chosen: list[IdBatch] = []
        free = set(wanted)
        scope = Key.of(STAGE, _VERSION, self._batch_settings(look), {}).scope
        for entry in self.store.scan(scope):
            body = entry.answer.body
            if free.issuperset(body["ids"]):
                free.difference_update(body["ids"])
                chosen.append(IdBatch(Window.parse(body["window"]), tuple(body["ids"])))
        return sorted(chosen, key=lambda batch: (batch.window, batch.ids))

    def _batch_settings(self, look: str) -> dict[str, Json]:
        return {**self.settings, "look": look, "batches": True}

    def _search(self, batch: IdBatch) -> Search:
        query = query_for(batch.ids)
        subject = subject_of(batch.window, query)
        return Search(self.store, self.api, query, batch.window, self.settings, self.purpose, subject)


def _subject_of(batch: IdBatch) -> str:
    return f"{batch.window} {len(batch.ids)} ids"


def ids_on(page: Page) -> Iterator[str]:
    """The ids of the videos on a page."""
    for video in to_mappings(page.videos):
        if (sent := sent_video_id(video)) is not None:
            yield str(sent)
