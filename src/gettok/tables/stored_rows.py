"""The rows of a table that stay in its files until they are needed: all of them, or those of a range of ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeAlias

import polars as pl


class IdRange(NamedTuple):
    """The ids from `first` up to `end`, which is not one of them; None means that there is no limit."""

    first: str | None
    end: str | None

    def contains(self) -> pl.Expr:
        """Whether a row is of a video in the range."""
        bounds = []
        if self.first is not None:
            bounds.append(pl.col("video_id") >= self.first)
        if self.end is not None:
            bounds.append(pl.col("video_id") < self.end)
        return pl.all_horizontal(*bounds) if bounds else pl.lit(value=True)

    def meets(self, lowest: str, highest: str) -> bool:
        """Whether an id of these two, or between them, may be in the range."""
        return (self.first is None or highest >= self.first) and (self.end is None or lowest < self.end)


#: Every id.
ALL_IDS = IdRange(None, None)


@dataclass(frozen=True)
class StoredRows:
    """A table's rows in its files, in order of file, with the columns of `schema`."""

    files: tuple[Path, ...]
    schema: pl.Schema

    def lazy(self) -> pl.LazyFrame:
        return self._scan(self.files)

    def parts(self) -> Iterator[pl.LazyFrame]:
        """The rows of each file."""
        return (self._scan([file]) for file in self.files)

    def between(self, ids: IdRange) -> pl.LazyFrame:
        """The rows of these videos; no other file is opened than those that may have some."""
        files = [file for file, lowest, highest in self._spans if ids.meets(lowest, highest)]
        return self._scan(files).filter(ids.contains())

    def _scan(self, files: Sequence[Path]) -> pl.LazyFrame:
        if not files:
            return pl.LazyFrame(schema=self.schema)
        return pl.scan_parquet(list(files), glob=False).select(self.schema.names())

    @cached_property
    def _spans(self) -> list[tuple[Path, str, str]]:
        """Each file with its lowest and its highest id; a file without rows is left out."""
        if not self.files:
            return []
        ids = pl.scan_parquet(list(self.files), glob=False, include_file_paths="\0").select("\0", "video_id")
        found = ids.group_by("\0").agg(lowest=pl.col("video_id").min(), highest=pl.col("video_id").max())
        spans = sorted(found.collect(engine="streaming").iter_rows())
        return [(Path(file), lowest, highest) for file, lowest, highest in spans]


#: Rows in memory, or in files.
Rows: TypeAlias = pl.DataFrame | pl.LazyFrame | StoredRows


def rows_between(rows: Rows, ids: IdRange) -> pl.LazyFrame:
    """The rows of these videos."""
    return rows.between(ids) if isinstance(rows, StoredRows) else rows.lazy().filter(ids.contains())


def parts_of(rows: Rows) -> list[pl.LazyFrame]:
    """The rows in parts that each fit into memory, of which none has a part of a video's; at least one."""
    return [*rows.parts()] or [rows.lazy()] if isinstance(rows, StoredRows) else [rows.lazy()]


def id_ranges(ids: pl.Series, count: int) -> list[IdRange]:
    """Ranges that together have all ids, and each at most `count` of these."""
    bounds = [None, *ids.sort().gather_every(count, offset=count), None]
    return [IdRange(first, end) for first, end in pairwise(bounds)]
