"""Ask what the store has no answer to, then build a stage's whole table from the store."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

from gettok.books import Books
from gettok.engine import Engine, Outcome
from gettok.errors import REASONS, RETRYABLE, GettokError, Interrupted, Unusable
from gettok.pipeline.progress import Progress
from gettok.step import Answer, Item, Row, Step
from gettok.store import Key, Store
from gettok.tables import Table

#: Takes a day and its rows as an iterator, since the pictures of a day may not fit into memory.
Write: TypeAlias = Callable[[str, Iterable[Row]], None]


@dataclass(frozen=True)
class Skipped:
    """A video that this stage does not ask about, because an earlier stage left it without what it needs."""

    video_id: str
    day: str
    reason: str


def key_of(step: Step[Any], item: Item[Any]) -> Key:
    """The key of the answer about an item: the one place where it is put together."""
    return Key.of(step.stage, step.version, step.settings, item.inputs)


@dataclass(frozen=True)
class Asking:
    """One stage's questions: its step, with the store, the engine and the stop signal that it runs with."""

    step: Step[Any]
    store: Store
    engine: Engine
    stop: Event

    def key(self, item: Item[Any]) -> Key:
        return key_of(self.step, item)

    def ask(self, items: Sequence[Item[Any]]) -> dict[str, Unusable]:
        """Store an answer for every item that has none. Returns what the next run asks again, by key."""
        keys = {item.video_id: self.key(item) for item in items}
        known = self.store.known(key.digest for key in keys.values())
        missing = list(_one_of_each(items, keys, known))
        retry_next_run: dict[str, Unusable] = {}
        trouble: GettokError | None = None
        if not missing:
            return {}
        with (
            _temporary_files_in(self.store.files.unfinished),
            Progress(self.step.stage, len(missing), len(items) - len(missing)) as progress,
        ):
            for item, outcome in self.engine.run(self.step, missing, self.stop):
                # store first: answers that were in flight when the trouble came are paid for
                failure = self._settle(item, keys[item.video_id], outcome, retry_next_run)
                trouble = trouble or failure
                progress.add(_outcome_name(outcome))
                if trouble is not None:
                    self.stop.set()
        if trouble is not None:
            raise trouble
        if self.stop.is_set():
            raise Interrupted
        return retry_next_run

    def _settle(
        self, item: Item[Any], key: Key, outcome: Outcome, retry_next_run: dict[str, Unusable]
    ) -> GettokError | None:
        if isinstance(outcome, Answer):
            self.store.put(key, item.video_id, outcome)
        elif not isinstance(outcome, Unusable):
            return outcome
        elif outcome.reason in RETRYABLE:
            retry_next_run[key.digest] = outcome
        else:
            self.store.put(key, item.video_id, refusal(outcome))
        return None

    def rows(self, item: Item[Any], retry_next_run: Mapping[str, Unusable]) -> list[Row]:
        """The rows of one video, read from its stored answer."""
        key = self.key(item).digest
        if key in retry_next_run:
            return [_unusable_row(item.video_id, retry_next_run[key])]
        answer = self.store.get(key)
        assert answer is not None, f"{key} was just found or stored"
        origin = {"video_id": item.video_id, "answer_key": key, "answer": answer.text}
        try:
            read = self.read(answer)
        except Unusable as error:
            return [{**_unusable_row(item.video_id, error), **origin}]
        return [{**row, **origin, "status": "ok"} for row in read]

    def read(self, answer: Answer) -> list[Row]:
        if "unusable" in answer.body:
            raise Unusable(str(answer.body["unusable"]), str(answer.body["detail"]))
        return self.step.read(answer)

    def table(self, entries: Sequence[Item[Any] | Skipped], write: Write) -> Books:
        """Ask, then hand each day's rows to `write`, in order of day and video. Returns the books."""
        retry_next_run = self.ask([entry for entry in entries if isinstance(entry, Item)])
        reasons: list[str | None] = []

        def rows(of_day: Iterable[Item[Any] | Skipped]) -> Iterator[Row]:
            for entry in of_day:
                found = (
                    _skipped_rows(entry) if isinstance(entry, Skipped) else self.rows(entry, retry_next_run)
                )
                reasons.append(found[0].get("reason"))
                yield from found

        for day, of_day in groupby(sorted(entries, key=_day_and_id), key=lambda entry: entry.day):
            write(day, rows(of_day))
        return Books.of(reasons, len(entries))


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
