"""The tables `media` and `captions` and the folder `media`, made day by day.

A day that is as it was built last is not read from its answers again: its rows are kept, with the digests of its files,
which are linked from the store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gettok.books import Books
from gettok.download import (
    CaptionsStep,
    DownloadStep,
    VideoLink,
    captions,
    is_transient,
    placed_captions,
    placed_files,
    put_files,
)
from gettok.errors import Unusable
from gettok.pipeline.downloading import any_fetched, captions_item
from gettok.pipeline.runner import Stage, say
from gettok.step import Answer, Blob, Item, Json, Row, digest_of
from gettok.tables import CAPTIONS, MEDIA

_TABLES = (MEDIA, CAPTIONS)


class MediaTables(NamedTuple):
    """Rows of both tables, and the books."""

    media: pl.DataFrame
    captions: pl.DataFrame
    books: Books


@dataclass
class _Day:
    """A day while it is read from its answers."""

    media: list[Row] = field(default_factory=list)
    captions: list[Row] = field(default_factory=list)
    files: dict[str, Blob] = field(default_factory=dict)
    #: The rows whose captions a transient failure cost, and what asks for these alone.
    lacking: list[tuple[Row, Item[VideoLink]]] = field(default_factory=list)

    def add_captions(self, row: Row, answer: Answer) -> None:
        """Add what an answer has of the captions of a row's video."""
        self.files.update(placed_captions(answer, row["video_id"]))
        blob = answer.blobs.get("captions")
        if blob is None:
            return
        try:
            self.captions.append(captions.row(row["video_id"], answer.body["captions"], blob.read()))
        except Unusable as damage:
            row["captions_trouble"] = str(damage)
            say(
                f"download: the captions of {row['video_id']} cannot be read and are left out: {damage.detail}"
            )

    def tables(self) -> MediaTables:
        books = Books.of([row.get("reason") for row in self.media], len(self.media))
        return MediaTables(MEDIA.frame(self.media), CAPTIONS.frame(self.captions), books)


class MediaDays:
    """Fetches what the store lacks, then makes both tables, and puts the files of all days into a folder."""

    def __init__(self, stage: Stage, step: DownloadStep, folder: Path) -> None:
        self._stage, self._step, self._folder = stage, step, folder
        self._asking, self._retry = stage.asking(step), stage.asking(CaptionsStep(step))
        made_of = [step.stage, step.version, dict(step.settings), digest_of(step.trust_list)]
        self._kept = [stage.kept(table.name, stage.values, made_of) for table in _TABLES]

    def make(self, items: Sequence[Item[VideoLink]]) -> MediaTables:
        """Both tables of these videos, which come in order of day and id; and the books."""
        days = {day: list(of_day) for day, of_day in groupby(items, key=lambda item: item.day)}
        made = {day: self._linked(day, of_day) for day, of_day in self._stage.until_stopped(days.items())}
        to_build = {day: of_day for day, of_day in days.items() if made[day] is None}
        if to_build:
            self._step.breaker.last_fetched = any_fetched(self._asking, items)
            made.update(self._built(to_build))
        parts = [tables for tables in made.values() if tables is not None]
        media = pl.concat([MEDIA.frame([]), *(part.media for part in parts)])
        of_captions = pl.concat([CAPTIONS.frame([]), *(part.captions for part in parts)])
        books = sum((part.books for part in parts), Books(0, 0))
        return MediaTables(media.sort(MEDIA.sort), of_captions.sort(CAPTIONS.sort), books)

    def _linked(self, day: str, items: Iterable[Item[VideoLink]]) -> MediaTables | None:
        """A day as it was built last, with its files; None if it must be built."""
        inputs = _inputs(items)
        media, of_captions = (kept.find(day, inputs) for kept in self._kept)
        if media is None or of_captions is None:
            return None
        put_files(
            {name: self._stage.store.blob(digest) for name, digest in media.note["files"].items()},
            self._folder,
        )
        books = Books.of_stored(media.note["books"])
        return MediaTables(pl.read_parquet(media.file), pl.read_parquet(of_captions.file), books)

    def _built(self, days: Mapping[str, Sequence[Item[VideoLink]]]) -> Iterator[tuple[str, MediaTables]]:
        retry_next_run = self._asking.ask([*chain.from_iterable(days.values())])
        lacking: dict[str, _Day] = {}
        for day, items in self._stage.until_stopped(days.items()):
            built = self._read(items, retry_next_run)
            if built.lacking:
                lacking[day] = built
            else:
                is_final = all(self._asking.key(item).digest not in retry_next_run for item in items)
                yield day, self._finished(built, day, items if is_final else None)
        self._retry.ask([item for built in lacking.values() for _, item in built.lacking])
        for day, built in lacking.items():
            for row, item in built.lacking:
                self._add_later_captions(built, row, item)
            yield day, self._finished(built, day, None)

    def _read(self, items: Iterable[Item[VideoLink]], retry_next_run: Mapping[str, Unusable]) -> _Day:
        built = _Day()
        for item in items:
            (row,), answer = self._asking.answered(item, retry_next_run)
            built.media.append(row)
            if row["status"] != "ok":
                continue
            assert answer is not None
            row["file"], files = placed_files(answer, item.video_id)
            built.files.update(files)
            if is_transient(row["captions_trouble"]):
                built.lacking.append((row, captions_item(item.content, item.day)))
            else:
                built.add_captions(row, answer)
        return built

    def _add_later_captions(self, built: _Day, row: Row, item: Item[VideoLink]) -> None:
        """Add captions that were asked for after the video, if they have been answered."""
        later = self._stage.store.get(self._retry.key(item).digest)
        if later is None:
            return
        try:
            (facts,) = self._retry.read(later)
        except Unusable as refused:
            row["captions_trouble"] = str(refused)
            return
        row["captions_trouble"] = facts["trouble"]
        built.add_captions(row, later)

    def _finished(self, built: _Day, day: str, items: Sequence[Item[VideoLink]] | None) -> MediaTables:
        """Put the files of a day into the folder; keep the day for the next run if its `items` are given."""
        put_files(built.files, self._folder)
        tables = built.tables()
        if items is not None:
            inputs = _inputs(items)
            files = {name: blob.digest for name, blob in built.files.items()}
            notes: tuple[Json, Json] = ({"files": files, "books": tables.books.stored()}, None)
            for kept, rows, note in zip(self._kept, tables[:2], notes, strict=True):
                written = BytesIO()
                rows.write_parquet(written, compression="lz4")
                kept.keep(day, inputs, Blob.of_bytes(written.getvalue()), note)
        return tables


def _inputs(items: Iterable[Item[VideoLink]]) -> str:
    return digest_of([[item.video_id, dict(item.inputs)] for item in items])
