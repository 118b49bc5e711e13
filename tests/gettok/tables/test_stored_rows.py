"""Rows in files are read in parts that together are all rows, and no file is opened that has none of a part."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.errors import BadInput
from gettok.tables import CAPTIONS, VIDEOS
from gettok.tables.stored_rows import IdRange, id_ranges, parts_of, rows_between

COLUMNS = ["video_id", "created_at", "view_count"]


def days(folder, count=9):
    """A video each hour; every fourth has an id that was made days before its day of publication."""
    rows = {}
    for number in range(count):
        at = datetime(2022, 12, 5, tzinfo=UTC) + timedelta(hours=7 * number)
        video_id = str(1000 + 10 * number - (35 if number % 4 == 3 else 0))
        rows.setdefault(at.date(), []).append({"video_id": video_id, "created_at": at, "view_count": number})
    for day, of_day in rows.items():
        VIDEOS.write(of_day, folder / f"{day}.parquet")
    return folder


@given(st.lists(st.text("0123456789", min_size=1, max_size=4), unique=True), st.integers(1, 7))
def test_ranges_have_every_id_once_and_no_more_of_them_than_asked_for(ids, count):
    ranges = id_ranges(pl.Series(ids, dtype=pl.String), count)
    parts = [rows_between(pl.DataFrame({"video_id": ids}, {"video_id": pl.String}), of) for of in ranges]
    found = [part.collect()["video_id"].sort().to_list() for part in parts]
    assert [video_id for part in found for video_id in part] == sorted(ids)
    assert max(map(len, found)) <= count


@pytest.mark.parametrize("count", [1, 2, 4, 100])
def test_the_parts_of_files_are_all_rows_though_days_have_ids_of_other_days(tmp_path, count):
    stored = VIDEOS.stored(days(tmp_path), COLUMNS)
    whole = VIDEOS.read(tmp_path, COLUMNS).sort("video_id")
    parts = [stored.between(ids).sort("video_id").collect() for ids in id_ranges(whole["video_id"], count)]
    assert pl.concat(parts).equals(whole)
    assert pl.concat(part.collect() for part in parts_of(stored)).equals(VIDEOS.read(tmp_path, COLUMNS))


def test_only_the_files_that_may_have_rows_of_a_range_are_opened(tmp_path):
    stored = VIDEOS.stored(days(tmp_path), COLUMNS)
    first = stored.between(IdRange(None, "1001"))
    assert first.collect()["video_id"].to_list() == ["1000"]
    for file in sorted(tmp_path.iterdir())[1:]:
        file.write_bytes(b"none")
    assert stored.between(IdRange(None, "0995")).collect().is_empty()
    assert stored.between(IdRange(None, "0996")).collect().is_empty()
    assert stored.between(IdRange("1000", "1001")).collect().height == 1


def test_a_folder_without_files_has_no_rows(tmp_path):
    stored = VIDEOS.stored(tmp_path)
    assert stored.between(IdRange(None, None)).collect().schema == VIDEOS.schema
    assert [part.collect().height for part in parts_of(stored)] == [0]


def test_a_file_that_is_missing_damaged_or_of_another_table_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(BadInput, match=r"none\.parquet is missing, which has the table captions"):
        CAPTIONS.stored(tmp_path / "none.parquet")
    days(tmp_path)
    with pytest.raises(BadInput, match=f"{date(2022, 12, 5)}.parquet cannot be read as the table captions"):
        CAPTIONS.stored(tmp_path)
    (tmp_path / "2022-12-06.parquet").write_bytes(b"none")
    with pytest.raises(BadInput, match=r"2022-12-06\.parquet cannot be read as the table videos"):
        VIDEOS.stored(tmp_path)


@pytest.mark.parametrize("count", [1, 3, 9, 50])
def test_rows_in_parts_are_written_as_the_same_bytes(tmp_path, count):
    whole = VIDEOS.read(days(tmp_path / "days", 40)).sort("video_id")
    VIDEOS.write(whole, tmp_path / "whole.parquet")
    VIDEOS.write_parts(whole.iter_slices(count), tmp_path / "parts.parquet")
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_an_error_in_a_part_arrives_as_it_is_and_leaves_no_file(tmp_path):
    def parts():
        yield VIDEOS.frame([{"video_id": "1"}])
        raise BadInput("a", "b", "c")

    with pytest.raises(BadInput):
        VIDEOS.write_parts(parts(), tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []
