"""A spreadsheet runs no cell of a release."""

import csv

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.tables.spreadsheet import write_csv

_CELL = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("=+-@\t\r\n\0 '\"")),
    max_size=12,
)


@settings(max_examples=200)
@given(st.lists(_CELL, min_size=1, max_size=5))
def test_f51_no_cell_of_the_csv_begins_a_formula_and_none_is_lost(tmp_path_factory, cells):
    file = tmp_path_factory.getbasetemp() / "cells.csv"
    write_csv(pl.DataFrame({"video_id": [str(n) for n in range(len(cells))], "caption": cells}), file)
    with file.open(encoding="utf-8", newline="") as opened:
        made = list(csv.DictReader(opened))
    assert [row["video_id"] for row in made] == [str(n) for n in range(len(cells))]
    for cell, row in zip(cells, made, strict=True):
        assert not row["caption"].lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
        assert not any(ord(character) < 32 and character != "\n" for character in row["caption"])
        letters = [c for c in cell if c.isalnum()]
        assert [c for c in row["caption"] if c.isalnum()] == letters


def test_members_of_a_list_can_be_told_apart_though_they_have_blanks(tmp_path):
    lists = pl.DataFrame({"topics": [["daily life", "justice"], [], None]}, {"topics": pl.List(pl.String)})
    write_csv(lists, tmp_path / "lists.csv")
    assert (tmp_path / "lists.csv").read_text("utf-8").splitlines() == [
        '"topics"',
        '"daily life|justice"',
        '""',
        "",
    ]
