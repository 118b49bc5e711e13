"""CSV that a spreadsheet can open without running any formula in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import polars as pl

from gettok.store.atomic_write import atomic_file

#: Describes what `_plain` does; printed in every release's data dictionary.
NOTE = """\
## About dataset.csv

`dataset.csv` has the rows of `dataset.parquet` in UTF-8, made safe for a spreadsheet:

- a text that begins like a formula (`=`, `+`, `-` or `@`, also in full width or after blanks) has an apostrophe `'` in
  front;
- NUL and all other control characters are left out; a tab becomes a space, and every line break a plain newline;
- every text is in double quotes, also ids. A spreadsheet still turns a quoted id into a rounded number: import
  the column `video_id` as text;
- nothing between two commas is a missing value, `""` an empty text;
- a list is its members with `|` between them; times are UTC.
"""

_BREAKS = r"\r\n?"
CONTROLS = r"[\x00-\x09\x0b-\x1f\x7f-\x{9f}]"
# spreadsheets trim blanks and invisible characters, and some locales accept full-width signs
_FORMULA = r"^[\s\p{Cf}]*[=+\-@＝＋－＠]"
#: What `_plain` changes.
_UNSAFE = f"{_FORMULA}|{CONTROLS}"


def write_csv(rows: pl.DataFrame | Iterable[pl.DataFrame], path: Path) -> None:
    """Rows as one frame, or in parts, which are taken one by one."""
    parts = [rows] if isinstance(rows, pl.DataFrame) else rows
    with atomic_file(path) as file:
        for place, part in enumerate(parts):
            write_csv_rows(part, file, with_header=not place)


def write_csv_rows(rows: pl.DataFrame, file: IO[bytes], *, with_header: bool) -> None:
    """Write some rows, below the names of the columns if they are the first."""
    _safe(as_texts(rows)).write_csv(
        file,
        include_header=with_header,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%dT%H:%M:%SZ",
    )


def _safe(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(_plain(pl.col(columns_with(rows, _UNSAFE))))


def columns_with(rows: pl.DataFrame, pattern: str) -> list[str]:
    """The columns of texts in which a pattern is found: this takes less than half of what changing nothing takes."""
    found = rows.select(pl.col(pl.String).str.contains(pattern).any())
    return [name for name in found.columns if found[name].any()]


def as_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with each list of texts as one text."""
    return rows.with_columns(pl.col(pl.List(pl.String)).list.join("|"))


def without_controls(text: pl.Expr) -> pl.Expr:
    """Without control characters: a tab becomes a space, and every line break a plain newline."""
    text = text.str.replace_all(_BREAKS, "\n").str.replace_all("\t", " ", literal=True)
    return text.str.replace_all(CONTROLS, "")


def _plain(text: pl.Expr) -> pl.Expr:
    return without_controls(text).str.replace(_FORMULA, "'${0}")
