"""Lookup by id: each id is asked for once, an id is missing only after two looks, and lists may grow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from collecting import client, facts, ids, queries

from gettok.collect import IdLookup, captured_pages
from gettok.collect.erased import Erased
from gettok.collect.ids import RefusedLine
from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.errors import NotNow
from gettok.research_api import QuotaExhausted
from gettok.step import Answer
from gettok.store import Key, Store
from sandbox.profiles import Profile

ALL = Window(date(2016, 1, 1), date(2030, 1, 1))
NO_VIDEO = str((int(datetime(2022, 12, 20, tzinfo=UTC).timestamp()) << 32) + 5)
NO_TIME = "17"


@pytest.fixture
def known(castillo):
    return sorted(facts(castillo), key=int)


@contextmanager
def look_up(researcher, names) -> Iterator[IdLookup]:
    with client(researcher.folder, researcher.sandbox.research_api) as (store, api):
        yield IdLookup(store, api, tuple(names), {"source": "sandbox"})


def looked_up(researcher, names) -> tuple[list, IdLookup]:
    with look_up(researcher, names) as lookup:
        return list(lookup.collect()), lookup


def test_more_than_a_hundred_ids_are_all_found_in_as_few_searches_as_can_be(at, known):
    with at() as researcher:
        pages, lookup = looked_up(researcher, known)
        assert ids(pages, ALL) == set(known) == lookup.found
        assert lookup.missing == []
        assert len(queries(researcher.sandbox)) == len(pages) == lookup.least_requests() == 5
        again, _ = looked_up(researcher, known)
        assert again == pages
        assert len(queries(researcher.sandbox)) == 5


def test_an_id_that_is_not_found_is_looked_for_a_second_time_before_it_is_missing(at, known):
    with at() as researcher:
        _, lookup = looked_up(researcher, [*known[:3], NO_VIDEO])
        assert lookup.missing == [NO_VIDEO]
        assert queries(researcher.sandbox) == [
            "20221130/20221230/0",
            "20221220/20230119/0",
        ]


def test_a_video_that_was_published_long_after_its_id_was_made_is_found_at_the_second_look(
    at, known, tmp_path
):
    made, published = datetime(2022, 11, 1, tzinfo=UTC), datetime(2022, 12, 8, 12, tzinfo=UTC)
    early = str(int(made.timestamp()) << 32)
    late = str((int(datetime(2022, 11, 24, tzinfo=UTC).timestamp()) << 32) + 1)
    row = {"api": {"id": late, "create_time": int(published.timestamp()), "username": "a"}, "page": {}}
    (tmp_path / "videos.json").write_text(json.dumps([row]))
    with at(corpus=tmp_path) as researcher:
        pages, lookup = looked_up(researcher, [early, late])
        assert lookup.found == {late}
        assert lookup.missing == [early]
        assert queries(researcher.sandbox) == [
            "20221031/20221130/0",
            "20221101/20221201/0",
            "20221124/20221224/0",
        ]
        assert [stored.rows for stored in pages] == [0, 0, 1]


def test_a_list_that_grows_asks_for_what_is_new_in_it_alone(at, known):
    with at() as researcher:
        looked_up(researcher, known[::2])
        before = len(queries(researcher.sandbox))
        bodies = len(researcher.sent())
        pages, lookup = looked_up(researcher, known)
        assert ids(pages, ALL) == set(known)
        assert lookup.missing == []
        assert 0 < len(queries(researcher.sandbox)) - before <= before + 1
        new = [stored.page.request["body"] for stored in pages[bodies:]]
        old = {value for stored in pages[:bodies] for value in values(stored.page.request["body"])}
        assert all(old.isdisjoint(values(body)) for body in new)


def test_a_list_that_shrinks_shows_no_video_that_is_not_on_it(at, known):
    with at() as researcher:
        looked_up(researcher, known[:100])
        pages, lookup = looked_up(researcher, known[:50])
        assert ids(pages, ALL) == lookup.found == set(known[:50])


def values(body) -> list[str]:
    return body["query"]["and"][0]["field_values"]


def test_an_id_without_a_time_in_it_is_never_asked_for(at, known):
    with at() as researcher:
        _, lookup = looked_up(researcher, [known[0], NO_TIME])
        assert lookup.unplaceable == {NO_TIME}
        assert lookup.missing == []
        assert len(queries(researcher.sandbox)) == 1
        looked_up(researcher, [NO_TIME])
        assert len(queries(researcher.sandbox)) == 1


def test_f14_a_look_up_that_the_quota_ends_goes_on_where_it_was(at, known):
    with at(script=["ok", "ok", "429_quota"]) as researcher:
        with pytest.raises(QuotaExhausted):
            looked_up(researcher, known)
        before = len(queries(researcher.sandbox))
        researcher.next_day()
        pages, _ = looked_up(researcher, known)
        assert ids(pages, ALL) == set(known)
        assert len(queries(researcher.sandbox)) - before == 3


def test_f02_trouble_for_ever_finds_nothing_missing(at, known):
    with at(script=[{"do": "500", "times": None}]) as researcher:
        with look_up(researcher, known) as lookup, pytest.raises(NotNow, match="internal_error"):
            list(lookup.collect())
        researcher.sandbox.play([])
        assert looked_up(researcher, known)[1].missing == []


@pytest.mark.parametrize("script", [["stuck_cursor"], ["overlap", "stuck_cursor"]])
def test_f10_a_look_up_that_went_astray_is_begun_anew(at, known, script):
    with at(script=script) as researcher:
        with pytest.raises(NotNow, match="does not move on"):
            looked_up(researcher, known)
        pages, lookup = looked_up(researcher, known)
        assert lookup.missing == []
        before = len(researcher.sandbox.requests())
        assert looked_up(researcher, known)[0] == pages
        assert len(researcher.sandbox.requests()) == before


def test_f05_a_look_up_whose_search_is_forgotten_is_begun_anew(at, known):
    with at(profile=Profile(empty_pages=1), script=["ok", *["search_lost"] * 6]) as researcher:
        with pytest.raises(NotNow):
            looked_up(researcher, known[:100])
        pages, lookup = looked_up(researcher, known[:100])
        assert lookup.missing == []
        assert [stored.attempt for stored in pages] == [0, 1, 1]


def test_ids_that_are_dropped_from_the_results_are_missing_and_the_others_are_not(at, known):
    hidden = frozenset(known[5:400:50])
    with at(profile=Profile(hidden=hidden)) as researcher:
        pages, lookup = looked_up(researcher, known)
        assert set(lookup.missing) == hidden
        assert ids(pages, ALL) == set(known) - hidden


def test_pages_out_of_a_table_do_for_a_look_up_too(at, known, tmp_path):
    with at() as researcher:
        pages, _ = looked_up(researcher, known[:200])
        with Store(tmp_path / "other") as store:
            for row in (stored.row() for stored in pages):
                store.put(Key("collect", row["answer_key"]), "refilled", Answer(json.loads(row["answer"])))
        before = len(queries(researcher.sandbox))
        researcher.folder = tmp_path / "other"
        assert looked_up(researcher, known[:200])[0] == pages
        assert len(queries(researcher.sandbox)) == before


@pytest.mark.parametrize("of", ["videos", "gone"])
def test_what_is_left_out_of_such_pages_is_not_looked_for_again(at, known, tmp_path, of):
    left_out = Erased(**{of: frozenset({sha256(known[3])})})
    with at() as researcher:
        pages, lookup = looked_up(researcher, known[:200])
        with Store(tmp_path / "other") as store:
            for row in (left_out.page(stored).row() for stored in pages):
                store.put(Key("collect", row["answer_key"]), "refilled", Answer(json.loads(row["answer"])))
        before = len(queries(researcher.sandbox))
        researcher.folder = tmp_path / "other"
        again, found = looked_up(researcher, known[:200])
        assert (found.found, found.missing) == (lookup.found, [])
        assert ids(again, ALL) == set(known[:200]) - {known[3]}
        assert len(queries(researcher.sandbox)) == before


def test_captured_videos_are_pages_of_the_file_s_own_lines(tmp_path):
    path = tmp_path / "capture.ndjson"
    lines = [capture(number) for number in range(230)]
    path.write_text("\n".join([lines[0], "no JSON", *lines[1:]]), "utf-8")
    refused: list[RefusedLine] = []
    pages = list(captured_pages(path, refused))
    assert [len(json.loads(stored.page.text)["items"]) for stored in pages] == [99, 100, 31]
    assert len(pages) == 3
    assert [line.line for line in refused] == [2]
    assert len({stored.key for stored in pages}) == 3
    assert ids(pages, ALL) == {json.loads(line)["data"]["id"] for line in lines}
    assert list(captured_pages(path, [])) == pages, "the same file gives the same pages"
    items = json.loads(pages[0].page.text)["items"]
    assert items[0] == json.loads(lines[0]), "verbatim"
    assert pages[0].page.observed_at == datetime.fromtimestamp(1_678_000_000 + 98, UTC)


def capture(number: int) -> str:
    """A line as the browser's extension writes it."""
    created = int(datetime(2022, 12, 5, tzinfo=UTC).timestamp()) + number
    data = {
        "id": str(((created - 40) << 32) + number),
        "desc": f"Video {number}",
        "createTime": created,
        "author": {"uniqueId": f"user_{number}", "id": "1"},
        "stats": {"diggCount": 1, "shareCount": 2, "commentCount": 3, "playCount": 4},
        "video": {"duration": 9},
        "music": {"id": "7"},
    }
    collected = 1_678_000_000_000 + 1000 * number
    about = {"source_platform": "tiktok.com", "item_id": data["id"], "timestamp_collected": collected}
    return json.dumps({**about, "data": data})
