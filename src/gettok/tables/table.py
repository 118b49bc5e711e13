"""What a table is: its columns in their order, how rows become a frame, and how that is written and read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.errors import BadInput
from gettok.step import Row
from gettok.tables.images import IMAGE, write_images
from gettok.writing import write_whole

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
    """A table's name, what one row is, its columns, and the columns that its rows are sorted by."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ("video_id",)
    #: Rows that are read together at least; few where rows are heavy and one video's are wanted.
    rows_per_group: int = 100_000

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def frame(self, rows: Iterable[Row]) -> pl.DataFrame:
        """Rows as a sorted frame of the declared columns. A column that a row lacks is null; an unknown one raises."""
        schema = self.schema
        rows = list(rows)
        for row in rows:
            if unknown := row.keys() - schema.keys():
                raise ValueError(f"table {self.name} declares no column {sorted(unknown)}")
        return pl.DataFrame(rows, schema=schema, strict=True).sort(self.sort, nulls_last=True)

    def write(self, rows: Iterable[Row] | pl.DataFrame, path: Path) -> None:
        """Write one Parquet file; the same rows give the same bytes."""
        # polars forgets the inner type of a list column that is all null when it turns a frame round
        frame = rows.cast(self.schema) if isinstance(rows, pl.DataFrame) else self.frame(rows)
        buffer = BytesIO()
        if images := [column.name for column in self.columns if column.dtype == IMAGE]:
            write_images(frame, images, buffer, self.rows_per_group)
        else:
            frame.write_parquet(
                buffer, compression="zstd", statistics=True, row_group_size=self.rows_per_group
            )
        write_whole(path, buffer.getvalue())

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read one file, or all the days of a folder in order of day; an empty folder gives an empty table."""
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        wanted = list(columns) if columns is not None else [column.name for column in self.columns]
        try:
            frames = [pl.read_parquet(file, columns=wanted) for file in files]
        except (FileNotFoundError, pl.exceptions.PolarsError) as error:
            raise BadInput(
                f"{path} cannot be read as the table {self.name}: {error}",
                "nothing was written",
                "run `dvc repro` for the stage that writes it, or `dvc pull` if it comes from a remote",
            ) from error
        empty = pl.DataFrame(schema={name: self.schema[name] for name in wanted})
        return pl.concat([empty, *frames])


VIDEO_ID = Column(
    "video_id", pl.String, "TikTok's id of the video, as text: it does not fit a spreadsheet's numbers."
)
