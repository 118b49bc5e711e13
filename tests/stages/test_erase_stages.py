"""Erased videos, comments and users are on no page and in no table, of whichever source."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from decoded import texts

from gettok.collect.erased import user_digest
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.pipeline.runner import Stage
from gettok.tables import COMMENTS, IDS, PAGES, REJECTS, USERS, VIDEOS
from sandbox.videos import CORPUS
from stages import collect, tabulate

WANTED = ("collect=with_comments_and_users", "collect.comments.per_video=5")
LISTED = ("source=ids", "source.api='sandbox:'", "source.name=sandbox")
CAPTURED = ("source=zeeschuimer",)
TODAY = date(2026, 12, 1)
DATA = Path("data")
ROUND = {
    "round": "2023-03-31T12:00:00Z",
    "source": "sandbox",
    "method": "ids",
    "asked": "1",
    "confirmed": "0",
    "missing": "1",
}


def run(stage: Stage) -> None:
    collect.run(stage)
    tabulate.run(Stage("tabulate", stage.settings, stage.store, stage.engine, stage.stop))


def erase(subject: str, *digests: str) -> None:
    RefreshLists(Path("inputs/refresh"), subject).erase(digests, TODAY)


def books() -> dict[str, int]:
    return json.loads((DATA / "books" / "tabulate.json").read_text("utf-8"))


def everything() -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(DATA.rglob("*")) if file.is_file()}


def found() -> str:
    """All that a reader finds below `data/`, in pages and rejects too."""
    return "\n".join(text for _, text in texts(DATA))


def test_f56_a_video_goes_from_pages_and_tables_with_its_comments_and_is_counted(collecting):
    with collecting(*WANTED) as (sandbox, stage):
        run(stage)
        before, comments, first = everything(), COMMENTS.read(DATA / "comments"), books()
        video = comments["video_id"][0]
        below = comments.filter(video_id=video)["comment_id"].to_list()
        asked = len(sandbox.requests())
        erase("video", sha256(video))
        run(stage)
        everywhere = found()
        assert [name for name in (video, *below) if name in everywhere] == []
        assert set(comments["comment_id"]) - set(COMMENTS.read(DATA / "comments")["comment_id"]) == set(below)
        assert books() == {"asked": first["asked"], "ok": first["ok"] - 1, "unusable": {"erased": 1}}
        assert PAGES.read(DATA / "pages" / "videos").height > 0
        Path("inputs/refresh/tombstones.csv").unlink()
        run(stage)
        assert everything() == before
        assert len(sandbox.requests()) == asked, "nothing is asked for again"


def test_pages_of_an_earlier_run_are_not_read_for_what_is_erased_since(collecting):
    with collecting(*WANTED) as (_, stage):
        run(stage)
        video, name = VIDEOS.read(DATA / "videos")["video_id", "username"].rows()[0]
        erase("user", user_digest(name))
        tabulate.run(Stage("tabulate", stage.settings, stage.store, stage.engine, stage.stop))
        left = VIDEOS.read(DATA / "videos")
        assert video not in left["video_id"].to_list()
        assert name not in left["username"].to_list()
        assert video not in COMMENTS.read(DATA / "comments")["video_id"].to_list()
        rejects = REJECTS.read(DATA / "rejects.parquet")
        assert rejects.filter(pl.col("detail").str.contains(video)).height == 0
        assert books()["unusable"]["erased"] >= 1


def test_f56_a_user_goes_with_videos_profile_and_mentions(collecting):
    with collecting(*WANTED) as (_, stage):
        run(stage)
        videos = VIDEOS.read(DATA / "videos")
        tagged = videos["mentions"].explode().drop_nulls()[0]
        name = videos.filter(pl.col("mentions").is_null())["username"][0]
        erase("user", user_digest(name.upper()), user_digest(tagged))
        run(stage)
        left = VIDEOS.read(DATA / "videos")
        assert set(videos["video_id"]) - set(left["video_id"]) == set(
            videos.filter(username=name)["video_id"]
        )
        assert name not in set(USERS.read(DATA / "users.parquet")["username"])
        assert tagged not in left["mentions"].explode().to_list()
        pages = PAGES.read(DATA / "pages" / "videos")
        assert pages.filter(pl.col("answer").str.contains(rf"username\W+{name}\W")).height == 0
        assert books()["unusable"]["erased"] == videos.filter(username=name).height


def test_f56_a_comment_goes_from_pages_and_the_table(collecting):
    with collecting(*WANTED) as (_, stage):
        run(stage)
        comments = COMMENTS.read(DATA / "comments")
        name = comments["comment_id"][0]
        erase("comment", sha256(name))
        run(stage)
        assert set(comments["comment_id"]) - set(COMMENTS.read(DATA / "comments")["comment_id"]) == {name}
        assert name not in found()


def test_a_video_that_was_erased_before_it_was_ever_seen_stays_out(collecting):
    rows = [row["api"] for row in json.loads((CORPUS / "videos.json").read_text("utf-8"))]
    with collecting() as (_, stage):
        for row in rows:
            erase("video", sha256(row["id"]))
        run(stage)
        assert VIDEOS.read(DATA / "videos").height == 0
        assert books()["ok"] == 0
        assert books()["asked"] == books()["unusable"]["erased"] > 0


def test_a_list_of_ids_keeps_the_line_of_an_erased_video_and_not_its_text(collecting):
    rows = [row["api"] for row in json.loads((CORPUS / "videos.json").read_text("utf-8"))]
    inside = [row for row in rows if 1670284800 < row["create_time"] < 1670630400]
    one, by, other = (
        inside[0],
        next(row for row in inside if row["username"] != inside[0]["username"]),
        inside[-1],
    )
    never = "https://www.tiktok.com/@canary/video/7000000000000000001"
    assert len({row["username"] for row in (one, by, other)}) == 3
    with collecting(*LISTED) as (sandbox, stage):
        Path("inputs/collect").mkdir(parents=True)
        lines = [one["id"], one["id"], by["id"], other["id"], never, "@canary"]
        Path("inputs/collect/ids.csv").write_text("\n".join(lines), "utf-8")
        run(stage)
        asked = len(sandbox.requests())
        erase("video", sha256(one["id"]))
        erase("user", user_digest(by["username"]), user_digest("canary"))
        run(stage)
        assert len(sandbox.requests()) == asked
        table = IDS.read(DATA / "ids.parquet")
        assert table["state"].to_list() == ["erased"] * 3 + ["found"] + ["erased"] * 2
        assert (
            table["text"].to_list() == table["video_id"].to_list() == [None] * 3 + [other["id"]] + [None] * 2
        )
        assert table["is_repeated"].to_list() == [False, True, False, False, False, False]
        everywhere = found()
        assert [name for name in (one["id"], by["id"], by["username"], "canary") if name in everywhere] == []
        assert VIDEOS.read(DATA / "videos")["video_id"].to_list() == [other["id"]]


def test_a_capture_loses_the_video_too(collecting):
    with collecting(*CAPTURED) as (_, stage):
        Path("inputs/collect").mkdir(parents=True)
        Path("inputs/collect/zeeschuimer.ndjson").write_text("\n".join(map(captured, range(3))), "utf-8")
        run(stage)
        assert VIDEOS.read(DATA / "videos").height == 3
        erase("video", sha256("7174287783150740680"))
        erase("user", user_digest("User2"))
        run(stage)
        assert VIDEOS.read(DATA / "videos")["video_id"].to_list() == ["7174287783150740681"]
        everywhere = found()
        assert [text for text in ("canary 0", "canary 2", "7174287783150740680") if text in everywhere] == []
        assert "canary 1" in everywhere
        assert books() == {"asked": 3, "ok": 1, "unusable": {"erased": 2}}


def captured(number: int) -> str:
    video = {
        "id": str(7174287783150740680 + number),
        "createTime": 1670400000 + number,
        "desc": f"canary {number}",
        "author": {"uniqueId": f"user{number}"},
    }
    about = {"source_platform": "tiktok.com", "timestamp_collected": 1670500000000}
    return json.dumps({**about, "data": video})


def test_f56_what_a_refresh_found_gone_is_on_no_page_and_comes_back_when_it_is_off_the_list(collecting):
    """Pages are shared, and TikTok's terms ask to delete what was deleted there."""
    with collecting(*WANTED) as (sandbox, stage):
        run(stage)
        before, comments, first = everything(), COMMENTS.read(DATA / "comments"), books()
        video = comments["video_id"][0]
        below = comments.filter(video_id=video)["comment_id"].to_list()
        comment = comments.filter(pl.col("video_id") != video)["comment_id"][0]
        asked = len(sandbox.requests())
        for subject, name in (("video", video), ("comment", comment)):
            RefreshLists(Path("inputs/refresh"), subject).add(ROUND, [sha256(name)])
        run(stage)
        everywhere = found()
        assert [name for name in (video, comment, *below) if name in everywhere] == []
        left = set(COMMENTS.read(DATA / "comments")["comment_id"])
        assert set(comments["comment_id"]) - left == {comment, *below}
        assert books() == {"asked": first["asked"], "ok": first["ok"] - 1, "unusable": {"gone": 1}}
        for file in Path("inputs/refresh").iterdir():
            file.unlink()
        run(stage)
        assert everything() == before
        assert len(sandbox.requests()) == asked, "nothing is asked for again"


@pytest.mark.parametrize("method", ["compliance", "erasure"])
def test_a_tombstone_of_a_refresh_counts_as_gone_and_of_an_erasure_as_erased(collecting, method):
    with collecting() as (_, stage):
        run(stage)
        video = VIDEOS.read(DATA / "videos")["video_id"][0]
        if method == "erasure":
            erase("video", sha256(video))
        else:
            RefreshLists(Path("inputs/refresh")).add(ROUND | {"method": method}, [sha256(video)])
        run(stage)
        assert books()["unusable"] == {"erased" if method == "erasure" else "gone": 1}
