"""Strangers, duplicates and gaps are refused in every table, and what is withdrawn leaves no trace."""

import json
from dataclasses import replace

import polars as pl
import pytest
from small_study import attacked, coded, shared, study_of

from gettok import release
from gettok.books import Books
from gettok.errors import BadInput, Damaged
from gettok.tables import TABLES
from gettok.tables.spreadsheet import write_csv

STAGE_OF = {
    "media": "download",
    "frames": "extract_frames",
    "transcripts": "transcribe",
    "descriptions": "describe",
}
#: The table of which each variable of the codebook is counted alone.
CODED = {"annotations": "annotate"}
BESIDE = {
    "pairs": "compare_transcripts",
    "captions": "download",
    "screen_texts": "describe",
    "prompt_injection": "annotate",
}


def whole(count=6):
    """A study with all tables."""
    of = attacked(study_of(count))
    rows = [{"video_id": video_id, "frame_index": 0, "text": "NO"} for video_id in of.videos["video_id"]]
    return replace(of, screen_texts=TABLES["screen_texts"].frame(rows))


def refused(folder, of, what):
    with pytest.raises(Damaged, match=what):
        release.write(folder / "r", of, shared("ids_only"), {})
    assert not (folder / "r").exists()


def test_a_study_with_all_tables_is_released_also_into_an_empty_folder(tmp_path):
    assert set(whole().named()) == {"videos", *STAGE_OF, *CODED, *BESIDE}
    release.write(tmp_path, whole(), shared("team"), {})
    assert {file.stem for file in tmp_path.glob("*.parquet")} == {
        "dataset",
        "videos",
        *STAGE_OF,
        *CODED,
        *BESIDE,
    }


@pytest.mark.parametrize("name", [".hidden", "dataset.csv"])
def test_any_file_makes_a_folder_full(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(BadInput, match="not empty"):
        release.write(tmp_path, whole(), shared("team"), {})


@pytest.mark.parametrize(("table", "stage"), (STAGE_OF | BESIDE).items())
def test_a_stranger_in_any_table_is_refused_and_named_with_its_stage(tmp_path, table, stage):
    frame = whole().named()[table]
    stranger = frame.tail(1).with_columns(video_id=pl.lit("9"))
    of = replace(whole(), **{table: pl.concat([frame, stranger])})
    refused(tmp_path, of, f"^{stage} has a video that was never found: 9")


@pytest.mark.parametrize("table", ["videos", *STAGE_OF, *CODED, *BESIDE])
def test_a_row_twice_in_any_table_is_refused_though_its_other_columns_differ(tmp_path, table):
    frame = whole().named()[table]
    again = frame.tail(1).with_columns(pl.exclude(*TABLES[table].sort).shift(1))
    assert not again.equals(frame.tail(1))
    of = replace(whole(), **{table: pl.concat([frame, again])})
    refused(tmp_path, of, f"the table {table} has video_id {frame['video_id'][-1]} more than once")


def test_each_variable_of_the_codebook_is_checked_by_itself(tmp_path):
    of = coded(whole())
    release.write(tmp_path / "good", of, shared("team"), {})
    book, annotations = of.books["annotate"], of.annotations
    last = annotations.filter(variable="places")["video_id"][-1]
    is_lost = (pl.col("variable") == "places") & (pl.col("video_id") == last)
    refused(
        tmp_path,
        replace(of, annotations=annotations.filter(~is_lost)),
        rf"annotate \(places\) has no row for 1 of 6 videos, {last} first",
    )
    stranger = annotations.filter(is_lost).with_columns(video_id=pl.lit("9"))
    refused(
        tmp_path,
        replace(of, annotations=pl.concat([annotations, stranger])),
        r"annotate \(places\) has a video",
    )
    other = {**book.variables, "places": Books(6, 6)}
    books = {**of.books, "annotate": replace(book, variables=other)}
    refused(tmp_path, replace(of, books=books), r"the table of annotate \(places\) has")
    without = {name: each for name, each in book.variables.items() if name != "places"}
    books = {**of.books, "annotate": replace(book, variables=without)}
    refused(tmp_path, replace(of, books=books), "the codebook and the books of annotate differ in places")
    uneven = {**book.variables, "places": Books(6, 1)}
    books = {**of.books, "annotate": replace(book, variables=uneven)}
    refused(tmp_path, replace(of, books=books), "the books of annotate on places do not balance")


@pytest.mark.parametrize(("table", "stage"), STAGE_OF.items())
def test_a_video_that_any_stage_lost_is_refused(tmp_path, table, stage):
    frame = whole().named()[table]
    of = replace(whole(), **{table: frame.filter(pl.col("video_id") != frame["video_id"][-1])})
    refused(tmp_path, of, f"{stage} has no row for 1 of 6 videos, {frame['video_id'][-1]} first")


@pytest.mark.parametrize(("table", "stage"), STAGE_OF.items())
@pytest.mark.parametrize("change", ["status", "reason"])
def test_a_table_that_contradicts_its_books_is_refused(tmp_path, table, stage, change):
    frame = whole().named()[table]
    lost = pl.col("status") != "ok"
    changed = {
        "status": [pl.lit("unusable").alias("status"), pl.lit("undecodable").alias("reason")],
        "reason": [pl.when(lost).then(pl.lit("undecodable")).alias("reason")],
    }
    of = replace(whole(), **{table: frame.with_columns(changed[change])})
    refused(tmp_path, of, f"the table of {stage} has")


@pytest.mark.parametrize("stage", (STAGE_OF | CODED).values())
def test_books_that_are_missing_or_count_other_videos_are_refused(tmp_path, stage):
    books = dict(whole().books)
    refused(tmp_path, replace(whole(), books={**books, stage: Books(7, 7)}), f"{stage} count 7 videos")
    books.pop(stage)
    refused(tmp_path, replace(whole(), books=books), f"the books of {stage} are missing")


def test_a_reason_that_does_not_exist_is_refused(tmp_path):
    of = replace(whole(), books={**whole().books, "describe": Books(6, 4, {"no_media": 1, "bad_luck": 1})})
    refused(tmp_path, of, r"the books of describe give reasons that do not exist: \['bad_luck'\]")


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_withdrawn_video_is_in_no_table_and_only_the_rest_says_which_models_answered(tmp_path, gone):
    ids = whole(3).videos["video_id"].to_list()
    release.write(tmp_path / "r", whole(3), shared("team"), {}, withdrawn=ids[:gone])
    for file in (tmp_path / "r").glob("*.parquet"):
        assert not set(pl.read_parquet(file)["video_id"]) & set(ids[:gone]), file
    books = json.loads((tmp_path / "r" / "books.json").read_text("utf-8"))
    assert (books["videos"], books["withdrawn"], books["released"]) == (3, gone, 3 - gone)
    models = json.loads((tmp_path / "r" / "provenance.json").read_text("utf-8"))["models"]
    assert models == {
        "descriptions": ["see-1"][: 3 - gone],
        "annotations": ["judge-1"][: 3 - gone],
        "prompt_injection": ["judge-1"][: 3 - gone],
    }


def test_a_late_voter_of_another_model_is_noticed_though_a_video_has_fewer_votes(tmp_path):
    of = study_of(6)
    few, other, *_ = of.annotations.filter(status="ok")["video_id"]
    voters = (
        pl.when(video_id=few)
        .then(pl.lit(["judge-1"]))
        .when(video_id=other)
        .then(pl.lit(["judge-1", "judge-2"]))
        .otherwise("voters")
    )
    mixed = replace(of, annotations=of.annotations.with_columns(voters=voters))
    refused(tmp_path, mixed, "the table annotations was answered by more than one model: judge-1, judge-2")


def test_what_is_given_as_provenance_does_not_replace_form_and_models(tmp_path):
    release.write(
        tmp_path / "r", whole(), shared("controlled"), {"form": "team", "models": {}, "gettok": "1"}
    )
    origin = json.loads((tmp_path / "r" / "provenance.json").read_text("utf-8"))
    assert (origin["form"], origin["gettok"]) == ("controlled", "1")
    assert origin["models"]["annotations"] == ["judge-1"]


BLANKS = ("", " ", "\xa0", "\u2003", "\u200b", "\u200f", "\u2060", "\ufeff", "\xad", " \u200b\ufeff ", "\n")


@pytest.mark.parametrize("sign", list("=+-@＝＋－＠"))
@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_formula_after_any_blank_gets_an_apostrophe(tmp_path, blank, sign):
    write_csv(pl.DataFrame({"text": [f"{blank}{sign}1", f"a{blank}{sign}1"]}), tmp_path / "cells.csv")
    lines = (tmp_path / "cells.csv").read_text("utf-8")
    assert lines == f'"text"\n"\'{blank}{sign}1"\n"a{blank}{sign}1"\n'


@pytest.mark.parametrize("control", ["\0", "\x08", "\x0b", "\x1f", "\x7f", "\x80", "\x9f"], ids=ascii)
def test_each_control_character_is_left_out_before_a_formula_is_looked_for(tmp_path, control):
    write_csv(pl.DataFrame({"text": [f"{control}=1{control}2"]}), tmp_path / "cells.csv")
    assert (tmp_path / "cells.csv").read_text("utf-8") == '"text"\n"\'=12"\n'


def test_the_csv_has_breaks_tabs_lists_times_and_missing_values_as_its_note_says(tmp_path):
    times = pl.Series(["2022-12-07T01:02:03"]).str.to_datetime(time_unit="us", time_zone="UTC")
    row = {"text": ["a\r\nb\rc\nd\te"], "tags": [["=x", "y"]], "time": times, "none": [None], "empty": [""]}
    frame = pl.DataFrame(row, schema_overrides={"none": pl.String})
    write_csv(frame, tmp_path / "cells.csv")
    assert (tmp_path / "cells.csv").read_bytes().decode() == (
        '"text","tags","time","none","empty"\n"a\nb\nc\nd e","\'=x|y","2022-12-07T01:02:03Z",,""\n'
    )
