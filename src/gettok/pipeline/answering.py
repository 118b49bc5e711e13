"""Ask what the store has no answer to, then build a stage's whole table from the store."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

from gettok.books import Books
from gettok.engine import Engine, Outcome
from gettok.errors import REASONS, RETRYABLE, Interrupted, NoSpace, Unusable
from gettok.pipeline.progress import Progress
from gettok.pipeline.shards import DayShards
from gettok.step import Answer, Item, Json, Row, Step
from gettok.store import Key, Scope, Store
from gettok.tables import Table

#: Takes a day and its rows as an iterator, since the pictures of a day may not fit into memory.
Write: TypeAlias = Callable[[str, Iterable[Row]], None]


@dataclass(frozen=True)
class Skipped:
    """A video that this stage does not ask about, because an earlier stage left it without what it needs."""

    video_id: str
    day: str
    reason: str


class Day:
    """The videos of one day: what their rows are made of beside settings and code, and the questions about them."""

    def __init__(self, day: str, inputs: Json, make: Callable[[], Iterable[Item[Any] | Skipped]]) -> None:
        """`make` is called if the day has to be built; two days with equal `inputs` have the same rows."""
        self.day, self.inputs, self._make = day, inputs, make

    @cached_property
    def entries(self) -> list[Item[Any] | Skipped]:
        """Each video of the day."""
        return list(self._make())

    def also_made_of(self, more: Json) -> "Day":
        """The same videos, whose rows depend on more."""
        return Day(self.day, [self.inputs, more], lambda: self.entries)


def scope_of(step: Step[Any]) -> Scope:
    """What the keys of a step's answers share: the one place where it is put together."""
    return Scope.of(step.stage, step.version, step.settings)


class _Feed:
    """Hands out items as long as the store has room for their answers; `trouble` is the error that ended it."""

    def __init__(self, items: Iterable[Item[Any]], store: Store) -> None:
        self._items, self._store = items, store
        self.trouble: NoSpace | None = None

    def __iter__(self) -> Iterator[Item[Any]]:
        for item in self._items:
            try:
                self._store.refuse_without_room()
            except NoSpace as full:
                self.trouble = full
                return
            yield item


@dataclass(frozen=True)
class Asking:
    """One stage's questions: its step, with the store, the engine and the stop signal that it runs with."""

    step: Step[Any]
    store: Store
    engine: Engine
    stop: Event

    @cached_property
    def _scope(self) -> Scope:
        return scope_of(self.step)

    def key(self, item: Item[Any]) -> Key:
        """The key of the answer about an item."""
        return self._scope.key(item.inputs)

    def ask(self, items: Sequence[Item[Any]]) -> dict[str, Unusable]:
        """Store an answer for every item that has none. Returns what the next run asks again, by key."""
        keys = {item.video_id: self.key(item) for item in items}
        known = self.store.known(key.digest for key in keys.values())
        missing = list(_one_of_each(items, keys, known))
        retry_next_run: dict[str, Unusable] = {}
        trouble: Exception | None = None
        if not missing:
            return {}
        with (
            _temporary_files_in(self.store.files.unfinished),
            Progress(self.step.stage, len(missing), len(items) - len(missing)) as progress,
        ):
            feed = _Feed(missing, self.store)
            for item, outcome in self.engine.run(self.step, feed, self.stop):
                # store first: answers that were in flight when the trouble came are paid for
                failure = self._settle(item, keys[item.video_id], outcome, retry_next_run)
                trouble = trouble or failure
                progress.add(_outcome_name(outcome))
                if trouble is not None:
                    self.stop.set()
        if trouble := trouble or feed.trouble:
            raise trouble
        if self.stop.is_set():
            raise Interrupted
        return retry_next_run

    def _settle(
        self, item: Item[Any], key: Key, outcome: Outcome, retry_next_run: dict[str, Unusable]
    ) -> Exception | None:
        """Store the outcome, or note that it is asked again; returns an error that ends the run.

        Any error of the store is returned, as an engine keeps a bug to the end: what is in flight is stored first.
        """
        if isinstance(outcome, Unusable) and outcome.reason in RETRYABLE:
            retry_next_run[key.digest] = outcome
            return None
        answer = refusal(outcome) if isinstance(outcome, Unusable) else outcome
        if not isinstance(answer, Answer):
            return answer
        try:
            self.store.put(key, item.video_id, answer)
        except Exception as error:  # noqa: BLE001 - raised once the others are stored, which this one may not concern
            return error
        return None

    def rows(self, item: Item[Any], retry_next_run: Mapping[str, Unusable]) -> list[Row]:
        """The rows of one video, read from its stored answer."""
        return self.answered(item, retry_next_run)[0]

    def answered(
        self, item: Item[Any], retry_next_run: Mapping[str, Unusable]
    ) -> tuple[list[Row], Answer | None]:
        """The rows of one video, and the stored answer that they are read from, if there is one."""
        key = self.key(item).digest
        if key in retry_next_run:
            return [_unusable_row(item.video_id, retry_next_run[key])], None
        answer = self.store.get(key)
        assert answer is not None, f"{key} was just found or stored"
        origin = {"video_id": item.video_id, "answer_key": key, "answer": answer.text}
        try:
            read = self.read(answer)
        except Unusable as error:
            return [{**_unusable_row(item.video_id, error), **origin}], answer
        # a row may have a status of its own
        return [{"status": "ok", **row, **origin} for row in read], answer

    def read(self, answer: Answer) -> list[Row]:
        if "unusable" in answer.body:
            raise Unusable(str(answer.body["unusable"]), str(answer.body["detail"]))
        return self.step.read(answer)

    def table(self, entries: Sequence[Item[Any] | Skipped], write: Write) -> Books:
        """Ask, then hand each day's rows to `write`, in order of day and video. Returns the books."""
        retry_next_run = self.ask(_items(entries))
        return write_days(entries, lambda item: self.rows(item, retry_next_run), write)

    def by_day(self, days: Iterable[Day], shards: DayShards, write: Write) -> Books:
        """As `table`, for a table with a file for each day. A day that is as it was built last is linked, not built."""
        books, to_build = Books(0, 0), []
        for day in days:
            linked = shards.link(day.day, day.inputs)
            if linked is None:
                to_build.append(day)
            else:
                books += linked
        retry_next_run = self.ask(_items([entry for day in to_build for entry in day.entries]))
        for day in to_build:
            built = write_days(day.entries, lambda item: self.rows(item, retry_next_run), write)
            if not retry_next_run or not self._has_any(day.entries, retry_next_run):
                shards.keep(day.day, day.inputs, built)
            books += built
        return books

    def _has_any(self, entries: Iterable[Item[Any] | Skipped], keys: Collection[str]) -> bool:
        return any(self.key(item).digest in keys for item in _items(entries))


def write_days(
    entries: Sequence[Item[Any] | Skipped], rows_of: Callable[[Item[Any]], list[Row]], write: Write
) -> Books:
    """Hand each day's rows to `write`, in order of day and video. Returns the books."""
    reasons: list[str | None] = []

    def rows(of_day: Iterable[Item[Any] | Skipped]) -> Iterator[Row]:
        for entry in of_day:
            found = _skipped_rows(entry) if isinstance(entry, Skipped) else rows_of(entry)
            reasons.append(found[0].get("reason"))
            yield from found

    for day, of_day in groupby(sorted(entries, key=_day_and_id), key=lambda entry: entry.day):
        write(day, rows(of_day))
    return Books.of(reasons, len(entries))


def _items(entries: Iterable[Item[Any] | Skipped]) -> list[Item[Any]]:
    return [entry for entry in entries if isinstance(entry, Item)]


def writer_by_day(table: Table, folder: Path) -> Write:
    """A `Write` that makes one Parquet file for each day."""
    return lambda day, rows: table.write(rows, folder / f"{day}.parquet")


def refusal(error: Unusable) -> Answer:
    """The stored answer that says that the video is unusable."""
    return Answer({"unusable": error.reason, "detail": error.detail})


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Put temporary files where the store can adopt them without copying, and finds them after a kill."""
    before = tempfile.tempdir
    folder.mkdir(exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _one_of_each(items: Iterable[Item[Any]], keys: Mapping[str, Key], known: set[str]) -> Iterator[Item[Any]]:
    """The items without an answer; of several with the same key, the first."""
    seen = set(known)
    for item in items:
        digest = keys[item.video_id].digest
        if digest not in seen:
            seen.add(digest)
            yield item


def _day_and_id(entry: Item[Any] | Skipped) -> tuple[str, str]:
    return entry.day, entry.video_id


def _skipped_rows(skipped: Skipped) -> list[Row]:
    return [_unusable_row(skipped.video_id, Unusable(skipped.reason, REASONS[skipped.reason]))]


def _unusable_row(video_id: str, error: Unusable) -> Row:
    outcome = {"video_id": video_id, "status": "unusable", "reason": error.reason, "detail": error.detail}
    return {**error.row, **outcome}


def _outcome_name(outcome: Outcome) -> str:
    if isinstance(outcome, Answer):
        return "ok"
    return outcome.reason if isinstance(outcome, Unusable) else type(outcome).__name__
