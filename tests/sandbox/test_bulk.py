"""Corpora of any size, and the cost of a page of a large one."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from sandbox.bulk import MANY_COMMENTS, write
from sandbox.faults import FaultScript
from sandbox.profiles import Profile
from sandbox.research_api.candidates import MAX_CACHED, Candidates
from sandbox.research_api.query import query_from
from sandbox.world import world_of

CASTILLO = {"field_name": "keyword", "operation": "EQ", "field_values": ["Castillo"]}
COUNT = 3000


@pytest.fixture(scope="module")
def bulk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk")
    write(folder, videos=COUNT, seed="s", start=date(2022, 11, 20), days=31)
    return folder


@pytest.fixture(scope="module")
def facts(bulk):
    return [row["api"] for row in json.loads((bulk / "videos.json").read_text("utf-8"))]


def test_the_same_arguments_give_the_same_bytes(bulk, tmp_path):
    command = [sys.executable, "-m", "sandbox.bulk", str(tmp_path), "--videos", str(COUNT), "--seed", "s"]
    subprocess.run([*command, "--start", "2022-11-20", "--days", "31"], check=True)
    assert (tmp_path / "videos.json").read_bytes() == (bulk / "videos.json").read_bytes()
    write(tmp_path, videos=COUNT, seed="t", start=date(2022, 11, 20), days=31)
    assert (tmp_path / "videos.json").read_bytes() != (bulk / "videos.json").read_bytes()


def test_a_corpus_can_be_empty(tmp_path):
    write(tmp_path, videos=0, seed="s", start=date(2022, 11, 20), days=31)
    assert json.loads((tmp_path / "videos.json").read_text()) == []


def test_every_day_has_its_videos_and_no_other_day_has_any(facts):
    days = {datetime.fromtimestamp(row["create_time"], UTC).date() for row in facts}
    assert (len(days), min(days), max(days)) == (31, date(2022, 11, 20), date(2022, 12, 20))


def test_ids_encode_their_time_except_for_one_scheduled_video(facts):
    leads = [row["create_time"] - (int(row["id"]) >> 32) for row in facts]
    assert len({row["id"] for row in facts}) == COUNT
    assert {len(row["id"]) for row in facts} == {19}
    assert max(leads) == 219_361
    assert 20 <= min(leads) <= sorted(leads)[-2] <= 135


def test_ids_and_times_are_in_the_same_order_with_a_few_exceptions(facts):
    numbers = [int(row["id"]) for row in facts]
    inversions = sum(one > other for one, other in pairwise(numbers))
    assert 0 < inversions < COUNT / 50


def test_rare_fields_are_rare(facts):
    def share(name):
        return sum(name in row for row in facts) / COUNT

    assert 0.25 < share("voice_to_text") < 0.31
    assert 0.02 < share("playlist_id") < 0.04
    assert 0.03 < share("effect_ids") < 0.05
    assert max(row["comment_count"] for row in facts) == MANY_COMMENTS
    assert sorted(row["comment_count"] for row in facts)[-2] <= 30


def test_the_keyword_finds_all_videos_page_by_page(bulk, calling):
    caller = calling(corpus=bulk)
    rows, more = [], {}
    window = {
        "query": {"and": [CASTILLO]},
        "start_date": "20221120",
        "end_date": "20221220",
        "max_count": 100,
    }
    while more is not None:
        data = caller.data("video/query/?fields=id", **window, **more)
        rows += [row["id"] for row in data["videos"]]
        more = {"cursor": data["cursor"], "search_id": data["search_id"]} if data["has_more"] else None
    assert len(rows) == COUNT
    assert rows == sorted(rows, reverse=True)


def test_candidates_are_computed_once_per_search_and_the_latest_searches_are_cached(bulk):
    world = world_of(bulk, Profile(), FaultScript(), None)
    candidates = Candidates(world)

    def query_of(start="20221120", **place):
        body = {"query": {"and": [CASTILLO]}, "start_date": start, "end_date": "20221210", "max_count": 100}
        return query_from(body | place)

    first = candidates.of(query_of())
    assert candidates.of(query_of(cursor=100, search_id="7")) is first
    assert candidates.of(query_of(max_count=50)) is not first
    assert list(candidates.of(query_of(max_count=50))) == list(first)
    for number in range(MAX_CACHED):
        candidates.of(
            query_of(
                start=f"202211{number % 10 + 20}", query={"not": [CASTILLO | {"field_values": [str(number)]}]}
            )
        )
    assert len(candidates._cache) == MAX_CACHED
    again = candidates.of(query_of())
    assert again is not first
    assert list(again) == list(first)


def test_one_video_has_more_comments_than_an_older_page_of_the_documentation_allows(bulk, facts, calling):
    caller = calling(corpus=bulk)
    video = max(facts, key=lambda row: row["comment_count"])
    cursor, ids = 0, set()
    while cursor < MANY_COMMENTS:
        path = "video/comment/list/?fields=id"
        data = caller.data(path, video_id=video["id"], max_count=100, cursor=cursor)
        ids |= {comment["id"] for comment in data["comments"]}
        cursor = data["cursor"]
    assert (len(ids), data["has_more"]) == (MANY_COMMENTS, False)
