"""Ask what the store does not know yet, and build a stage's table whole from the store."""

import shutil
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

#: Takes a day and its rows, one after another: a day's pictures would not fit into memory.
Write: TypeAlias = Callable[[str, Iterable[Row]], None]


@dataclass(frozen=True)
class Skipped:
    """A video that this stage asks nothing about, since an earlier one left it without what is needed."""

    video_id: str
    day: str
    reason: str


def key_of(step: Step[Any], item: Item[Any]) -> Key:
    """The key of the answer about an item: the one place where it is put together."""
    return Key.of(step.stage, step.version, step.settings, item.inputs)


@dataclass(frozen=True)
class Asking:
    """One stage's questions: the step, and the store, engine and stop signal that it is run with."""

    step: Step[Any]
    store: Store
    engine: Engine
    stop: Event

    def key(self, item: Item[Any]) -> Key:
        return key_of(self.step, item)

    def ask(self, items: Sequence[Item[Any]]) -> dict[str, Unusable]:
        """Store an answer for every item that has none; gives back what could not be settled now, by key."""
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
                trouble = trouble or self._settle(item, keys[item.video_id], outcome, retry_next_run)
                progress.add(_name(outcome))
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
        """The table rows of one video, read from its stored answer."""
        key = self.key(item).digest
        if key in retry_next_run:
            return [_lost(item.video_id, retry_next_run[key])]
        answer = self.store.get(key)
        assert answer is not None, f"{key} was just found or stored"
        origin = {"video_id": item.video_id, "answer_key": key, "answer": answer.text}
        try:
            read = self.read(answer)
        except Unusable as error:
            return [{**_lost(item.video_id, error), **origin}]
        return [{**row, **origin, "status": "ok"} for row in read]

    def read(self, answer: Answer) -> list[Row]:
        if "unusable" in answer.body:
            raise Unusable(str(answer.body["unusable"]), str(answer.body["detail"]))
        return self.step.read(answer)

    def table(self, entries: Sequence[Item[Any] | Skipped], write: Write) -> Books:
        """Ask, then hand each day's rows to `write` in order of day and video; returns the books."""
        retry_next_run = self.ask([entry for entry in entries if isinstance(entry, Item)])
        reasons: list[str | None] = []

        def rows(of_day: Iterable[Item[Any] | Skipped]) -> Iterator[Row]:
            for entry in of_day:
                found = skipped_row(entry) if isinstance(entry, Skipped) else self.rows(entry, retry_next_run)
                reasons.append(found[0].get("reason"))
                yield from found

        for day, of_day in groupby(sorted(entries, key=_day_and_id), key=lambda entry: entry.day):
            write(day, rows(of_day))
        return Books.of(reasons, len(entries))


def writer_by_day(table: Table, folder: Path) -> Write:
    """A writer of one Parquet file a day."""
    return lambda day, rows: table.write(rows, folder / f"{day}.parquet")


@contextmanager
def atomic_dir(path: Path) -> Iterator[Path]:
    """A place to write an output, which takes its name only when it is complete."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    shutil.rmtree(path, ignore_errors=True)
    unfinished.replace(path)


def refusal(error: Unusable) -> Answer:
    """The answer that is stored when the answer is: this video is unusable."""
    return Answer({"unusable": error.reason, "detail": error.detail})


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have unfinished files where the store can take them over without copying, and finds them after a kill."""
    before = tempfile.tempdir
    folder.mkdir(exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _one_of_each(items: Iterable[Item[Any]], keys: Mapping[str, Key], known: set[str]) -> Iterator[Item[Any]]:
    """Items without an answer; of several with one key, the first."""
    seen = set(known)
    for item in items:
        digest = keys[item.video_id].digest
        if digest not in seen:
            seen.add(digest)
            yield item


def _day_and_id(entry: Item[Any] | Skipped) -> tuple[str, str]:
    return entry.day, entry.video_id


def skipped_row(lost: Skipped) -> list[Row]:
    return [_lost(lost.video_id, Unusable(lost.reason, REASONS[lost.reason]))]


def _lost(video_id: str, error: Unusable) -> Row:
    lost = {"video_id": video_id, "status": "unusable", "reason": error.reason, "detail": error.detail}
    return {**error.row, **lost}


def _name(outcome: Outcome) -> str:
    if isinstance(outcome, Answer):
        return "ok"
    return outcome.reason if isinstance(outcome, Unusable) else type(outcome).__name__
