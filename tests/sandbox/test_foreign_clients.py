"""Clients that work with the real API work with the sandbox, and show their known defects on it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from root import ROOT

from bench.candidates.collect.collected import video_ids
from sandbox.profiles import Profile
from sandbox.server import Sandbox

START, END = date(2022, 11, 20), date(2022, 12, 29)
STARTED_AT = 1668902400
A_DAY = 20
COUNT = 40 * A_DAY
SDK, LIBRARY = "sdk", "tiktok_library"
FOUR_HOURS = 4 * 3600
MANY = 1200
"""Comments below one video."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """800 videos, twenty a day for forty days, without media; some rows contain what clients are known to fail on."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for number in range(COUNT):
        created = STARTED_AT + number * 86400 // A_DAY
        api = {
            "id": str(((created - 40) << 32) + number),
            "create_time": created,
            "username": f"user_{number}",
            "region_code": "PE",
            "video_description": f"Castillo {number}",
            "hashtag_names": ["golpe", f"n{number % 7}"],
            "comment_count": number % 3,
        }
        rows.append({"api": api, "page": {"media": None}})
    rows[0]["api"]["username"] = "علي\u0000\u00004"
    rows[1]["api"] |= {"voice_to_text": "hola 👩‍🌾\nsegunda línea", "effect_ids": ["77"]}
    rows[2]["api"] |= {"comment_count": MANY}
    (folder / "videos.json").write_text(json.dumps(rows), "utf-8")
    return folder


@pytest.fixture(scope="module")
def truth(corpus):
    return {row["api"]["id"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))}


def rows(folder: Path, query: str) -> list[tuple]:
    """The result of a query of the library's database."""
    with closing(sqlite3.connect(folder / "tiktok.sqlite")) as database:
        return list(database.execute(query))


class ClientRun:
    """A client's run in its own process: how it ended, what it collected, and what it requested."""

    def __init__(self, client: str, folder: Path, sandbox: Sandbox, zone: str) -> None:
        days = ("--days", str(START), str(END))
        command = ["collect", client, str(folder), "--base", sandbox.base, *days]
        done = subprocess.run(
            [sys.executable, "-m", "bench.candidates.collect", *command],
            cwd=ROOT,
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        report = json.loads(done.stdout)
        self.ended, self.waited_s = report["ended"], report["waited_s"]
        self.folder = folder
        self.collected = video_ids(client, folder)
        entries = [entry for entry in sandbox.requests() if entry["path"].startswith("/v2/")]
        self.queries = [entry for entry in entries if "video/query" in entry["path"]]
        self.tokens = [entry for entry in entries if "oauth" in entry["path"]]

    @property
    def requested(self) -> list[str]:
        return [entry["subject"] for entry in self.queries]

    def rows(self, query: str) -> list[tuple]:
        return rows(self.folder, query)


@pytest.fixture
def run_client(corpus, tmp_path):
    def collect(client, **settings):
        with Sandbox(corpus=corpus, **settings) as sandbox:
            return ClientRun(client, tmp_path, sandbox, "UTC")

    return collect


@pytest.fixture(scope="module")
def library(corpus, tmp_path_factory):
    """The library's run on the clean sandbox, on a machine in Lima."""
    with Sandbox(corpus=corpus) as sandbox:
        return ClientRun(LIBRARY, tmp_path_factory.mktemp("library"), sandbox, "America/Lima")


PAGES_OF_THIRTY_DAYS = [
    *(f"20221120/20221219/{cursor}" for cursor in range(0, 600, 100)),
    "20221220/20221229/0",
    "20221220/20221229/100",
]


@pytest.mark.parametrize("client", [SDK, "bare_loop"])
def test_a_client_with_windows_of_thirty_days_finds_every_video_page_by_page(run_client, truth, client):
    run = run_client(client)
    assert (run.ended, run.collected) == ("returned", truth)
    assert run.requested == PAGES_OF_THIRTY_DAYS


def test_the_library_finds_every_video(library, truth):
    assert (library.ended, library.collected) == ("returned", truth)
    assert {entry["status"] for entry in library.queries} == {200}


def test_the_library_reads_a_day_twice_per_window_because_it_takes_the_end_as_exclusive(library):
    first_pages = [subject for subject in library.requested if subject.endswith("/0")]
    assert first_pages[:3] == ["20221120/20221127/0", "20221127/20221204/0", "20221204/20221211/0"]
    ((sightings,),) = library.rows("SELECT COUNT(*) FROM videos_to_crawls")
    assert sightings == COUNT + (len(first_pages) - 1) * A_DAY
    assert len(library.requested) == 11 > len(PAGES_OF_THIRTY_DAYS)


def test_the_library_handles_the_odd_values_in_rows(library):
    first, second = library.rows("SELECT username, voice_to_text FROM video ORDER BY id LIMIT 2")
    assert first[0] == "علي4", "it removes NUL bytes"
    assert second[1] == "hola 👩‍🌾\nsegunda línea"
    assert library.rows("SELECT effect_id FROM effect") == [("77",)]


def test_the_library_stores_times_in_the_machine_s_time_zone(library):
    ((first,),) = library.rows("SELECT MIN(create_time) FROM video")
    assert first.startswith("2022-11-19 19:00:00")


HARD = Profile(warmup_requests=2, drop_rate=0.3, lower_case_regions=True)


@pytest.mark.parametrize(("client", "pages"), [(SDK, 8), pytest.param(LIBRARY, 11, marks=pytest.mark.slow)])
def test_both_wait_for_a_fresh_search_id_and_page_past_rows_that_are_dropped(
    run_client, truth, client, pages
):
    run = run_client(client, profile=HARD)
    assert run.ended == "returned"
    statuses = [entry["status"] for entry in run.queries]
    assert statuses[:4] == [200, 400, 400, 200]
    assert statuses.count(200) == pages, "the cursor counts candidates"
    assert run.waited_s > 0
    available = run_client("bare_loop", profile=replace(HARD, warmup_requests=0)).collected
    assert run.collected == available < truth


@pytest.mark.parametrize(
    "fault",
    ["500", *(pytest.param(fault, marks=pytest.mark.slow) for fault in ("429_rate", "401", "search_lost"))],
)
def test_the_sdk_retries_any_error_sixty_times_and_leaves_the_rest_out_silently(run_client, fault):
    run = run_client(SDK, script=["ok", {"do": fault, "times": None}])
    assert (run.ended, len(run.collected)) == ("returned", 100)
    assert len(run.requested) == 1 + 60
    assert len(run.tokens) == 1, "it never renews its token"


def test_one_page_of_html_makes_the_sdk_lose_everything_collected_so_far(run_client):
    run = run_client(SDK, script=["ok", "ok", "ok", "504_html"])
    assert (run.ended, len(run.collected)) == ("JSONDecodeError", 0)
    assert len(run.requested) == 4


@pytest.mark.slow
def test_a_lasting_error_ends_a_window_of_the_library_as_if_it_were_complete(run_client):
    run = run_client(LIBRARY, script=["ok", *["500"] * 5])
    assert run.ended == "returned"
    assert len(run.collected) == COUNT - 60, "the second page of the first window is missing"
    assert run.requested[-1] == "20221225/20221229/0", "it goes on to the next window and reports nothing"


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "waits"), [("429_rate", 1), ("429_quota", 3)])
def test_the_library_waits_four_hours_after_either_429(run_client, truth, fault, waits):
    run = run_client(LIBRARY, script=["ok", fault])
    assert (run.ended, run.collected) == ("returned", truth)
    assert run.waited_s == waits * FOUR_HOURS
    assert [entry["status"] for entry in run.queries].count(429) == waits


@pytest.mark.slow
def test_the_library_renews_a_refused_token_until_the_stack_overflows(run_client):
    run = run_client(LIBRARY, script=["ok", {"do": "401", "times": None}])
    assert run.ended == "RecursionError"
    assert len(run.tokens) > 20


@pytest.fixture
def call(corpus):
    """Calls of a client, each in its own process: the result, and the requests that it made."""
    with ExitStack() as running:

        def call_client(name, *arguments, **settings):
            sandbox = running.enter_context(Sandbox(corpus=corpus, **settings))
            command = [
                sys.executable,
                Path(__file__).with_name("foreign_calls.py"),
                sandbox.base,
                name,
                *arguments,
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
            requests = [entry for entry in sandbox.requests() if entry["path"].startswith("/v2/research/")]
            return json.loads(done.stdout), requests

        yield call_client


def test_the_sdk_cannot_resume_from_the_place_that_it_returns(call):
    videos, requests = call("resume", str(START), str(END))
    assert videos == [200, 0]
    subjects = [entry["subject"] for entry in requests]
    assert subjects[:2] == ["20221120/20221219/0", "20221220/20221229/0"]
    assert subjects[2:] == ["20221120/20221219/100"] * 60, (
        "the search id belongs to the last window, but is used for the first"
    )


def test_the_sdk_reads_a_user_and_returns_nothing_for_a_deleted_one(call):
    user, _ = call("user_info", "user_5")
    assert user["display_name"] == "User 5"
    assert user["video_count"] >= 1
    gone, requests = call("user_info", "user_5", profile=Profile(gone_users=frozenset({"user_5"})))
    assert gone is None
    assert [entry["status"] for entry in requests] == [400]


def test_the_sdk_reads_every_comment_but_none_where_the_api_has_a_limit(call, truth):
    video_id = sorted(truth)[2]
    comments, requests = call("comments", video_id)
    assert len({comment["id"] for comment in comments["comments"]}) == MANY
    assert len(requests) == MANY / 100
    none, _ = call("comments", video_id, profile=Profile(comment_cap=1000))
    assert none == {"comments": [], "cursor": None, "has_more": False}


def test_one_error_makes_the_sdk_lose_the_comments_collected_so_far(call, truth):
    none, requests = call("comments", sorted(truth)[2], script=[{"do": "500", "match": "comment", "nth": 3}])
    assert none["comments"] == []
    assert len(requests) == 3


@pytest.mark.slow
def test_the_library_reads_users_and_the_first_thousand_comments(call, tmp_path):
    options = ("--fetch-user-info", "--fetch-comments")
    call("library", str(tmp_path), str(START), *options, profile=Profile(gone_users=frozenset({"user_5"})))
    names = {name for (name,) in rows(tmp_path, "SELECT username FROM user_info")}
    assert names == {f"user_{number}" for number in range(1, A_DAY) if number != 5}, (
        "user_5 is deleted, and it removes the NUL bytes from a name before it requests the user"
    )
    ((most,),) = rows(tmp_path, "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM comment GROUP BY video_id)")
    assert most == 1000 < MANY
    few = sum(number % 3 for number in range(A_DAY) if number != 2)
    assert rows(tmp_path, "SELECT COUNT(*) FROM comment") == [(1000 + few,)]
