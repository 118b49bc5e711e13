"""Whether `dataset.csv` has the rows of `dataset.parquet`: it is made again, in parts, and compared."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import polars as pl

from gettok.release.spreadsheet import csv_parts
from gettok.release.table_checks import batches, first_line

_CSV = "dataset.csv"
#: Rows whose text is made at a time, and rows that are compared at a time where bytes differ.
_AT_ONCE, _ROWS = 5_000, 20_000


def wrong_csv(folder: Path, key: str) -> str | None:
    """A line that says where the CSV first differs; None if it has the same rows."""
    dataset, file = folder / "dataset.parquet", folder / _CSV
    with file.open("rb") as opened:
        slices = (few for rows in batches(dataset) for few in rows.iter_slices(_AT_ONCE))
        if _has_the_bytes(opened, csv_parts(slices)):
            return None
    try:
        # another version of polars may write numbers in another way, which is no damage
        return _first_difference(dataset, file, key)
    except pl.exceptions.PolarsError as error:
        return f"{_CSV} cannot be read: {first_line(error)}"


def _has_the_bytes(file: IO[bytes], parts: Iterable[bytes]) -> bool:
    return all(file.read(len(part)) == part for part in parts) and not file.read(1)


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
    text = b"".join(csv_parts([rows]))
    return pl.read_csv(text, infer_schema=False)


def _difference(expected: pl.DataFrame, found: pl.DataFrame, numbers: set[str], key: str) -> str | None:
    if expected.columns != found.columns:
        return f"{_CSV} has other columns than dataset.parquet"
    height = min(expected.height, found.height)
    unlike = {name: _unlike(expected[name], found[name], height, name in numbers) for name in found.columns}
    if places := {name: place for name, place in unlike.items() if place is not None}:
        first = min(places, key=lambda name: places[name])
        return f"{_CSV} has another {first} than dataset.parquet for {key} {expected[key][places[first]]}"
    if expected.height != found.height:
        more = "more" if found.height > expected.height else "fewer"
        return f"{_CSV} has {more} rows than dataset.parquet"
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
