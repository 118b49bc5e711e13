"""The dataset for Excel: one sheet with the rows, one with the data dictionary; the same rows give the same bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import polars as pl

from gettok.release.spreadsheet import as_texts, without_controls
from gettok.store.atomic_write import atomic_file
from gettok.tables import Column, Table
from gettok.tables.dictionary import type_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Excel's limits: rows of a sheet, the first of which has the names of the columns, and UTF-16 units of a cell.
MAX_ROWS, MAX_UNITS = 1_048_576, 32_767
#: The end of a text that is longer.
CUT = " … [cut]"
#: Of every workbook, since a clock would change its bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_WIDTH, _WIDE = 18, 60
#: Few enough that the copies which are made of their texts take little memory.
_ROWS_AT_ONCE = 1_000
#: What XML cannot have, beside control characters.
_NOT_IN_XML = "[\ufffe\uffff]"

_WriteCell = Callable[[int, int, Any], Any]


@dataclass(frozen=True)
class Fit:
    """How a table fits into Excel: `is_written` is false if it has too many rows; `cut` counts shortened texts."""

    rows: int
    is_written: bool
    cut: int = 0


def write_workbook(table: Table, rows: int, parts: Iterable[pl.DataFrame], path: Path) -> Fit:
    """Write the table's rows, of which there are `rows` in `parts`; no file if they are more than a sheet has."""
    if rows >= MAX_ROWS:
        return Fit(rows, is_written=False)
    with atomic_file(path) as file, _opened(file, path.parent) as workbook:
        cut = _write_rows(workbook, table, parts)
        _write_dictionary(workbook, table.columns)
    return Fit(rows, is_written=True, cut=cut)


@contextmanager
def _opened(file: IO[bytes], beside: Path) -> Iterator["Workbook"]:
    """A workbook of which one row is in memory; the others are in a folder beside it until it is complete."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - the report imports this package, and writes no workbook

    with TemporaryDirectory(dir=beside, prefix=".") as folder:
        workbook = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        workbook.set_properties({"created": _CREATED})
        try:
            yield workbook
            workbook.close()
        except BaseException:
            for sheet in workbook.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()
            raise


def _write_rows(workbook: "Workbook", table: Table, parts: Iterable[pl.DataFrame]) -> int:
    sheet, formats = workbook.add_worksheet(table.name), _Formats(workbook)
    cells = [formats.cell_writer(sheet, column) for column in table.columns]
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _WIDTH, formats.of(column))
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
    _write_header(sheet, formats, table.schema.names())
    row = cut = 0
    for piece in (piece for part in parts for piece in part.iter_slices(_ROWS_AT_ONCE)):
        texts, too_long = _as_cells(piece)
        cut += too_long
        for values in texts.iter_rows():
            row += 1
            for place, value in enumerate(values):
                if value is not None:
                    cells[place](row, place, value)
    return cut


def _write_dictionary(workbook: "Workbook", columns: Iterable[Column]) -> None:
    sheet, formats = workbook.add_worksheet("data dictionary"), _Formats(workbook)
    sheet.set_column(0, 1, _WIDTH, formats.text)
    sheet.set_column(2, 2, _WIDE, formats.text)
    _write_header(sheet, formats, ("column", "type", "meaning"))
    lines = [(column.name, type_name(column.dtype), column.sentence) for column in columns]
    texts, _ = _as_cells(pl.DataFrame(lines, schema=("column", "type", "meaning"), orient="row"))
    for row, values in enumerate(texts.iter_rows(), start=1):
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

    def cell_writer(self, sheet: "Worksheet", column: Column) -> _WriteCell:
        """Writes a value of the column: a text is never taken for a formula, an address or a number."""
        form = self.of(column)
        if form is self.text:
            return lambda row, place, value: sheet.write_string(row, place, value, form)
        if form is not None:
            return lambda row, place, value: sheet.write_datetime(row, place, value, form)
        return sheet.write_boolean if column.dtype == pl.Boolean else sheet.write_number  # type: ignore[no-any-return]


def _as_cells(part: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows as a sheet can hold them, and how many texts are cut."""
    texts = as_texts(part).with_columns(
        without_controls(pl.col(pl.String)).str.replace_all(_NOT_IN_XML, ""),
        # Excel has no time zones, and no other numbers
        pl.col(pl.Datetime("us", "UTC")).dt.replace_time_zone(None),
        pl.when(pl.col(pl.Float64).is_finite()).then(pl.col(pl.Float64)),
    )
    # XlsxWriter takes a text between these tags for markup of its own, which goes into the file as it is
    markup = pl.col(pl.String).str.contains(r"(?s)^<r>.*</r>$")
    texts = texts.with_columns(pl.when(markup).then(pl.col(pl.String) + " ").otherwise(pl.col(pl.String)))
    return _shortened(texts)


def _shortened(texts: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    cut = 0
    for name in texts.select(pl.col(pl.String)).columns:
        # a character has one UTF-16 unit or two, and one to four bytes
        large = texts[name].str.len_chars().fill_null(0) > MAX_UNITS // 2
        if large.any():
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
