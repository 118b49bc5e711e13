"""The dataset for Excel: one sheet with the rows, one with the data dictionary; the same rows give the same bytes.

XlsxWriter makes the workbook with one row, whose cells show how each column is written. The rows are then written into
it as text that polars puts together: cell by cell, they would take most of the time of a release.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl

from gettok.store.atomic_write import atomic_file
from gettok.tables import Column, Table
from gettok.tables.dictionary import type_name
from gettok.tables.spreadsheet import CONTROLS, as_texts, columns_with, without_controls

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Excel's limits: rows of a sheet, the first of which has the names of the columns, and UTF-16 units of a cell.
MAX_ROWS, MAX_UNITS = 1_048_576, 32_767
#: The bytes of a sheet that a ZIP file of the usual kind takes; Excel offers to repair one of the other kind.
MAX_BYTES = 2**31 - 1
#: The end of a text that is longer.
CUT = " … [cut]"
#: Of every workbook, since a clock would change its bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_WIDTH, _WIDE = 18, 60
#: Few enough that the copies which are made of their texts take little memory.
_ROWS_AT_ONCE = 1_000
#: What XML cannot have, beside control characters.
_NOT_IN_XML = "[\ufffe\uffff]"
#: What begins markup, and what Excel reads as the code of a character, such as `_x0041_`.
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CODE = "_(x[0-9a-fA-F]{4})"
#: Texts without any of these are written as they are.
_SPECIAL = f"{CONTROLS}|{_NOT_IN_XML}|[{''.join(_MARKUP)}]|{_CODE}"
#: Half the time of the usual 6 for a file that is a fourteenth larger.
_COMPRESSION = 5

#: The column with a row's number in the sheet.
_ROW = "\0row"
_SHEET = "xl/worksheets/sheet1.xml"
#: Where the rows go: in place of the one that the workbook has below the names of the columns.
_MODEL_ROW = re.compile(r'<row r="2".*?</row>')
_MODEL_CELL = re.compile(r'<c r="(?P<letters>[A-Z]+)2"(?P<style>(?: s="\d+")?)')
#: The days from the first that a sheet counts to 1970.
_EPOCH = 25_569
_US_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Fit:
    """How a table fits into Excel: `is_written` is false if it is too large; `cut` counts shortened texts."""

    rows: int
    is_written: bool
    cut: int = 0


class _TooLarge(Exception):
    """The sheet would have more than `MAX_BYTES`."""


def write_workbook(table: Table, rows: int, parts: Iterable[pl.DataFrame], path: Path) -> Fit:
    """Write the table's rows, of which there are `rows` in `parts`; no file if they are more than a sheet takes."""
    if rows >= MAX_ROWS:
        return Fit(rows, is_written=False)
    with suppress(_TooLarge), atomic_file(path) as file:
        cut = _write_rows(file, table, rows, parts)
        return Fit(rows, is_written=True, cut=cut)
    return Fit(rows, is_written=False)


def _write_rows(file: IO[bytes], table: Table, rows: int, parts: Iterable[pl.DataFrame]) -> int:
    """Write the workbook with the rows in its first sheet, and count the texts that are cut."""
    cut = 0
    with (
        ZipFile(BytesIO(_model(table))) as model,
        ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as workbook,
    ):
        for entry in model.infolist():
            content = model.read(entry)
            with workbook.open(entry.filename, "w") as copy:  # this gives no entry the time of a clock
                if entry.filename == _SHEET:
                    cut += _write_sheet(copy, content.decode(), table.columns, rows, parts)
                else:
                    copy.write(content)
    return cut


def _write_sheet(
    file: IO[bytes], model: str, columns: Sequence[Column], rows: int, parts: Iterable[pl.DataFrame]
) -> int:
    """Write the sheet with the rows in place of its one, and count the texts that are cut."""
    [row] = _MODEL_ROW.finditer(model)
    cells = [(cell["letters"], cell["style"]) for cell in _MODEL_CELL.finditer(row[0])]
    range_of = f'<dimension ref="A1:{cells[-1][0]}%d"/>'
    before = model[: row.start()].replace(range_of % 2, range_of % (rows + 1)).encode()
    after, cut = model[row.end() :].encode(), 0
    left = MAX_BYTES - file.write(before) - len(after)
    for text, too_long in _texts(columns, cells, parts):
        left -= len(text)
        if left < 0:
            raise _TooLarge
        file.write(text)
        cut += too_long
    file.write(after)
    return cut


def _model(table: Table) -> bytes:
    """The workbook with one row, which has a cell in every column."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - the report imports this package, and writes no workbook

    content = BytesIO()
    with Workbook(content, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _CREATED})
        sheet, formats = workbook.add_worksheet(table.name), _Formats(workbook)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
        _write_header(sheet, formats, table.schema.names())
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, _WIDTH, formats.of(column))
            sheet.write_number(1, place, 0, formats.of(column))
        _write_dictionary(workbook, table.columns)
    return content.getvalue()


def _write_dictionary(workbook: "Workbook", columns: Iterable[Column]) -> None:
    sheet, formats = workbook.add_worksheet("data dictionary"), _Formats(workbook)
    sheet.set_column(0, 1, _WIDTH, formats.text)
    sheet.set_column(2, 2, _WIDE, formats.text)
    _write_header(sheet, formats, ("column", "type", "meaning"))
    lines = [(column.name, type_name(column.dtype), column.sentence) for column in columns]
    texts = pl.DataFrame(lines, schema=("column", "type", "meaning"), orient="row")
    for row, values in enumerate(texts.select(_writable(texts.columns)).iter_rows(), start=1):
        for place, value in enumerate(values):
            sheet.write_string(row, place, value, formats.text)


def _write_header(sheet: "Worksheet", formats: "_Formats", names: Sequence[str]) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, formats.header)


class _Formats:
    """A workbook's formats. That of text keeps an id as text when its cell is edited, too."""

    def __init__(self, workbook: "Workbook") -> None:
        self.header = workbook.add_format({"bold": True, "num_format": "@"})
        self.text = workbook.add_format({"num_format": "@"})
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def of(self, column: Column) -> "Format | None":
        """The format of the column's cells; None for numbers and booleans."""
        if column.dtype in (pl.String, pl.List(pl.String)):
            return self.text
        if column.dtype == pl.Date:
            return self._day
        return self._time if isinstance(column.dtype, pl.Datetime) else None


def _texts(
    columns: Sequence[Column], cells: Sequence[tuple[str, str]], parts: Iterable[pl.DataFrame]
) -> Iterator[tuple[bytes, int]]:
    """The rows as a sheet has them, a few at a time, and how many of their texts are cut."""
    written = [_cell(column, *cell) for column, cell in zip(columns, cells, strict=True)]
    row = pl.concat_str(pl.lit('<row r="'), _ROW, pl.lit('">'), *written, pl.lit("</row>"))
    first = 2
    for piece in (piece for part in parts for piece in part.iter_slices(_ROWS_AT_ONCE)):
        rows = as_texts(piece)
        special = columns_with(rows, _SPECIAL)
        rows, cut = _shortened(rows.with_columns(_writable(special)))
        numbers = pl.int_range(first, first + rows.height, dtype=pl.Int64).cast(pl.String)
        texts = rows.with_columns(_escaped(special), numbers.alias(_ROW)).select(row.str.join())
        yield texts.item().encode(), cut
        first += rows.height


def _cell(column: Column, letters: str, style: str) -> pl.Expr:
    """A column's cells as a sheet has them; an empty text where the value is missing.

    A text is never taken for a formula, an address or a number: its cell says that it is a text.
    """
    value, form = pl.col(column.name), ""
    start, end = "<v>", "</v>"
    if column.dtype in (pl.String, pl.List(pl.String)):
        form, start, end = ' t="inlineStr"', '<is><t xml:space="preserve">', "</t></is>"
    elif column.dtype == pl.Boolean:
        form, value = ' t="b"', value.cast(pl.Int8)
    elif column.dtype == pl.Date:
        value = value.dt.epoch("d") + _EPOCH
    elif isinstance(column.dtype, pl.Datetime):  # Excel has no time zones
        value = value.dt.epoch("us") / _US_PER_DAY + _EPOCH
    elif column.dtype == pl.Float64:  # and no other numbers
        value = pl.when(value.is_finite()).then(value)
    before, after = pl.lit(f'"{style}{form}>{start}'), pl.lit(f"{end}</c>")
    return pl.concat_str(pl.lit(f'<c r="{letters}'), _ROW, before, value, after).fill_null("")


def _writable(texts: Collection[str]) -> pl.Expr:
    return without_controls(pl.col(texts)).str.replace_all(_NOT_IN_XML, "")


def _escaped(texts: Collection[str]) -> pl.Expr:
    return pl.col(texts).str.replace_many(_MARKUP).str.replace_all(_CODE, "_x005F_$1")


def _shortened(texts: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    cut = 0
    # a character has one UTF-16 unit or two, and never fewer bytes than units
    large = texts.select((pl.col(pl.String).str.len_bytes() > MAX_UNITS).any())
    for name in (name for name in large.columns if large[name].any()):
        whole = texts[name].to_list()
        short = [text if text is None or _units(text) <= MAX_UNITS else _cut(text) for text in whole]
        cut += sum(before != after for before, after in zip(whole, short, strict=True))
        texts = texts.with_columns(pl.Series(name, short, pl.String))
    return texts, cut


def _cut(text: str) -> str:
    """The beginning of a text and the mark, in no more than `MAX_UNITS`."""
    room = 2 * (MAX_UNITS - _units(CUT))
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
