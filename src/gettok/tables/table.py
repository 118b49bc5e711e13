"""Tables: their columns in order, how rows become a frame, and how a frame is written and read."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from gettok.errors import BadInput
from gettok.step import Row
from gettok.store.atomic_write import atomic_file
from gettok.tables.image_columns import images_in, write_images

#: Every time is UTC, to the microsecond.
TIME = pl.Datetime("us", "UTC")


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
        with atomic_file(path) as file:
            if images_in(self.schema):
                write_images(frame.iter_slices(self.rows_per_group), self.schema, file)
            else:
                frame.write_parquet(
                    file, compression="zstd", statistics=True, row_group_size=self.rows_per_group
                )

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

    def rows(self, path: Path) -> Iterator[Row]:
        """The rows of one file or of a folder's days, in order, with one group of them in memory."""
        for file in _files(path):
            with self._errors_for_users(file):
                scanned = pl.scan_parquet(file).select(list(self.schema))
                height = scanned.select(pl.len()).collect().item()
            for start in range(0, height, self.rows_per_group):
                with self._errors_for_users(file):
                    group = scanned.slice(start, self.rows_per_group).collect()
                yield from group.iter_rows(named=True)

    @contextmanager
    def _errors_for_users(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, pl.exceptions.PolarsError) as error:
            raise BadInput(
                f"{path} cannot be read as the table {self.name}: {error}",
                "nothing was written",
                "run `dvc repro` for the stage that writes it, or `dvc pull` if it comes from a remote",
            ) from error


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]


VIDEO_ID = Column(
    "video_id", pl.String, "TikTok's id of the video, as text: it does not fit a spreadsheet's numbers."
)
