"""Whether `dataset.csv` has the rows of `dataset.parquet`: its text is made again, in parts, and compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

import polars as pl

from gettok.tables.spreadsheet import write_csv_rows
from gettok.verification.table_checks import first_line

CSV = "dataset.csv"
#: Rows whose text is made at a time, and rows that are compared at a time where bytes differ.
_AT_ONCE, _ROWS = 2_000, 20_000


@dataclass
class CsvComparison:
    """Compares the text that the rows would have with the file's, until they differ."""

    _file: IO[bytes] | None
    _rows: int = 0
    _is_same: bool = True

    def add(self, rows: pl.DataFrame) -> None:
        """The next rows of `dataset.parquet`; if it has none, a frame without rows."""
        for few in rows.iter_slices(_AT_ONCE) if rows.height else [rows]:
            if self._file is not None and self._is_same:
                text = BytesIO()
                write_csv_rows(few, text, with_header=not self._rows)
                self._is_same = self._file.read(text.tell()) == text.getvalue()
            self._rows += few.height

    def problem(self, folder: Path, key: str) -> str | None:
        """A line that says where the CSV first differs from all the rows; None if it does not, or is missing."""
        if self._file is None:
            return None
        if self._is_same and not self._file.read(1):
            return None
        try:
            # another version of polars may write numbers in another way, which is no damage
            return _first_difference(folder / "dataset.parquet", folder / CSV, key)
        except pl.exceptions.PolarsError as error:
            return f"{CSV} cannot be read: {first_line(error)}"


@contextmanager
def csv_comparison(folder: Path) -> Iterator[CsvComparison]:
    """A comparison with the folder's CSV, if it has one."""
    if not (folder / CSV).is_file():
        yield CsvComparison(None)
        return
    with (folder / CSV).open("rb") as file:
        yield CsvComparison(file)


def _first_difference(dataset: Path, file: Path, key: str) -> str | None:
    rows = pl.scan_parquet(dataset, glob=False)
    cells = pl.scan_csv(file, infer_schema=False, glob=False)
    numbers = {name for name, dtype in rows.collect_schema().items() if dtype.is_numeric()}
    start, height = 0, 1
    while height:
        expected = _as_cells(rows.slice(start, _ROWS).collect())
        found = cells.slice(start, _ROWS).collect()
        if different := _difference(expected, found, numbers, key):
            return different
        start, height = start + _ROWS, expected.height
    return None


def _as_cells(rows: pl.DataFrame) -> pl.DataFrame:
    text = BytesIO()
    write_csv_rows(rows, text, with_header=True)
    return pl.read_csv(text.getvalue(), infer_schema=False)


def _difference(expected: pl.DataFrame, found: pl.DataFrame, numbers: set[str], key: str) -> str | None:
    if expected.columns != found.columns:
        return f"{CSV} has other columns than dataset.parquet"
    height = min(expected.height, found.height)
    unlike = {name: _unlike(expected[name], found[name], height, name in numbers) for name in found.columns}
    if places := {name: place for name, place in unlike.items() if place is not None}:
        first = min(places, key=lambda name: places[name])
        return f"{CSV} has another {first} than dataset.parquet for {key} {expected[key][places[first]]}"
    if expected.height != found.height:
        more = "more" if found.height > expected.height else "fewer"
        return f"{CSV} has {more} rows than dataset.parquet"
    return None


def _unlike(expected: pl.Series, found: pl.Series, height: int, is_number: bool) -> int | None:
    """The first row in which two columns differ, if any does."""
    expected, found = expected.head(height), found.head(height)
    differs = expected.ne_missing(found)
    if is_number and differs.any():
        as_numbers = (column.cast(pl.Float64, strict=False) for column in (expected, found))
        left, right = as_numbers
        differs = differs & (left.ne_missing(right) | left.is_null())
    return differs.arg_max() if differs.any() else None
