"""The latest observation of each id, from more rows than fit into memory."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from gettok.step import Json
from gettok.store.blobs import file_digest

#: Rows wait in memory up to so many bytes, then go to disk.
_MAX_BYTES = 192 * 2**20
#: The least that is read of a file at once.
_ROWS_PER_GROUP = 2_000


class _Part(NamedTuple):
    """A file of rows that are sorted by day, and the number of its first row among those of all files."""

    file: Path
    first: int
    digest: str | None

    def digest_of_file(self) -> str:
        return self.digest or file_digest(self.file)


def write_part(rows: pl.DataFrame, file: Path | BytesIO) -> None:
    """Write rows as `Latest.add_file` takes them; the same rows give the same bytes."""
    by_day = rows.sort("day", maintain_order=True)
    by_day.write_parquet(file, compression="lz4", row_group_size=_ROWS_PER_GROUP)


class Latest:
    """Takes rows with `day` and `observed_at`, and returns the latest of each id, day by day.

    Among rows observed at the same time, the choice depends only on their content, not on the order of rows or pages.
    Rows are in files meanwhile, those that do not come in one in `folder`; a few columns stay in memory.
    """

    def __init__(
        self, folder: Path, id_column: str, index_columns: Sequence[str] = (), max_bytes: int = _MAX_BYTES
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._id = id_column
        self._index_columns = ["day", id_column, "observed_at", *index_columns]
        self._waiting: list[pl.DataFrame] = []
        self._index: list[pl.DataFrame] = []
        self._parts: list[_Part] = []
        self._count = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows; every frame has the same columns."""
        self._waiting.append(rows)
        if sum(waiting.estimated_size() for waiting in self._waiting) > self._max_bytes:
            self._spill()

    def add_file(self, file: Path, digest: str | None = None) -> None:
        """Add the rows of a file by `write_part`, which must stay; `digest` is its SHA-256, if it is known."""
        columns = pl.read_parquet(file, columns=self._index_columns)
        part = pl.lit(len(self._parts), pl.UInt32).alias("part")
        self._index.append(columns.with_row_index("n", self._count).with_columns(part))
        self._parts.append(_Part(file, self._count, digest))
        self._count += columns.height

    def _spill(self) -> None:
        if any(rows.height for rows in self._waiting):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / f"{len(self._parts)}.parquet"
            write_part(pl.concat(self._waiting), file)
            self.add_file(file)
        self._waiting.clear()

    def index(self) -> pl.DataFrame | None:
        """Every row's number `n`, file, day, id, time and the other index columns; None if there are no rows."""
        self._spill()
        self._index = [pl.concat(self._index, rechunk=True)] if self._index else []
        return self._index[0] if self._count else None

    def newest(self) -> pl.DataFrame | None:
        """The index of the latest row of each id; None if there are no rows."""
        if (index := self.index()) is None:
            return None
        latest = index.filter(pl.col("observed_at") == pl.col("observed_at").max().over(self._id))
        tied = latest.filter(pl.col(self._id).is_duplicated())
        chosen = pl.Series("n", self._chosen(tied), dtype=pl.UInt32)
        dropped = tied.filter(~pl.col("n").is_in(chosen.implode()))
        return latest.join(dropped, on="n", how="anti")

    def _chosen(self, tied: pl.DataFrame) -> list[int]:
        best: dict[str, tuple[bytes, int]] = {}
        for day, of_day in self.by_day(tied):
            for row, number in zip(self.rows(day, of_day).iter_rows(named=True), of_day["n"], strict=True):
                rank = (hashlib.sha256(repr(row).encode()).digest(), number)
                best[row[self._id]] = max(rank, best.get(row[self._id], rank))
        return [number for _, number in best.values()]

    @cached_property
    def _slices(self) -> Mapping[tuple[int, object], tuple[int, int]]:
        """Where the rows of a day are in a file: at which number they begin, and how many they are."""
        found = self._index[0].group_by("part", "day").agg(pl.col("n").min(), pl.len())
        return {(part, day): (first, count) for part, day, first, count in found.iter_rows()}

    @staticmethod
    def by_day(wanted: pl.DataFrame) -> Iterator[tuple[object, pl.DataFrame]]:
        """The rows of an index of each day, in order of day and number."""
        yield from ((day, rows) for (day,), rows in _partitions(wanted.sort("day", "n"), "day"))

    def rows(self, day: object, wanted: pl.DataFrame) -> pl.DataFrame:
        """The rows that an index has of a day, in its order, with the columns that only the index has."""
        parts = []
        for (part,), of_part in _partitions(wanted, "part"):
            file, first_of_file, _ = self._parts[part]
            first, count = self._slices[part, day]
            rows = pl.scan_parquet(file, glob=False).slice(first - first_of_file, count).collect()
            added = of_part.select(pl.exclude("n", "part", *rows.columns))
            parts.append(rows[of_part["n"] - first].hstack(added))
        return pl.concat(parts).rechunk()

    def made_of(self, wanted: pl.DataFrame) -> Json:
        """What `rows` are made of: the bytes of the files, the places in them, and what only the index has."""
        made: list[Json] = []
        for (part,), of_part in _partitions(wanted, "part"):
            places = of_part.select(pl.col("n") - self._parts[part].first, pl.exclude("n", "part", "day"))
            content = hashlib.sha256(places.write_ndjson().encode()).hexdigest()
            made.append([self._parts[part].digest_of_file(), content])
        return made

    def days(self, newest: pl.DataFrame) -> Iterator[tuple[object, pl.DataFrame]]:
        """Each day with its newest rows, in order of day, with any columns that were added to `newest`."""
        return ((day, self.rows(day, wanted)) for day, wanted in self.by_day(newest))


def _partitions(rows: pl.DataFrame, column: str) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    yield from rows.partition_by(column, maintain_order=True, as_dict=True).items()
