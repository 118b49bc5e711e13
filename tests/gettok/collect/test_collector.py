"""Collecting against the sandbox: every page once, through faults and restarts, by the sandbox's request log."""

import json
from datetime import UTC, datetime

import pytest
from collecting import (
    QUERY,
    STUDY,
    assert_each_once,
    day_files,
    days,
    ids,
    queries,
    tables,
    truth,
)

from gettok.errors import BadSettings, NotNow
from gettok.research_api import QuotaExhausted
from sandbox import bulk
from sandbox.profiles import Profile

FOR_EVER = {"do": "500", "times": None}


def test_every_video_is_found_with_as_many_requests_as_there_are_pages(at, castillo):
    with at() as researcher:
        pages = researcher.collect()
        assert ids(pages) == truth(castillo)
        assert len(pages) == len(queries(researcher.sandbox)) == 6
        assert researcher.states() == {"complete": {str(day) for day in STUDY.days}}
        done = [row for row in researcher.windows if row["event"] == "done"]
        assert sum(row["rows"] for row in done) == len(truth(castillo))
        assert sum(row["pages"] for row in done) == len(pages)


def test_the_day_files_do_not_depend_on_how_the_windows_were_cut(at, tmp_path):
    files = []
    for max_days in (30, 7, 1):
        with at(str(max_days), max_days=max_days) as researcher:
            files.append(day_files(researcher.collect(), tmp_path / "files" / str(max_days)))
    assert files[0] == files[1] == files[2]
    assert len(files[0]) == 2 * len(STUDY.days)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(["ok", *["500"] * 6], id="split"),
        pytest.param(["ok", *["search_lost"] * 6], id="lost"),
        pytest.param(["ok", "overlap"], id="overlapping"),
    ],
)
def test_what_became_of_the_searches_changes_the_number_of_observations_alone(at, script):
    with at("undisturbed") as researcher:
        videos, counts = tables(researcher.collect())
    with at("disturbed", script=script) as researcher:
        disturbed = tables(researcher.collect())
    assert disturbed[0].drop("observations").equals(videos.drop("observations"))
    assert disturbed[0]["observations"].sum() > videos["observations"].sum()
    assert disturbed[1].equals(counts), "the same counts at the same time are one observation of counts"


def test_dropped_candidates_and_short_pages_lose_no_video_that_is_there(at, castillo):
    with at(profile=Profile(drop_rate=0.3)) as researcher:
        pages = researcher.collect()
        rows = sum(stored.rows for stored in pages)
        assert 0 < rows < len(truth(castillo))
        assert len(ids(pages)) == rows
        assert sum(row["candidates"] or 0 for row in researcher.windows) == len(truth(castillo))


def test_f01_trouble_is_waited_out_and_kept_pages_are_not_asked_again(at, castillo):
    with at(script=["ok", "500", "500", "504_html", "ok"]) as researcher:
        assert ids(researcher.collect()) == truth(castillo)
        assert len(researcher.waits) == 3
        assert len(queries(researcher.sandbox)) == 6 + 3
        assert_each_once(researcher)


def test_f01_a_window_that_always_fails_is_halved_and_its_pages_are_kept(at, castillo):
    with at(script=["ok", *["500"] * 6]) as researcher:
        pages = researcher.collect()
        assert ids(pages) == truth(castillo)
        assert researcher.events()[:2] == ["2022-12-01_2022-12-15 planned", "2022-12-01_2022-12-15 done"]
        assert "2022-12-01_2022-12-30 split" in researcher.events()
        assert "2022-12-16_2022-12-30 done" in researcher.events()
        assert [stored.subject for stored in pages].count("2022-12-01_2022-12-30") == 1, "it was paid for"
        assert_each_once(researcher)
        asked = len(researcher.sandbox.requests())
        assert sorted(stored.key for stored in researcher.collect()) == sorted(stored.key for stored in pages)
        assert len(researcher.sandbox.requests()) == asked


def test_f02_trouble_for_ever_blames_no_window_and_the_next_run_starts_there(at, castillo):
    with at(script=["ok", FOR_EVER]) as researcher:
        with pytest.raises(NotNow, match="internal_error"):
            researcher.collect()
        assert researcher.events() == ["2022-12-01_2022-12-30 planned"]
        before = queries(researcher.sandbox)
        assert len(before) == 1 + 8 * (6 + 1), "eight times the page that fails, and the canary once"
        assert 3600 < sum(researcher.waits) < 2 * 3600, "an hour of rest in all"
        researcher.sandbox.play([])
        assert ids(researcher.collect()) == truth(castillo)
        assert queries(researcher.sandbox)[len(before) :][0] == "20221201/20221230/100"
        assert not any("split" in event for event in researcher.events())
        assert_each_once(researcher)


def test_f02_without_a_canary_trouble_for_ever_parks_days_and_marks_none_as_done(at):
    with at(script=[FOR_EVER], words=(), study=days(0, 1)) as researcher:
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        assert researcher.states() == {"gap": {"2022-12-01", "2022-12-02"}}


def test_f05_a_fresh_search_id_that_is_not_known_yet_is_waited_for(at, castillo):
    with at(profile=Profile(warmup_requests=2)) as researcher:
        assert ids(researcher.collect()) == truth(castillo)
        assert len(researcher.waits) == 2 * 2
        assert not any("lost" in event for event in researcher.events())


def test_f05_a_lost_search_restarts_its_window_and_both_observations_are_kept(at, castillo):
    with at(script=["ok", *["search_lost"] * 6]) as researcher:
        pages = researcher.collect()
        videos = tables(pages)[0]
        assert set(videos["video_id"]) == truth(castillo)
        assert videos["observations"].sum() == len(truth(castillo)) + 100
        assert researcher.events()[:3] == [
            "2022-12-01_2022-12-30 planned",
            "2022-12-01_2022-12-30 lost",
            "2022-12-01_2022-12-30 done",
        ]
        asked = len(researcher.sandbox.requests())
        assert researcher.collect() == pages
        assert len(researcher.sandbox.requests()) == asked


def test_f05_a_search_that_is_lost_for_ever_is_halved(at, castillo):
    lost = {"do": "search_lost", "match": "video/query", "times": 4 * 6}
    with at(script=["ok", lost]) as researcher:
        # the first page of each restart has no search id, so each restart begins well and is lost again
        pages = researcher.collect()
        assert ids(pages) == truth(castillo)
        assert [event for event in researcher.events() if "12-01_2022-12-30" in event] == [
            "2022-12-01_2022-12-30 planned",
            *["2022-12-01_2022-12-30 lost"] * 4,
            "2022-12-01_2022-12-30 split",
        ]


def test_f06_invalid_count_or_cursor_for_ever_halves_the_window(at, castillo):
    with at(script=["ok", *["400_cursor"] * 6]) as researcher:
        assert ids(researcher.collect()) == truth(castillo)
        assert "2022-12-01_2022-12-30 split" in researcher.events()
        (split,) = (row for row in researcher.windows if row["event"] == "split")
        assert "Invalid count or cursor" in split["why"]


def test_f10_a_cursor_that_does_not_move_halves_the_window(at, castillo):
    with at(script=["ok", "stuck_cursor"]) as researcher:
        pages = researcher.collect()
        assert ids(pages) == truth(castillo)
        (split,) = (row for row in researcher.windows if row["event"] == "split")
        assert "does not move on from cursor 100" in split["why"]
        asked = len(researcher.sandbox.requests())
        assert sorted(stored.key for stored in researcher.collect()) == sorted(stored.key for stored in pages)
        assert len(researcher.sandbox.requests()) == asked


def test_f10_a_single_day_whose_cursor_does_not_move_is_searched_anew_on_another_day(at, castillo):
    with at(script=["stuck_cursor"], study=days(0, 0)) as researcher:
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        researcher.next_day()
        assert ids(researcher.collect(), days(0, 0)) == truth(castillo, days(0, 0))


def test_f10_pages_that_overlap_give_each_video_once(at, castillo):
    with at(script=["ok", "overlap", "overlap"], profile=Profile(dup_rate=0.1)) as researcher:
        pages = researcher.collect()
        videos = tables(pages)[0]
        assert set(videos["video_id"]) == truth(castillo)
        assert videos.height == len(truth(castillo)) < sum(stored.rows for stored in pages)


def test_f11_pages_without_rows_do_not_end_a_search(at, castillo):
    with at(profile=Profile(empty_pages=5)) as researcher:
        pages = researcher.collect()
        assert ids(pages) == truth(castillo)
        assert [stored.rows for stored in pages].count(0) == 2 * 5


def test_f11_pages_without_rows_count_in_a_row_only(at, tmp_path):
    bulk.write(tmp_path, videos=2150, seed="many", start=STUDY.start, days=10)
    with at(corpus=tmp_path, profile=Profile(empty_pages=3), study=days(0, 9)) as researcher:
        pages = researcher.collect()
        assert len(ids(pages)) == 2150
        assert len(pages) == 22 + 3


def test_f11_too_many_pages_without_rows_end_it_with_a_word(at, castillo):
    with at(profile=Profile(empty_pages=30), max_days=2, study=days(0, 1), patience_days=1) as researcher:
        researcher.collect()
        assert {row["why"].split(",")[0] for row in researcher.coverage} == {
            "20 pages in a row have no video"
        }


def test_f22_a_query_that_the_server_refuses_stops_with_the_server_s_words(at):
    wrong = {"or": [{"field_name": "colour", "operation": "IN", "field_values": ["red"]}]}
    with at() as researcher:
        with pytest.raises(BadSettings, match="colour"):
            researcher.collect(query=wrong)
        assert not any("done" in event for event in researcher.events())


def test_a_page_is_kept_verbatim_with_request_and_headers(at):
    with at() as researcher:
        page = researcher.collect()[1].page
    assert page.request["body"]["cursor"] == 100
    assert page.request["body"]["end_date"] == "20221230"
    assert page.request["body"]["query"] == QUERY
    assert page.headers["Content-Type"].startswith("application/json")
    assert page.observed_at == datetime(2023, 3, 15, 12, tzinfo=UTC)
    assert json.loads(page.text)["error"]["code"] == "ok"
    assert "Bearer" not in json.dumps(page.to_json())
