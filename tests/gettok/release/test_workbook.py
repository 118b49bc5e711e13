"""The dataset for Excel: ids and texts stay what they are, within the limits of a sheet."""

import os
from datetime import UTC, datetime
from zipfile import ZipFile

import openpyxl
import polars as pl
import pytest
from small_disk import small_disk

from gettok.errors import NoSpace
from gettok.release import workbook
from gettok.release.workbook import CUT, MAX_ROWS, MAX_UNITS, Fit, write_workbook
from gettok.tables import Column, Table

TABLE = Table(
    "dataset",
    "One video.",
    (
        Column("video_id", pl.String, "The id."),
        Column("caption", pl.String, "The value of `stance`: what | does it\nsay?"),
        Column("region_code", pl.String, "The region."),
        Column("created_at", pl.Datetime("us", "UTC"), "When."),
        Column("day", pl.Date, "Which day."),
        Column("views", pl.Int64, "Views."),
        Column("share", pl.Float64, "A share."),
        Column("abstained", pl.Boolean, "Whether."),
        Column("topics", pl.List(pl.String), "Topics."),
    ),
)


def dataset(*captions, **others):
    rows = [
        {"video_id": str(7174213904290307931 + place), "caption": caption, **others}
        for place, caption in enumerate(captions)
    ]
    return TABLE.frame(rows)


def written(path, frame, parts=None):
    fit = write_workbook(TABLE, frame.height, parts or [frame], path)
    return fit, openpyxl.load_workbook(path)


def column(book, name, sheet="dataset"):
    """The cells of a column, below its name."""
    header, *rows = book[sheet].iter_rows()
    place = [cell.value for cell in header].index(name)
    return [row[place] for row in rows]


def test_ids_and_namibia_are_text_and_stay_so_when_a_cell_is_edited(tmp_path):
    _, book = written(tmp_path / "a.xlsx", dataset("a", "b", region_code="NA"))
    cells = [*column(book, "video_id"), *column(book, "region_code")]
    assert [cell.value for cell in cells] == ["7174213904290307931", "7174213904290307932", "NA", "NA"]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}


def sheet_of(path):
    """The first sheet's XML."""
    with ZipFile(path) as file:
        return file.read("xl/worksheets/sheet1.xml").decode()


STRANGE = [
    "=1+1",
    '=HYPERLINK("https://example.org","x")',
    "{=1+1}",
    "+1",
    "-1",
    "@SUM(A1)",
    "1",
    "TRUE",
    "https://example.org",
    "internal:Sheet2!A1",
    "  two\n\n| lines ¡ñ! 中文 العربية 👩‍👩‍👧  ",
    "<b>&amp;</b>",
    "",
]


def test_f51_a_text_that_begins_like_a_formula_a_number_or_an_address_stays_a_text(tmp_path):
    _, book = written(tmp_path / "a.xlsx", dataset(*STRANGE))
    cells = column(book, "caption")
    assert [cell.value or "" for cell in cells] == STRANGE
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]


def test_a_text_that_looks_like_the_markup_of_a_workbook_is_not_taken_for_it(tmp_path):
    texts = ["<r><t>red</t></r>", "<r></sheetData></r>", '</t></is></c><c r="A1"/>', "&lt;&amp;", "]]>"]
    _, book = written(tmp_path / "a.xlsx", dataset(*texts))
    assert [cell.value for cell in column(book, "caption")] == texts


def test_a_text_that_looks_like_the_code_of_a_character_is_not_taken_for_it(tmp_path):
    """Excel reads `_x0041_` as A, and `_x005F_` as the underscore that such a code begins with."""
    write_workbook(TABLE, 1, [dataset("_x0041_x0042_ a_x_b")], tmp_path / "a.xlsx")
    assert ">_x005F_x0041_x005F_x0042_ a_x_b</t>" in sheet_of(tmp_path / "a.xlsx")


def test_f18_what_xml_cannot_hold_is_left_out(tmp_path):
    _, book = written(tmp_path / "a.xlsx", dataset("a\0\x1b[31mb\r\nc\td￾￿"))
    assert [cell.value for cell in column(book, "caption")] == ["a[31mb\nc d"]


@pytest.mark.parametrize(("character", "units"), [("x", 1), ("ñ", 1), ("😀", 2)])
def test_a_text_longer_than_a_cell_is_cut_with_a_mark_and_counted(tmp_path, character, units):
    fits = character * (MAX_UNITS // units)
    fit, book = written(tmp_path / "a.xlsx", dataset(fits, fits + character, None))
    assert fit == Fit(3, is_written=True, cut=1)
    whole, cut, none = (cell.value for cell in column(book, "caption"))
    assert (whole, none) == (fits, None)
    assert cut.endswith(character + CUT)
    assert MAX_UNITS - 1 <= len(cut.encode("utf-16-le")) // 2 <= MAX_UNITS


def test_values_keep_their_types_and_what_is_missing_is_empty(tmp_path):
    when = datetime(2022, 12, 7, 1, 35, 10, tzinfo=UTC)
    full = dataset(
        "a",
        created_at=when,
        day=when.date(),
        views=3,
        share=0.25,
        abstained=False,
        topics=["daily life", "NA"],
    )
    none = dataset(None, share=float("nan"), topics=[])
    _, book = written(tmp_path / "a.xlsx", pl.concat([full, none]))
    rows = [[cell.value for cell in row[3:]] for row in book["dataset"].iter_rows(min_row=2)]
    day = datetime(2022, 12, 7)  # noqa: DTZ001 - openpyxl has no time zones, and a time for each day
    assert rows[0] == [when.replace(tzinfo=None), day, 3, 0.25, False, "daily life|NA"]
    assert [value or None for value in rows[1]] == [None] * 6


def test_the_second_sheet_explains_every_column(tmp_path):
    _, book = written(tmp_path / "a.xlsx", dataset("a"))
    assert book.sheetnames == ["dataset", "data dictionary"]
    assert [cell.value for cell in column(book, "column", "data dictionary")] == TABLE.schema.names()
    assert column(book, "meaning", "data dictionary")[1].value == TABLE.columns[1].sentence
    assert column(book, "type", "data dictionary")[3].value == "time (UTC)"


def test_the_same_rows_in_other_parts_give_the_same_bytes_and_no_other_file(tmp_path):
    frame = dataset(*STRANGE)
    for name, parts in (("a.xlsx", [frame]), ("b.xlsx", [frame.head(3), frame.slice(3)])):
        written(tmp_path / name, frame, parts)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_no_clock_reaches_the_workbook(tmp_path):
    write_workbook(TABLE, 1, [dataset("a")], tmp_path / "a.xlsx")
    with ZipFile(tmp_path / "a.xlsx") as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b">2000-01-01T00:00:00Z<" in file.read("docProps/core.xml")


def test_rows_that_are_written_a_few_at_a_time_are_numbered_throughout(tmp_path):
    many = dataset(*map(str, range(2_500)), views=2**53, share=1e-7)
    _, book = written(tmp_path / "a.xlsx", many, [many.head(1_700), many.slice(1_700)])
    assert book["dataset"].dimensions == "A1:I2501"
    for name in ("video_id", "caption", "views", "share"):
        assert [cell.value for cell in column(book, name)] == many[name].to_list()
    assert '<dimension ref="A1:I2501"/>' in sheet_of(tmp_path / "a.xlsx")


def test_a_table_without_rows_has_its_columns(tmp_path):
    _, book = written(tmp_path / "a.xlsx", TABLE.frame([]))
    assert [[cell.value for cell in row] for row in book["dataset"].iter_rows()] == [TABLE.schema.names()]


def test_more_text_than_a_sheet_takes_makes_no_workbook(tmp_path, monkeypatch):
    of_few = tmp_path / "few.xlsx"
    write_workbook(TABLE, 2, [dataset("a", "b")], of_few)
    monkeypatch.setattr(workbook, "MAX_BYTES", len(sheet_of(of_few)))
    assert write_workbook(TABLE, 2, [dataset("a", "b")], tmp_path / "fits.xlsx").is_written
    assert write_workbook(TABLE, 2, [dataset("a", "bb")], tmp_path / "a.xlsx") == Fit(2, is_written=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.xlsx", "fits.xlsx"]


def test_more_rows_than_a_sheet_takes_make_no_workbook(tmp_path):
    """The first row of a sheet has the names of the columns."""
    untouched = iter([dataset("a")])
    fit = write_workbook(TABLE, MAX_ROWS, untouched, tmp_path / "a.xlsx")
    assert fit == Fit(MAX_ROWS, is_written=False)
    assert not list(tmp_path.iterdir())
    assert next(untouched).height == 1


def test_f37_a_workbook_that_does_not_fit_on_the_disk_is_reported_and_leaves_none(tmp_path):
    large = dataset(*[os.urandom(40).hex() for _ in range(3_000)])
    with small_disk(tmp_path / "disk", 128) as disk:
        with pytest.raises(NoSpace, match=f"the disk that holds {disk.folder} is full"):
            write_workbook(TABLE, large.height, [large], disk.folder / "a.xlsx")
        assert not list(disk.folder.iterdir())
