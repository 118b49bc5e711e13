"""Videos whose ids are known: ask for them by id, and look twice before saying that one is not there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from gettok.collect.ids import Batch, Placed, batches, query_for, second_look
from gettok.collect.journal import STAGE
from gettok.collect.search import Search, StoredPage, subject_of
from gettok.collect.windows import Window
from gettok.research_api import Page, RequestFailing, ResearchApi, SearchExpired, quota_exhausted
from gettok.step import Answer, Json
from gettok.store import Key, Store

_VERSION = 1
_Place = Callable[[Iterable[str], Mapping[str, date]], Placed]


@dataclass
class IdLookup:
    """A look-up of ids. After `collect` has gone through, `found` and `missing` have every id once."""

    store: Store
    api: ResearchApi
    ids: tuple[str, ...]
    #: What tells this look-up from others of the same ids: the source, the round of a refresh.
    settings: Mapping[str, Json]
    purpose: str = "collect"
    #: The day of publication, where it is known.
    days: Mapping[str, date] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)

    @cached_property
    def unplaceable(self) -> frozenset[str]:
        """Ids that no day can be told of, so that they cannot be asked for."""
        return frozenset(batches(self.ids, self.days).unplaceable)

    @property
    def missing(self) -> list[str]:
        """The ids that were asked for and not found, in their order."""
        return [name for name in self.ids if name not in self.found and name not in self.unplaceable]

    def least_requests(self) -> int:
        """Requests of a first look in which nothing was asked before and every video is there."""
        return len(batches(self.ids, self.days).batches)

    def collect(self) -> Iterator[StoredPage]:
        """Every page of both looks. Raises `NotNow` where a look fails; what was kept is not asked for again."""
        yield from self._look("first", self.ids, batches)
        yield from self._look("second", self.missing, second_look)

    def _look(self, name: str, ids: Iterable[str], placed: _Place) -> Iterator[StoredPage]:
        before = self._batches(name, set(ids))
        covered = {video_id for batch in before for video_id in batch.ids}
        new = placed((name for name in ids if name not in covered), self.days).batches
        for batch in (*before, *new):
            try:
                yield from self._asked(name, batch)
            except (RequestFailing, SearchExpired) as error:
                raise quota_exhausted(error) from error

    def _asked(self, name: str, batch: Batch) -> Iterator[StoredPage]:
        body = {"window": str(batch.window), "ids": list(batch.ids)}
        key = Key.of(STAGE, _VERSION, self._batch_settings(name), body)
        if not self.store.known([key.digest]):
            self.store.put(key, _name_of(batch), Answer(body))
        search, attempt = self._search(batch), 0
        while self.store.known([self._astray(name, body, attempt).digest]):
            yield from self._seen(search.kept(attempt))
            attempt += 1
        try:
            yield from self._seen(search.pages(attempt))
        except (RequestFailing, SearchExpired) as error:
            if any(search.kept(attempt)):
                self.store.put(
                    self._astray(name, body, attempt), _name_of(batch), Answer({"why": str(error)})
                )
            raise

    def _seen(self, pages: Iterator[StoredPage]) -> Iterator[StoredPage]:
        for kept in pages:
            self.found.update(ids_on(kept.page))
            yield kept

    def _astray(self, look: str, batch: Mapping[str, Json], attempt: int) -> Key:
        """Notes that a search began and did not reach its end, so that the next run begins another."""
        settings = {**self.settings, "look": look, "astray": True}
        return Key.of(STAGE, _VERSION, settings, {**batch, "attempt": attempt})

    def _batches(self, name: str, wanted: set[str]) -> list[Batch]:
        """Batches of earlier runs that ask for wanted ids only, none of them twice.

        So a list that grows asks for what is new in it, though new ids would fall between the old.
        """
        chosen: list[Batch] = []
        free = set(wanted)
        scope = Key.of(STAGE, _VERSION, self._batch_settings(name), {}).scope
        for entry in self.store.scan(scope):
            body = entry.answer.body
            if free.issuperset(body["ids"]):
                free.difference_update(body["ids"])
                chosen.append(Batch(Window.parse(body["window"]), tuple(body["ids"])))
        return sorted(chosen, key=lambda batch: (batch.window, batch.ids))

    def _batch_settings(self, look: str) -> dict[str, Json]:
        return {**self.settings, "look": look, "batches": True}

    def _search(self, batch: Batch) -> Search:
        query = query_for(batch.ids)
        subject = subject_of(batch.window, query)
        return Search(self.store, self.api, query, batch.window, self.settings, self.purpose, subject)


def _name_of(batch: Batch) -> str:
    return f"{batch.window} {len(batch.ids)} ids"


def ids_on(page: Page) -> Iterator[str]:
    """The ids of the videos on a page."""
    for video in page.videos:
        if isinstance(video, dict):
            yield str(video.get("id", video.get("video_id")))
