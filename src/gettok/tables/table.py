"""Tables: their columns in order, how rows become a frame, and how a frame is written and read."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypedDict

import polars as pl
from polars.io.plugins import register_io_source

from gettok.errors import BadInput
from gettok.step import Row
from gettok.store.atomic_write import atomic_file
from gettok.tables.image_columns import images_in, write_images
from gettok.tables.stored_rows import StoredRows

_HEAVY = frozenset({"image", "answer"})
#: Every time is UTC, to the microsecond.
TIME = pl.Datetime("us", "UTC")


class _ParquetOptions(TypedDict):
    """How polars writes a file, whatever it writes it from."""

    compression: Literal["zstd"]
    statistics: bool
    row_group_size: int


@dataclass(frozen=True)
class Column:
    """A column's name, its type, and the sentence that the data dictionary prints."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    sentence: str


@dataclass(frozen=True)
class Table:
    """A table's name, the meaning of a row, its columns, and the columns that its rows are sorted by."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ("video_id",)
    #: Rows in each group of a Parquet file, the least that can be read; few where rows are large.
    rows_per_group: int = 100_000

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def light(self) -> list[str]:
        """The names of the columns without pictures and verbatim answers, which may not fit into memory."""
        return [column.name for column in self.columns if column.name not in _HEAVY]

    def frame(self, rows: Iterable[Row]) -> pl.DataFrame:
        """Rows as a sorted frame of the declared columns. A column that a row lacks is null; an unknown column raises."""
        schema = self.schema
        rows = list(rows)
        for row in rows:
            if unknown := row.keys() - schema.keys():
                raise ValueError(f"table {self.name} declares no column {sorted(unknown)}")
        return pl.DataFrame(rows, schema=schema, strict=True).sort(self.sort, nulls_last=True)

    def write(self, rows: Iterable[Row] | pl.DataFrame, path: Path) -> None:
        """Write one Parquet file; the same rows give the same bytes."""
        # polars loses the inner type of a list column that is all null when it turns rows into a frame
        frame = rows.cast(self.schema) if isinstance(rows, pl.DataFrame) else self.frame(rows)
        if images_in(self.schema):
            self.write_parts([frame], path)
            return
        with atomic_file(path) as file:  # a third of the time of a sink, which is for many frames
            frame.write_parquet(file, **self._as_parquet)

    @property
    def _as_parquet(self) -> _ParquetOptions:
        return {"compression": "zstd", "statistics": True, "row_group_size": self.rows_per_group}

    def write_parts(self, parts: Iterable[pl.DataFrame], path: Path) -> None:
        """Write frames of sorted rows, each after those before it: the bytes of `write`, with few frames in memory."""
        with atomic_file(path) as file:
            if images_in(self.schema):
                write_images(_regrouped(parts, self.rows_per_group), self.schema, file)
            else:
                _lazily(parts, self.schema).sink_parquet(file, **self._as_parquet)

    def write_in_order(self, rows: Iterable[Row], path: Path) -> None:
        """Write rows of images that come in the table's order: the bytes of `write`, with one group in memory."""
        with atomic_file(path) as file:
            write_images(self._groups(rows), self.schema, file)

    def _groups(self, rows: Iterable[Row]) -> Iterator[pl.DataFrame]:
        remaining, before = iter(rows), pl.DataFrame(schema=self.schema)
        while group := list(islice(remaining, self.rows_per_group)):
            frame = self.frame(group)
            boundary = pl.concat([before.tail(1), frame.head(1)])
            if not boundary.select(self.sort).equals(
                boundary.sort(self.sort, nulls_last=True).select(self.sort)
            ):
                raise ValueError(f"the rows of the table {self.name} are not in order")
            yield frame
            before = frame

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read one file, or all the days of a folder in order of day; an empty folder gives an empty table."""
        wanted = list(columns) if columns is not None else list(self.schema)
        with self._errors_for_users(path):
            frames = [pl.read_parquet(file, columns=wanted) for file in _files(path)]
        empty = pl.DataFrame(schema={name: self.schema[name] for name in wanted})
        return pl.concat([empty, *frames])

    def stored(self, path: Path, columns: Sequence[str] | None = None) -> StoredRows:
        """The same rows, to be read when they are needed. A file that is missing or has other columns raises now."""
        wanted = pl.Schema({name: self.schema[name] for name in columns or self.schema})
        files = _files(path)
        for file in files:
            with self._errors_for_users(file):
                found = pl.read_parquet_schema(file)
                if {name: found.get(name) for name in wanted} != dict(wanted):
                    raise pl.exceptions.SchemaError("it has other columns")
        return StoredRows(tuple(files), wanted)

    def find(self, path: Path, where: pl.Expr, columns: Sequence[str]) -> list[Row]:
        """The rows of one file, or of a folder's days, that meet a condition; groups of rows that cannot are skipped."""
        with self._errors_for_users(path):
            frames = [pl.scan_parquet(file).filter(where).select(columns).collect() for file in _files(path)]
        return [row for frame in frames for row in frame.iter_rows(named=True)]

    def groups(self, path: Path) -> Iterator[pl.DataFrame]:
        """The rows of one file or of a folder's days, in order, a group of them at a time; at least one for each file."""
        for file in _files(path):
            with self._errors_for_users(file):
                scanned = pl.scan_parquet(file).select(list(self.schema))
                height = scanned.select(pl.len()).collect().item()
            for start in range(0, max(height, 1), self.rows_per_group):
                with self._errors_for_users(file):
                    group = scanned.slice(start, self.rows_per_group).collect()
                yield group

    def rows(self, path: Path) -> Iterator[Row]:
        """The same rows, one by one."""
        for group in self.groups(path):
            yield from group.iter_rows(named=True)

    @contextmanager
    def _errors_for_users(self, path: Path) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BadInput(
                f"{path} is missing, which has the table {self.name}",
                "nothing was written",
                "run `dvc checkout` if DVC's cache has it, or `dvc pull` if a remote has it; or `dvc repro`, which "
                "makes it",
            ) from error
        except pl.exceptions.PolarsError as error:
            raise BadInput(
                f"{path} cannot be read as the table {self.name}: {error}",
                "nothing was written",
                "run `dvc repro` for the stage that writes it, or `dvc pull` if it comes from a remote",
            ) from error


def _regrouped(parts: Iterable[pl.DataFrame], count: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `count`, the last of which may have fewer."""
    remaining: list[pl.DataFrame] = []
    for part in parts:
        rows = pl.concat([*remaining, part])
        whole = rows.height - rows.height % count
        yield from rows.head(whole).iter_slices(count)
        remaining = [rows.slice(whole)]
    yield from (rows for rows in remaining if rows.height)


def _lazily(parts: Iterable[pl.DataFrame], schema: pl.Schema) -> pl.LazyFrame:
    """Frames that are taken one by one as they are written."""
    return register_io_source(lambda *_: iter(parts), schema=schema)


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


VIDEO_ID = Column(
    "video_id", pl.String, "TikTok's id of the video, as text: it does not fit a spreadsheet's numbers."
)
