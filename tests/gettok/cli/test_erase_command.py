"""`gettok erase`: what it lists, what it says of the tables, and that it is never silent about what it did not find."""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import written_study
from small_study import study_of

from gettok.cli.app import app, main
from gettok.collect.erased import Erased, user_digest
from gettok.collect.tombstones import sha256
from gettok.deposit import Deposit, DepositList
from gettok.errors import BadInput
from gettok.pipeline.paths import DEPOSITS, REFRESH_LISTS
from gettok.tables import COMMENTS, USERS, VIDEOS

FIRST, SECOND, THIRD = (str(7213456789012345600 + number) for number in (1, 2, 3))
NEVER = "7213456789012345699"


@pytest.fixture
def erase(tmp_path, monkeypatch, capsys):
    """The command on three videos; returns what it printed."""
    monkeypatch.chdir(tmp_path)
    written_study.write(study_of(3))

    def call(*arguments: str) -> str:
        app(["erase", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return call


def lists() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(REFRESH_LISTS.glob("*"))}


def edit_videos(**columns: pl.Expr) -> None:
    for file in Path("data/videos").glob("*.parquet"):
        VIDEOS.write(VIDEOS.read(file).with_columns(**columns), file)


def test_a_video_is_listed_and_its_rows_are_counted_by_table(erase):
    said = erase(f"https://www.tiktok.com/@user.3/video/{THIRD}")
    assert Erased.of(REFRESH_LISTS) == Erased(videos=frozenset({sha256(THIRD)}))
    assert THIRD not in (REFRESH_LISTS / "tombstones.csv").read_text()
    assert "listed 1 video in inputs/refresh/tombstones.csv\n" in said
    assert re.search(
        r"rows that go with the next build: videos 1, media 1, .*transcripts 1, .*annotations \d", said
    )
    assert "next: `git add inputs && git commit" in said
    assert "the answer store, DVC's cache, remotes" in said


def test_a_dry_run_says_the_same_and_lists_nothing(erase):
    said = erase(THIRD, "@user.1", "--dry-run")
    assert lists() == {}
    assert "would list 2 videos in inputs/refresh/tombstones.csv\n" in said
    assert "would list 1 user in inputs/refresh/user_tombstones.csv\n" in said
    assert "rows that go with the next build: videos 2, " in said
    assert "next:" not in said


def test_erasing_again_changes_no_byte_and_says_so(erase):
    erase(THIRD)
    before = lists()
    said = erase(THIRD)
    assert lists() == before
    assert "listed 0 videos in inputs/refresh/tombstones.csv; 1 video on it already\n" in said


def test_a_user_is_listed_with_all_videos_whatever_the_capitals(erase):
    edit_videos(username=pl.when(pl.col("video_id") == SECOND).then(pl.lit("User.1")).otherwise("username"))
    said = erase("@USER.1")
    erased = Erased.of(REFRESH_LISTS)
    assert erased.videos == {sha256(FIRST), sha256(SECOND)}
    assert erased.users == {user_digest("user.1")}
    assert "videos 2" in said
    assert "the Research API does not say who wrote one" in said


def test_a_user_s_profile_is_counted(erase):
    USERS.write(
        [{"username": "User.1", "status": "ok"}, {"username": "b", "status": "ok"}],
        Path("data/users.parquet"),
    )
    assert "users 1" in erase("@user.1")


def test_videos_of_others_that_name_the_user_are_counted_and_stay(erase):
    caption = (
        pl.when(pl.col("video_id") == SECOND).then(pl.lit("con @User.1.")).otherwise(pl.lit("con @user.10"))
    )
    tagged = pl.when(pl.col("video_id") == THIRD).then(pl.lit(["user.1"]))
    edit_videos(description=caption, mentions=tagged)
    said = erase("@user.1")
    assert "2 videos of others name a user in the caption or the mentions: " in said
    assert f"{SECOND}, {THIRD}" in said
    assert Erased.of(REFRESH_LISTS).videos == {sha256(FIRST)}


def test_comments_go_by_their_ids_and_with_their_videos(erase):
    rows = [
        {"comment_id": name, "video_id": video}
        for name, video in (("17", FIRST), ("18", FIRST), ("19", THIRD))
    ]
    COMMENTS.write(rows, Path("data/comments/2022-12-07.parquet"))
    said = erase("--comment", "17", "--comment", "99", "--dry-run")
    assert "would list 2 comments in inputs/refresh/comment_tombstones.csv\n" in said
    assert "rows that go with the next build: comments 1\n" in said
    assert "the comment 99 is in no table; it is listed all the same" in said
    assert "comments 2" in erase(FIRST, "--comment", "17")


def test_what_no_table_has_is_said_and_listed(erase):
    said = erase(NEVER, "@nobody")
    assert (
        f"the video {NEVER} is in no table; it is listed all the same, and stays out if it is ever collected"
        in said
    )
    assert "the user @nobody is in no table; it is listed all the same" in said
    erased = Erased.of(REFRESH_LISTS)
    assert (erased.videos, erased.users) == ({sha256(NEVER)}, {user_digest("nobody")})


def test_without_tables_it_lists_and_says_that_nothing_was_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    app(["erase", NEVER], standalone_mode=False)
    assert "data/ has no table of videos, so nothing could be counted" in capsys.readouterr().out
    assert Erased.of(REFRESH_LISTS).videos == {sha256(NEVER)}


def test_a_person_s_files_that_name_it_are_printed(erase):
    labels = Path("inputs/labels/human_labels.csv")
    labels.parent.mkdir(parents=True)
    labels.write_text("video_id,label\n" + f"{THIRD},a\n" * 12 + f"{FIRST},a\n", "utf-8")
    said = erase(THIRD)
    assert "  inputs/labels/human_labels.csv, lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more\n" in said
    assert "  inputs/labels/human_labels.csv, line 14\n" in erase(FIRST)


@pytest.mark.parametrize("arguments", [("12",), ("ana",), (), ("--comment", "x"), ("--file", "missing.txt")])
def test_what_is_wrong_ends_with_a_code_and_lists_nothing(erase, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["erase", THIRD, *arguments] if arguments else ["erase"])
    assert ended.value.code == BadInput.exit_code
    assert "What we did: listed nothing" in capsys.readouterr().err
    assert lists() == {}


def test_a_damaged_list_stops_before_any_list_is_written(erase):
    REFRESH_LISTS.mkdir(parents=True)
    (REFRESH_LISTS / "user_tombstones.csv").write_text("<<<<<<< HEAD", "utf-8")
    before = lists()
    with pytest.raises(BadInput, match=r"user_tombstones\.csv"):
        erase(THIRD, "@user.1")
    assert lists() == before


def test_deposits_that_are_published_are_named_as_they_keep_what_they_have(erase):
    draft = Deposit(
        archive="zenodo",
        url="https://zenodo.org",
        id="1",
        page="https://zenodo.org/uploads/1",
        doi=None,
        study="small",
        version="1.0.0",
        form="public",
        release="a" * 64,
        state="draft",
        day="2026-12-01",
    )
    DepositList(DEPOSITS).add(draft)
    assert "cannot be called back" not in erase(THIRD)
    page = "https://zenodo.org/records/1"
    DepositList(DEPOSITS).add(replace(draft, state="published", page=page, doi="10.5281/zenodo.1"))
    assert f"cannot be called back: version 1.0.0 (public), published at {page}; " in erase(
        THIRD, "--dry-run"
    )
