"""`gettok follow`: each day's videos are fetched as soon as the day is collected."""

import json
from datetime import UTC, date, datetime

import pytest
from workspace import Workspace

from gettok.collect.tombstones import RefreshLists, sha256
from sandbox.bulk import write
from sandbox.server import Sandbox
from sandbox.videos import CORPUS

DAYS = ("study.start='2022-12-06'", "study.end='2022-12-10'")


@pytest.fixture
def workspace(tmp_path):
    def make(sandbox: Sandbox, *overrides: str) -> Workspace:
        return Workspace.make(tmp_path, sandbox.base, *DAYS, *overrides)

    return make


def queries(sandbox: Sandbox) -> list[str]:
    """The searches for the study's days, by their days; the canary's go further back."""
    asked = [entry["subject"] for entry in sandbox.requests() if "video/query" in entry["path"]]
    return [subject for subject in asked if subject.startswith("202212")]


def visits(sandbox: Sandbox) -> list[str]:
    """The videos whose pages were asked for."""
    return [entry["subject"] for entry in sandbox.requests() if "/www.tiktok.com/" in entry["path"]]


def test_a_day_s_videos_are_fetched_before_the_next_day_is_asked_for(workspace):
    with Sandbox() as sandbox:
        at = workspace(sandbox)
        code, output, err = at.gettok("follow")
        assert code == 0, err
        assert "5 of 5 days are collected" in output
        asked = [subject[:8] for subject in queries(sandbox)]
        log = [entry["subject"] for entry in sandbox.requests()]
        seen = visits(sandbox)
    assert asked == ["20221206", "20221207", "20221208", "20221209", "20221210"]
    last = next(place for place, subject in enumerate(log) if subject.startswith("20221210"))
    waited = [video for video in seen if log.index(video) > last]
    assert len(waited) < len(set(seen)) / 2, "videos wait for the end of the collection"


def test_an_erased_video_is_not_fetched(workspace):
    video = min(
        row["api"]["id"] for row in json.loads((CORPUS / "videos.json").read_text("utf-8")) if in_days(row)
    )
    with Sandbox() as sandbox:
        at = workspace(sandbox)
        RefreshLists(at.folder / "inputs" / "refresh").erase([sha256(video)], date(2026, 12, 1))
        assert at.gettok("follow")[0] == 0
        seen = set(visits(sandbox))
    assert video not in seen
    assert len(seen) > 5


def in_days(row: dict) -> bool:
    published = datetime.fromtimestamp(row["api"]["create_time"], UTC).date()
    return date(2022, 12, 6) <= published <= date(2022, 12, 10)


@pytest.mark.slow
def test_the_stages_find_all_of_it_in_the_store_and_so_does_a_second_call(workspace):
    with Sandbox() as sandbox:
        at = workspace(sandbox)
        assert at.gettok("follow")[0] == 0
        pages, searches = sorted(visits(sandbox)), queries(sandbox)
        output = at.run("collect", "tabulate", "download")
        assert at.gettok("follow")[0] == 0
        assert queries(sandbox) == searches
        books = at.books("download")
        assert sorted(visits(sandbox)) == pages, output
    assert len(set(pages)) == books["asked"] > 5


def test_a_day_that_is_new_is_the_only_one_that_is_asked_for(workspace):
    with Sandbox() as sandbox:
        at = workspace(sandbox)
        assert at.gettok("follow")[0] == 0
        before, seen = len(queries(sandbox)), visits(sandbox)
        at.compose(DAYS[0], "study.end='2022-12-12'")
        assert at.gettok("follow")[0] == 0
        days = {subject[:8] for subject in queries(sandbox)[before:]}
        assert days == {"20221211", "20221212"}
        new = visits(sandbox)[len(seen) :]
    assert new
    assert not set(seen) & set(new)


def test_f15_where_the_quota_ends_what_is_collected_is_fetched_and_the_next_day_goes_on(workspace, tmp_path):
    write(tmp_path / "corpus", videos=260, seed="follow", start=date(2022, 12, 6), days=2)
    one_day = (
        "study.query.any.keywords=[Castillo]",
        "study.query.any.hashtags=[]",
        "study.query.all.regions=[]",
    )
    script = [{"do": "429_quota", "match": "video/query", "nth": 2}]
    with Sandbox(corpus=tmp_path / "corpus", script=script) as sandbox:
        at = workspace(sandbox, *one_day, "study.end='2022-12-07'")
        code, _, err = at.gettok("follow")
        assert code == 75
        assert "after 2023-03-16 00:02 UTC" in err
        assert len(queries(sandbox)) == 2, "the day has a second page"
        assert len(set(visits(sandbox))) == 100, "what the first page shows may be gone tomorrow"
        sandbox.clock.advance(86_400)
        code, output, err = at.gettok("follow")
        assert code == 0, err
        assert "2 of 2 days are collected, with 260 videos" in output


CAPTCHAS = {"do": "captcha", "match": "/www.tiktok.com/", "times": None}


@pytest.mark.slow
def test_pages_that_cannot_be_read_do_not_end_the_collection(workspace):
    with Sandbox(script=[CAPTCHAS]) as sandbox:
        at = workspace(sandbox, "download.max_attempts=1", "download.pause_s=0")
        code, output, err = at.gettok("follow")
        assert (code, output) == (75, "")
        assert "the videos' pages cannot be read: 5 pages in a row could not be read" in err
        assert "5 of 5 days are collected" in err
        assert [subject[:8] for subject in queries(sandbox)] == [f"2022120{day}" for day in (6, 7, 8, 9)] + [
            "20221210"
        ]
        assert len(visits(sandbox)) < 10, "no further pages are asked for"
        sandbox.play([])
        code, output, err = at.gettok("follow")
        assert code == 0, err
        assert "5 of 5 days are collected" in output
        assert len(queries(sandbox)) == 5


def test_f15_a_quota_that_ends_after_the_pages_did_is_reported_beside_them(workspace):
    quota = {"do": "429_quota", "match": "video/query", "nth": 5}
    with Sandbox(script=[CAPTCHAS, quota]) as sandbox:
        at = workspace(sandbox, "download.max_attempts=1", "download.pause_s=0")
        code, _, err = at.gettok("follow")
        assert code == 75
        assert "the videos' pages cannot be read" in err
        assert "days are collected, and then: " in err
        assert "download.max_concurrency=1" in err


def test_a_list_of_ids_has_no_new_days_to_follow(workspace):
    with Sandbox() as sandbox:
        at = workspace(sandbox, "source=ids")
        code, _, err = at.gettok("follow")
        assert (code, "there are no new days to follow" in err) == (78, True)
        assert sandbox.requests() == []
