"""How rows become a table: sorted, with exactly its columns, in files that can be read in part."""

import polars as pl
import pyarrow.parquet as pq
import pytest

from gettok.errors import BadInput
from gettok.tables import IMAGE, TABLES, Column, Table
from gettok.tables.dictionary import markdown, type_name
from gettok.tables.table import TIME

SORTS = {
    "pages": ("endpoint", "subject", "attempt", "cursor"),
    "windows": ("start", "end", "step"),
    "coverage": ("day",),
    "ids": ("line",),
    "videos": ("video_id",),
    "counts": ("video_id", "observed_at"),
    "comments": ("video_id", "comment_id"),
    "comments_by_video": ("video_id",),
    "comments_by_day": ("day",),
    "users": ("username",),
    "rejects": ("answer_key", "position", "reason", "detail"),
    "fields": ("table", "field"),
    "media": ("video_id",),
    "captions": ("video_id",),
    "frames": ("video_id", "frame_index"),
    "transcripts": ("video_id",),
    "pairs": ("video_id", "left", "right"),
    "descriptions": ("video_id",),
    "screen_texts": ("video_id", "frame_index"),
    "annotations": ("video_id", "variable"),
    "cascade": ("video_id", "variable"),
    "prompt_injection": ("video_id", "variable", "attack_type"),
}


def table(*columns, **changes):
    return Table("small", "One thing.", columns, **{"sort": ("a", "b"), "rows_per_group": 2, **changes})


A, B = Column("a", pl.String, "A."), Column("b", pl.Int64, "B.")
SMALL = table(A, B, Column("c", pl.Float64, "C | c."))
PICTURES = table(A, B, Column("image", IMAGE, "It."))
KEYS = [("x", 2), ("y", None), (None, 1), ("x", 1), ("x", None), (None, None), ("y", -1)]
SORTED = [("x", 1), ("x", 2), ("x", None), ("y", -1), ("y", None), (None, 1), (None, None)]


def rows(keys):
    return [{"a": a, "b": b} for a, b in keys]


def test_tables_are_sorted_by_the_written_columns():
    assert {name: table.sort for name, table in TABLES.items()} == SORTS


@pytest.mark.parametrize("small", [SMALL, PICTURES])
def test_rows_are_sorted_by_each_column_in_turn_with_missing_values_last(small, tmp_path):
    made = small.frame(rows(KEYS))
    assert made.select("a", "b").rows() == SORTED
    assert made.schema == small.schema
    small.write(rows(KEYS), tmp_path / "a.parquet")
    assert small.read(tmp_path / "a.parquet").equals(made)


@pytest.mark.parametrize("place", [0, 2])
def test_a_column_that_is_not_declared_is_refused_in_any_row(place):
    given = rows(KEYS[:3])
    given[place]["d"] = 1
    with pytest.raises(ValueError, match=r"table small declares no column \['d'\]"):
        SMALL.frame(given)


def test_a_value_of_another_type_is_refused():
    with pytest.raises(pl.exceptions.ComputeError):
        SMALL.frame([{"a": "x", "b": "one"}])


def test_a_frame_is_written_with_the_declared_types(tmp_path):
    SMALL.write(
        pl.DataFrame({"a": ["x"], "b": pl.Series([1], dtype=pl.Int8), "c": [None]}), tmp_path / "a.parquet"
    )
    assert pl.read_parquet(tmp_path / "a.parquet").schema == SMALL.schema


@pytest.mark.parametrize("small", [SMALL, PICTURES])
def test_a_file_has_so_many_rows_in_each_group(small, tmp_path):
    small.write(rows(SORTED[:5]), tmp_path / "a.parquet")
    metadata = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)] == [2, 2, 1]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_rows_in_order_give_the_bytes_of_rows_written_at_once(tmp_path):
    PICTURES.write(rows(SORTED), tmp_path / "a.parquet")
    PICTURES.write_in_order(iter(rows(SORTED)), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert list(PICTURES.rows(tmp_path / "b.parquet")) == PICTURES.frame(rows(SORTED)).to_dicts()


@pytest.mark.parametrize("place", range(1, len(SORTED) - 1, 2))
def test_groups_that_are_not_in_order_are_refused_wherever_they_meet(tmp_path, place):
    swapped = [*SORTED[:place], SORTED[place + 1], SORTED[place], *SORTED[place + 2 :]]
    with pytest.raises(ValueError, match="the rows of the table small are not in order"):
        PICTURES.write_in_order(rows(swapped), tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_a_folder_is_read_in_order_of_its_files_and_an_empty_one_is_an_empty_table(tmp_path):
    assert SMALL.read(tmp_path).schema == SMALL.schema
    assert SMALL.read(tmp_path, ["b"]).schema == {"b": pl.Int64}
    for day, keys in (("2", [("x", 1)]), ("1", [("z", 2), ("z", 3), ("z", 4)]), ("3", [("a", 5)])):
        SMALL.write(rows(keys), tmp_path / f"{day}.parquet")
    (tmp_path / "notes.txt").touch()
    assert SMALL.read(tmp_path, ["b", "a"]).rows() == [(2, "z"), (3, "z"), (4, "z"), (1, "x"), (5, "a")]
    assert [row["b"] for row in SMALL.rows(tmp_path)] == [2, 3, 4, 1, 5]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda file: file.unlink(), "is missing, which has the table small"),
        (lambda file: file.write_bytes(b"PAR1"), "cannot be read as the table small: "),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_for_users(tmp_path, damage, what):
    file = tmp_path / "a.parquet"
    SMALL.write([], file)
    damage(file)
    always = pl.lit(value=True)
    reads = (
        lambda: SMALL.read(file),
        lambda: list(SMALL.rows(file)),
        lambda: SMALL.find(file, always, ["a"]),
    )
    for read in reads:
        with pytest.raises(BadInput, match=rf"a\.parquet {what}"):
            read()


def test_a_file_without_a_column_is_an_error_for_users(tmp_path):
    pl.DataFrame({"a": ["x"], "b": [1]}).write_parquet(tmp_path / "a.parquet")
    assert SMALL.read(tmp_path / "a.parquet", ["a"]).height == 1
    for read in (lambda: SMALL.read(tmp_path / "a.parquet"), lambda: list(SMALL.rows(tmp_path))):
        with pytest.raises(BadInput, match="small"):
            read()


def test_a_dictionary_has_each_table_s_order_types_and_sentences_and_reasons_only_where_they_are():
    text = markdown([SMALL])
    assert text == (
        "# Data dictionary\n\n## small\n\nOne thing. Sorted by a, b.\n\n"
        "| column | type | meaning |\n|---|---|---|\n"
        "| `a` | text | A. |\n| `b` | whole number | B. |\n| `c` | number | C \\| c. |\n"
    )
    for name in ("reason", "no_media_because"):
        assert "## Reasons" in markdown([SMALL, table(A, B, Column(name, pl.String, "Why."))])
    assert "## Reasons" not in markdown([table(A, Column("reasoned", pl.String, "No."))])


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (pl.Boolean, "yes or no"),
        (pl.Date, "day"),
        (TIME, "time (UTC)"),
        (pl.List(pl.List(pl.Float64)), "list of list of number"),
        (IMAGE, "bytes (bytes) + path (text)"),
    ],
)
def test_a_type_is_in_words(dtype, words):
    assert type_name(dtype) == words
