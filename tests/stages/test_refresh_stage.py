"""`gettok refresh` about comments and users, and what becomes of their tables."""

import csv
import threading
from pathlib import Path

import polars as pl
import pytest
import requests

from gettok.cli.refresh import refresh
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.errors import BadInput
from gettok.pipeline.runner import Stage
from gettok.settings import load
from gettok.tables import COMMENTS, PAGES, REJECTS, USERS, VIDEOS
from stages import collect, tabulate

WANTED = ("collect=with_comments_and_users", "collect.comments.per_video=5")
DAY_S = 86_400


def collected(stage: Stage) -> None:
    collect.run(stage)
    tabulate.run(Stage("tabulate", stage.settings, stage.store, stage.engine, stage.stop))


def refreshed(stage: Stage) -> list[str]:
    return list(refresh(load(Path("params.yaml")), stage.store, None, threading.Event()))


def switch(sandbox, **switches) -> None:
    url = f"{sandbox.base}/__sandbox__/switches"
    requests.post(url, json=switches, timeout=9).raise_for_status()


def on_list(name: str) -> list[dict[str, str]]:
    with Path("inputs", "refresh", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    folder = Path("data")
    return (
        VIDEOS.read(folder / "videos"),
        COMMENTS.read(folder / "comments"),
        USERS.read(folder / "users.parquet"),
    )


def test_f56_what_is_no_longer_there_vanishes_from_all_tables(collecting):
    with collecting(*WANTED) as (sandbox, stage):
        collected(stage)
        videos, comments, users = tables()
        video = comments["video_id"][0]
        (author, *_), comment = (
            users.filter(pl.col("status") == "ok")["username"].to_list(),
            comments.filter(pl.col("video_id") != video)["comment_id"][0],
        )
        switch(sandbox, hidden=[video], gone_comments=[comment], gone_users=[author])
        sandbox.clock.advance(16 * DAY_S)
        said = "\n".join(refreshed(stage))
        assert "both searches missed 1" in said
        assert [row["video_sha256"] for row in on_list("tombstones.csv")] == [sha256(video)]
        assert [row["user_sha256"] for row in on_list("user_tombstones.csv")] == [sha256(author)]
        below = comments.filter(pl.col("video_id") == video)["comment_id"].to_list()
        assert {row["comment_sha256"] for row in on_list("comment_tombstones.csv")} == {
            sha256(name) for name in (comment, *below)
        }
        collected(stage)
        videos_left, comments_left, users_left = tables()
        assert set(videos["video_id"]) - set(videos_left["video_id"]) == {video}
        assert set(comments["comment_id"]) - set(comments_left["comment_id"]) == {comment, *below}
        without_video = set(videos["username"]) - set(videos_left["username"]) - {None}
        assert set(users["username"]) - set(users_left["username"]) == {author} | without_video
        rejects = REJECTS.read(Path("data/rejects.parquet"))
        assert rejects.filter(pl.col("row").str.contains_any([video, comment])).height == 0


def test_comments_on_a_video_that_is_gone_go_with_it_into_no_list_of_rejects(collecting):
    with collecting(*WANTED) as (_, stage):
        collected(stage)
        comments = tables()[1]
        video = comments["video_id"][0]
        line = {"round": "2023-03-31T12:00:00Z", "source": "sandbox", "method": "ids"}
        counts = {"asked": "1", "confirmed": "0", "missing": "1"}
        RefreshLists(Path("inputs/refresh")).add(line | counts, [sha256(video)])
        collected(stage)
        assert tables()[1].equals(comments.filter(pl.col("video_id") != video))
        assert (
            REJECTS.read(Path("data/rejects.parquet")).filter(pl.col("row").str.contains(video)).height == 0
        )


def test_profiles_are_read_anew_and_nothing_is_due_until_its_time_has_come(collecting):
    with collecting(*WANTED) as (sandbox, stage):
        collected(stage)
        before = tables()[2]
        assert all(line.startswith("none of ") for line in refreshed(stage))
        sandbox.clock.advance(16 * DAY_S)
        refreshed(stage)
        (comment_round,), (user_round,) = on_list("comment_refreshes.csv"), on_list("user_refreshes.csv")
        assert (comment_round["method"], user_round["method"]) == ("compliance", "ids")
        assert int(user_round["asked"]) == before.filter(pl.col("status") == "ok").height
        asked = len(sandbox.requests())
        collected(stage)
        after = tables()[2]
        assert after["username"].equals(before["username"])
        ok = after.filter(pl.col("status") == "ok")
        assert (ok["observed_at"] > before["observed_at"].max()).all()
        assert len(sandbox.requests()) == asked, "the round's profiles are in the store"
        assert all(line.startswith("none of ") for line in refreshed(stage))


def test_a_round_about_people_of_another_study_adds_nothing_to_this_one(collecting):
    with collecting(*WANTED) as (sandbox, stage):
        collected(stage)
        sandbox.clock.advance(16 * DAY_S)
        refreshed(stage)
        settings = stage.settings.model_copy(
            update={"study": stage.settings.study.model_copy(update={"end": stage.settings.study.start})}
        )
        narrow = Stage("collect", settings, stage.store, stage.engine, stage.stop)
        collected(narrow)
        names = set(tables()[0]["username"])
        assert set(PAGES.read(Path("data/pages/users"))["subject"]) == names


@pytest.mark.parametrize("name", ["comment_tombstones.csv", "user_refreshes.csv"])
def test_a_broken_list_of_people_ends_a_refresh_before_anything_is_asked(collecting, name):
    with collecting(*WANTED) as (sandbox, stage):
        collected(stage)
        sandbox.clock.advance(16 * DAY_S)
        Path("inputs/refresh").mkdir(parents=True)
        Path("inputs", "refresh", name).write_text("<<<<<<< HEAD", "utf-8")
        asked = len(sandbox.requests())
        with pytest.raises(BadInput, match=name):
            refreshed(stage)
        assert len(sandbox.requests()) == asked
