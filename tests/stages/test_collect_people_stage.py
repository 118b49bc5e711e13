"""Collecting as a program: the people around the videos, where the settings ask for them."""

import json
from datetime import date
from pathlib import Path

import pytest
from workspace import Workspace

from gettok.books import Books
from gettok.research_api import QuotaExhausted
from gettok.tables import COMMENTS, PAGES, USERS, VIDEOS
from sandbox import bulk
from sandbox.profiles import Profile
from sandbox.server import Sandbox
from stages.collect import run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """420 videos over 40 days."""
    folder = tmp_path_factory.mktemp("corpus")
    bulk.write(folder, videos=420, seed="stage", start=date(2022, 12, 1), days=40)
    return folder


def tables(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def asked(sandbox: Sandbox, path: str) -> list[str]:
    return [entry["subject"] for entry in sandbox.requests() if path in entry["path"]]


def test_comments_and_authors_come_with_the_videos_where_they_are_wanted(corpus, tmp_path):
    rows = [row["api"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]
    gone, refused = (frozenset({row["username"]}) for row in rows[:2])
    profile = Profile(gone_users=gone, refused_users=refused)
    with Sandbox(corpus=corpus, profile=profile) as sandbox:
        study = (
            "study.start='2022-12-01'",
            "study.end='2022-12-02'",
            "collect=with_comments_and_users",
            "collect.comments.per_video=5",
        )
        workspace = Workspace.make(tmp_path, sandbox.base, *study)
        workspace.run("collect", "tabulate")
        videos = VIDEOS.read(workspace.data / "videos")
        comments = COMMENTS.read(workspace.data / "comments")
        assert set(comments["video_id"]) <= set(videos["video_id"])
        assert comments.group_by("video_id").len()["len"].max() == 5
        users = USERS.read(workspace.data / "users.parquet")
        assert set(users["username"]) == set(videos["username"])
        assert {"user_gone", "user_refused", None} == set(users["reason"])
        requests, first = len(sandbox.requests()), tables(workspace.data)
        workspace.run("collect", "tabulate")
        assert len(sandbox.requests()) == requests, "refusals are answers, and are stored"
        assert tables(workspace.data) == first


def test_an_endpoint_that_is_denied_is_reported_and_costs_neither_videos_nor_the_other_endpoint(
    corpus, tmp_path
):
    profile = Profile(denied=frozenset({"/v2/research/video/comment/list/"}))
    with Sandbox(corpus=corpus, profile=profile) as sandbox:
        study = ("study.start='2022-12-01'", "study.end='2022-12-01'", "collect=with_comments_and_users")
        workspace = Workspace.make(tmp_path, sandbox.base, *study)
        output = workspace.run("collect", "tabulate")
        videos = VIDEOS.read(workspace.data / "videos").height
        assert f"comments are missing or incomplete for some of {videos}: denied {videos}" in output
        assert workspace.books("comments") == {"asked": videos, "ok": 0, "unusable": {"denied": videos}}
        assert len(asked(sandbox, "comment/list")) == 1
        assert USERS.read(workspace.data / "users.parquet").height > 0


def test_f01_questions_about_people_that_always_fail_are_given_up_with_a_reason_in_the_books(collecting):
    wanted = ("collect=with_comments_and_users", "collect.patience_days=2")
    failing = [{"do": "500", "match": path, "times": 6} for path in ("comment/list", "user/info")]
    with collecting(*wanted, script=failing) as (sandbox, stage):
        with pytest.raises(QuotaExhausted, match="for the comments or the author of 2 videos") as error:
            run(stage)
        assert "after 2 such days" in error.value.did
        assert not Path("data/pages").exists(), "half-done must not look done"
        questions = len(asked(sandbox, "/v2/research/"))
        with pytest.raises(QuotaExhausted):
            run(stage)
        assert len(asked(sandbox, "/v2/research/")) == questions, "not twice on one day"
        sandbox.clock.advance(86_400)
        sandbox.play(failing)
        for _ in range(2):
            run(stage)
            for what in ("comments", "users"):
                books = Books.read(Path(f"data/books/{what}.json"))
                assert books == Books(books.asked, books.asked - 1, {"failing": 1})
        names = set(PAGES.read(Path("data/pages/users"))["subject"])
        assert len(names) == books.ok > 0, "all others are there"
        answered = [
            entry for entry in sandbox.requests() if "user/info" in entry["path"] and entry["status"] == 200
        ]
        assert len(answered) == books.ok, "and was asked about once"


def test_a_part_of_the_quota_that_is_used_up_keeps_what_was_asked_until_tomorrow(corpus, tmp_path):
    with Sandbox(corpus=corpus) as sandbox:
        study = ("study.start='2022-12-01'", "study.end='2022-12-01'", "collect=with_comments_and_users")
        workspace = Workspace.make(tmp_path, sandbox.base, *study, "collect.users.requests_per_day=6")
        code, output = workspace.outcome("collect")
        assert code == 75
        assert "6 requests of user/info are used" in output
        sandbox.clock.advance(86_400)
        workspace.run("collect", "tabulate")
        names = asked(sandbox, "user/info")
        assert len(names) == len(set(names)) > 6
