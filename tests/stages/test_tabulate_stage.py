"""The stage `tabulate` as a program: what it writes, says and keeps in its books, and what it refuses."""

import json
from datetime import date
from pathlib import Path

import pytest
from tabulated import ID, answer, page, page_file, tabulate, video
from workspace import Workspace

from gettok.collect.tombstones import RefreshLists, sha256
from gettok.tables import COMMENTS, COUNTS, FIELDS, REJECTS, USERS, VIDEOS

OUTPUTS = ("videos", "counts", "comments", "users.parquet", "rejects.parquet", "fields.parquet")
PAGES = (
    page(video(foo=1), video(id=2, foo=1, **{"a\x1b[31m\nb": 1})),
    page(video(id=3, create_time=1), {"id": 4}, {}, "x"),
    answer("<html>"),
    page(video(id=5, create_time=1670500000, view_count="many")),
)
COMMENT = {"id": 9, "video_id": ID, "parent_comment_id": ID, "text": "sí"}


@pytest.fixture
def workspace(tmp_path):
    made = Workspace.make(tmp_path, "http://127.0.0.1:9", "study=peru_2022")
    pages = made.data / "pages"
    page_file(pages / "videos" / "a.0000.parquet", *PAGES[:3])
    page_file(pages / "videos" / "b.0000.parquet", *PAGES[3:])
    page_file(pages / "comments" / "a.0000.parquet", answer(json.dumps({"data": {"comments": [COMMENT]}})))
    page_file(pages / "users" / "a.0000.parquet", answer('{"data": {"display_name": "Á"}}', username="a"))
    return made


def test_every_table_is_written_and_the_books_account_for_every_row(workspace):
    output = workspace.run("tabulate")
    data = workspace.data
    assert [file.stem for file in sorted((data / "videos").iterdir())] == ["2022-12-07", "2022-12-08"]
    assert VIDEOS.read(data / "videos")["video_id"].to_list() == ["2", str(ID), "5"]
    assert COUNTS.read(data / "counts").height == 3
    assert COMMENTS.read(data / "comments").select("comment_id", "video_id").rows() == [("9", str(ID))]
    assert [file.name for file in (data / "comments").iterdir()] == ["2022-12-07.parquet"]
    assert USERS.read(data / "users.parquet")["username"].to_list() == ["a"]
    reasons = sorted(REJECTS.read(data / "rejects.parquet")["reason"])
    assert reasons == ["no_id", "no_page", "no_time", "not_an_object", "retyped"]
    assert FIELDS.read(data / "fields.parquet").filter(field="foo")["rows"].to_list() == [2]
    lost = {"no_id": 1, "no_page": 1, "no_time": 1, "not_an_object": 1, "outside_study": 1}
    assert workspace.books("tabulate") == {"asked": 8, "ok": 3, "unusable": lost}
    assert r"tabulate: 2 unknown fields of videos: foo (2 rows), 'a\x1b[31m\nb' (1 row)" in output
    assert "tabulate: 3 of 8 ok; no_id 1, no_page 1, no_time 1, not_an_object 1, outside_study 1" in output
    assert not [file for file in data.iterdir() if file.name.startswith(".")]


def test_of_a_user_who_is_gone_no_table_has_the_name_and_the_videos_stay(workspace):
    found = page(video(id=6, username="a"), video(id=7, username="b"))
    page_file(workspace.data / "pages" / "videos" / "c.0000.parquet", found)
    round_ = {"round": "2023-03-30T00:00:00Z", "source": "tiktok", "method": "ids"}
    counts = {"asked": "1", "confirmed": "0", "missing": "1"}
    RefreshLists(workspace.folder / "inputs" / "refresh", "user").add({**round_, **counts}, [sha256("a")])
    workspace.run("tabulate")
    videos = VIDEOS.read(workspace.data / "videos")
    names = dict(videos.select("video_id", "username").rows())
    assert names == {"6": None, "7": "b", **dict.fromkeys(["2", "5", str(ID)])}
    assert USERS.read(workspace.data / "users.parquet").height == 0


def test_the_stage_s_tables_are_those_of_the_library_and_the_same_bytes_each_time(workspace):
    workspace.run("tabulate")
    found = tabulate(PAGES)
    assert VIDEOS.read(workspace.data / "videos").equals(found.videos)
    first = bytes_of(workspace.data)
    workspace.run("tabulate")
    assert bytes_of(workspace.data) == first


def test_a_new_day_leaves_the_files_of_the_other_days_as_they_were(workspace):
    workspace.run("tabulate")
    first = bytes_of(workspace.data)
    page_file(
        workspace.data / "pages" / "videos" / "c.0000.parquet", page(video(id=6, create_time=1671000000))
    )
    workspace.run("tabulate")
    again = bytes_of(workspace.data)
    days = {name for name in again if name.startswith(("videos/", "counts/"))}
    assert days - first.keys() == {"videos/2022-12-14.parquet", "counts/2022-12-14.parquet"}
    assert all(again[name] == first[name] for name in days & first.keys())


def test_a_damaged_file_of_pages_stops_the_stage_and_is_named(workspace):
    (workspace.data / "pages" / "videos" / "b.0000.parquet").write_bytes(b"PAR1 not really")
    code, output = workspace.outcome("tabulate")
    assert code == 66
    assert "b.0000.parquet" in output
    assert "Traceback" not in output
    assert not (workspace.data / "videos").exists()
    assert not [file for file in workspace.data.iterdir() if file.name.startswith(".")]


def test_no_page_at_all_gives_empty_tables(tmp_path):
    made = Workspace.make(tmp_path, "http://127.0.0.1:9", "study=peru_2022")
    for folder in ("videos", "comments", "users"):
        (made.data / "pages" / folder).mkdir(parents=True)
    made.run("tabulate")
    assert made.books("tabulate") == {"asked": 0, "ok": 0, "unusable": {}}
    for name, table in zip(OUTPUTS, (VIDEOS, COUNTS, COMMENTS, USERS, REJECTS, FIELDS), strict=True):
        rows = table.read(made.data / name)
        assert rows.schema == table.schema
        assert rows.height == 0 or name == "fields.parquet"


def bytes_of(data: Path) -> dict[str, bytes]:
    files = [
        file
        for name in OUTPUTS
        for file in ([data / name] if "." in name else sorted((data / name).iterdir()))
    ]
    return {file.relative_to(data).as_posix(): file.read_bytes() for file in files}


def test_the_days_of_the_study_are_those_of_the_settings(workspace):
    workspace.compose("study=peru_2022", f"study.start='{date(2022, 12, 8)}'")
    workspace.run("tabulate")
    assert VIDEOS.read(workspace.data / "videos")["video_id"].to_list() == ["5"]
