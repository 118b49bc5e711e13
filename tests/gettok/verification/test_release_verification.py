"""A release is verified by what is in it: whatever is changed, even with new checksums, is named."""

import json
import shutil

import polars as pl
import pytest
from flipped import flip
from released_study import FORM, edit, edit_text, released, reseal

from gettok.tables.forms import FORMS
from gettok.verification.checksums import CHECKSUMS
from gettok.verification.folder_check import bytes_to_read, verify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return released(tmp_path_factory.mktemp("made") / "release")


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "release")


def problems(folder):
    return list(verify(folder).problems)


@pytest.mark.parametrize("form", FORMS)
def test_a_release_of_each_form_passes(form, tmp_path):
    found = verify(released(tmp_path / "release", form=form))
    assert (found.problems, found.videos, found.form) == ((), 6, form)


def test_a_release_without_videos_passes(tmp_path):
    assert problems(released(tmp_path / "release", 0)) == []


def test_withdrawn_videos_are_in_the_books_and_in_no_table(tmp_path):
    folder = released(tmp_path / "release", withdrawn=["7213456789012345602", "7213456789012345603"])
    assert problems(folder) == []
    edit_text(folder, "books.json", ('"withdrawn": 2', '"withdrawn": 1'))
    assert "books.json counts 6 videos, 1 of them withdrawn, and 4 released" in problems(folder)


def test_the_bytes_that_are_read_are_told(folder):
    told = []
    verify(folder, told.append)
    assert sum(told) == bytes_to_read(folder)


def test_a_changed_byte_is_found_by_the_checksums(folder):
    flip(folder / "captions.parquet", 100)
    assert problems(folder)[0] == f"captions.parquet has other bytes than {CHECKSUMS} says"


def test_a_file_that_is_missing_or_was_added_is_named(folder):
    (folder / "pairs.parquet").unlink()
    (folder / "notes").mkdir()
    (folder / "notes" / "more.txt").write_text("more")
    assert problems(folder) == [
        "pairs.parquet is missing",
        f"notes/more.txt is not listed in {CHECKSUMS}",
        "pairs.parquet is missing, which data_dictionary.md has",
    ]


def test_a_table_under_another_name_is_not_the_one_that_is_declared(folder):
    (folder / "pairs.parquet").rename(folder / "pears.parquet")
    reseal(folder)
    assert problems(folder) == [
        "pairs.parquet is missing, which data_dictionary.md has",
        "pears.parquet is not in data_dictionary.md",
    ]


@pytest.mark.parametrize(
    "name", ["../books.json", "/etc/hostname", "./books.json", "a/../books.json", r"..\x"]
)
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    with (folder / CHECKSUMS).open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    [problem] = problems(folder)
    assert problem.endswith(f"the name {name!r} leaves the folder")


def test_lines_that_are_no_checksums_are_named(folder):
    text = (folder / CHECKSUMS).read_text()
    (folder / CHECKSUMS).write_text(f"{text}{text.splitlines()[0]}\nabc  books.json\n")
    count = len(text.splitlines())
    assert problems(folder) == [
        f"{CHECKSUMS}, line {count + 1}: README.md is listed twice",
        f"{CHECKSUMS}, line {count + 2}: not a SHA-256 and a name",
    ]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "is missing"), (b"\xff\xfe", "is not text in UTF-8")], ids=["none", "binary"]
)
@pytest.mark.parametrize("name", [CHECKSUMS, "data_dictionary.md"])
def test_a_release_without_its_lists_is_not_right(folder, name, content, said):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    assert f"{name} {said}" in problems(folder)


@pytest.mark.parametrize("table", ["annotations", "frames", "transcripts"])
def test_a_row_less_is_found_by_the_books(folder, table):
    edit(folder, table, lambda rows: rows.filter(pl.col("video_id") != rows["video_id"][0]))
    found = problems(folder)
    assert f"{table}.parquet has rows of 5 videos, and books.json counts 6 released" in found
    assert len(found) > 1, "its reasons are counted, too"


def test_a_video_less_in_the_dataset_is_found_by_all_tables(folder):
    edit(folder, "dataset", lambda rows: rows.slice(1))
    found = problems(folder)
    assert "dataset.parquet has 5 videos, and books.json counts 6 released" in found
    assert "videos.parquet has video_id 7213456789012345601, which is not in the dataset" in found
    assert any(line.startswith("dataset.csv") for line in found)


def test_a_row_of_a_stranger_is_found(folder):
    edit(folder, "pairs", lambda rows: pl.concat([rows, rows.tail(1).with_columns(video_id=pl.lit("99"))]))
    assert problems(folder) == ["pairs.parquet has video_id 99, which is not in the dataset"]


@pytest.mark.parametrize(("rows", "size"), [(1, 2**24), (2, 2**24), (1000, 2**24), (1000, 1)])
def test_a_doubled_key_and_a_wrong_order_are_found_across_parts(folder, monkeypatch, rows, size):
    """A file is read in parts, of so many rows or bytes."""
    monkeypatch.setattr("gettok.verification.table_checks._ROWS", rows)
    monkeypatch.setattr("gettok.verification.table_checks._BYTES", size)
    edit(folder, "captions", lambda rows: pl.concat([rows.head(1), rows]))
    edit(folder, "videos", lambda rows: pl.concat([rows.slice(1), rows.head(1)]))
    assert problems(folder) == [
        "captions.parquet has video_id 7213456789012345603 more than once",
        "videos.parquet is not sorted by video_id: see video_id 7213456789012345601",
    ]


def test_a_doubled_row_of_a_variable_is_found(folder):
    edit(folder, "annotations", lambda rows: pl.concat([rows.head(1), rows]))
    assert problems(folder)[0].endswith("variable anger more than once")


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_a_release_that_is_read_in_parts_passes(folder, monkeypatch, rows):
    monkeypatch.setattr("gettok.verification.table_checks._ROWS", rows)
    assert problems(folder) == []


def test_a_row_without_an_id_is_found(folder):
    edit(folder, "pairs", lambda rows: rows.with_columns(video_id=pl.lit(None, pl.String)).head(1))
    assert problems(folder) == ["pairs.parquet has 1 rows without video_id"]


def test_columns_are_those_of_the_dictionary(folder):
    edit(folder, "captions", lambda rows: rows.drop("format"))
    edit(folder, "pairs", lambda rows: rows.with_columns(more=1))
    edit(folder, "media", lambda rows: rows.with_columns(pl.col("bytes").cast(pl.String)))
    edit(folder, "videos", lambda rows: rows.select(reversed(rows.columns)))
    found = problems(folder)
    assert found == [
        "captions.parquet lacks columns that data_dictionary.md has: format",
        "media.parquet has bytes as text, and data_dictionary.md says whole number",
        "pairs.parquet has columns that data_dictionary.md lacks: more",
        "videos.parquet has its columns in another order than data_dictionary.md",
    ]


def test_ids_are_text_whatever_the_dictionary_says(folder):
    edit(folder, "captions", lambda rows: rows.with_columns(pl.col("video_id").cast(pl.Int64)))
    path = folder / "data_dictionary.md"
    head, tail = path.read_text().split("## captions")
    path.write_text(f"{head}## captions{tail.replace('`video_id` | text', '`video_id` | whole number', 1)}")
    reseal(folder)
    assert problems(folder) == ["captions.parquet has video_id as whole number: ids are text"]


@pytest.mark.parametrize("kept", [0, 100, -20])
def test_a_table_that_cannot_be_read_is_named(folder, kept):
    content = (folder / "transcripts.parquet").read_bytes()
    (folder / "transcripts.parquet").write_bytes(content[:kept])
    reseal(folder)
    [problem] = problems(folder)
    assert problem.startswith("transcripts.parquet cannot be read: ")


def test_a_table_with_a_damaged_page_is_named(folder):
    content = bytearray((folder / "transcripts.parquet").read_bytes())
    content[4:200] = bytes(196)
    (folder / "transcripts.parquet").write_bytes(content)
    reseal(folder)
    [problem] = problems(folder)
    assert problem.startswith("transcripts.parquet cannot be read: ")


def test_books_that_do_not_balance_are_named(folder):
    books = json.loads((folder / "books.json").read_text())
    books["stages"]["download"]["ok"] += 1
    (folder / "books.json").write_text(json.dumps(books))
    reseal(folder)
    assert problems(folder) == [
        "books.json: the books of download do not balance: asked 6, accounted for 7",
        "media.parquet: ok 4, private 1, removed 1, and books.json says ok 5, private 1, removed 1",
    ]


def test_books_that_balance_and_differ_from_the_tables_are_named(folder):
    books = json.loads((folder / "books.json").read_text())
    books["stages"]["download"]["unusable"] = {"private": 2}
    stance = books["stages"]["annotate"]["variables"]["stance"]
    stance["ok"], stance["unusable"] = 5, {"no_media": 1}
    del books["stages"]["annotate"]["variables"]["topics"], books["stages"]["describe"]
    (folder / "books.json").write_text(json.dumps(books))
    reseal(folder)
    assert problems(folder) == [
        "media.parquet: ok 4, private 1, removed 1, and books.json says ok 4, private 2",
        "books.json lacks the books of describe, which made descriptions.parquet",
        "annotations.parquet and books.json differ in variables: topics",
        "annotations.parquet, stance: ok 4, no_media 2, and books.json says ok 5, no_media 1",
    ]


def test_another_number_of_videos_is_named(folder):
    edit_text(
        folder, "books.json", ('"released": 6', '"released": 7'), ('"videos": 6,\n  "w', '"videos": 7,\n  "w')
    )
    assert "dataset.parquet has 6 videos, and books.json counts 7 released" in problems(folder)
    assert "books.json: the books of download count 6 videos, and there are 7" in problems(folder)


@pytest.mark.parametrize("name", ["books.json", "provenance.json"])
@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", "\udcff", '{"stages": 3}'])
def test_json_that_cannot_be_used_is_named(folder, name, content):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, "utf-8", "surrogateescape")
    reseal(folder)
    assert problems(folder)[0].startswith(name)


def test_an_unknown_form_is_named(folder):
    edit_text(folder, "provenance.json", (f'"form": "{FORM}"', '"form": "secret"'))
    [problem] = problems(folder)
    assert problem.startswith("provenance.json names the form secret, which this version of gettok lacks: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"7213456789012345601"', '"7213456789012345600"', "another video_id"),
        ("A crowd.", "A Crowd.", "another description_video_gpt4"),
        ("1000,", "1001,", "another view_count"),
        (',"neutral"', ',""', "another stance"),
        ('"NO A LA VACANCIA"', "", "another on_screen_text"),
        ('"video_id"', '"id"', "other columns"),
    ],
)
def test_a_changed_cell_of_the_csv_is_found(folder, old, new, said):
    edit_text(folder, "dataset.csv", (old, new))
    [problem] = problems(folder)
    assert problem.startswith(f"dataset.csv has {said}")


def test_an_empty_text_is_not_a_missing_value(folder):
    edit_text(folder, "dataset.csv", (",,", ',"",'))
    [problem] = problems(folder)
    assert problem.startswith("dataset.csv has another ")


@pytest.mark.parametrize(("change", "said"), [(-1, "fewer"), (1, "more")])
def test_a_row_of_the_csv_less_or_more_is_found(folder, change, said):
    path = folder / "dataset.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1] if change < 0 else [*lines, lines[-1]]), "utf-8")
    reseal(folder)
    assert problems(folder) == [f"dataset.csv has {said} rows than dataset.parquet"]


def test_a_number_that_is_written_in_another_way_is_no_damage(folder):
    edit_text(folder, "dataset.csv", (",0.8,", ",0.80,"), (",2.5,", ",2.500,"))
    assert problems(folder) == []


def test_more_rows_than_are_compared_at_a_time_are_compared(folder, monkeypatch):
    monkeypatch.setattr("gettok.verification.csv_check._AT_ONCE", 2)
    monkeypatch.setattr("gettok.verification.csv_check._ROWS", 2)
    assert problems(folder) == []
    edit_text(folder, "dataset.csv", (",0.8,", ",0.80,"))
    assert problems(folder) == []
    edit_text(folder, "dataset.csv", (",5000,", ",5001,"))
    assert problems(folder) == [
        "dataset.csv has another view_count than dataset.parquet for video_id 7213456789012345605"
    ]
