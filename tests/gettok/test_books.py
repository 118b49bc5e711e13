"""Books balance, or the run stops."""

import pytest

from gettok.books import COUNTED, Books
from gettok.errors import BadInput, Damaged


def test_books_count_each_reason_once_for_each_video(tmp_path):
    books = Books.of([None, "private", None, "removed", "private"], 5)
    assert books == Books(5, 2, {"private": 2, "removed": 1})
    books.write(tmp_path / "books" / "download.json")
    assert Books.read(tmp_path / "books" / "download.json") == books


@pytest.mark.parametrize("asked", [2, 4])
def test_a_video_too_many_or_too_few_is_refused(asked):
    with pytest.raises(Damaged, match="do not balance"):
        Books.of([None, "private", None], asked)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"asked": 1}'])
def test_a_file_that_is_not_a_book_is_reported(tmp_path, content):
    (tmp_path / "x.json").write_text(content, "utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        Books.read(tmp_path / "x.json")


def test_a_stage_that_has_not_finished_is_named(tmp_path):
    with pytest.raises(BadInput, match="transcribe has no results") as refused:
        Books.read(tmp_path / "transcribe.json")
    assert refused.value.can == "run `dvc repro transcribe`"


def test_the_stages_that_count_videos_are_those_with_a_row_for_each():
    assert COUNTED == (
        "tabulate",
        "download",
        "extract_frames",
        "transcribe",
        "describe",
        "annotate",
        "compare_transcripts",
    )


def test_a_folder_in_place_of_a_book_is_reported(tmp_path):
    (tmp_path / "download.json").mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        Books.read(tmp_path / "download.json")
