"""Runs that end early or are repeated: they continue where they were, and ask for nothing that is stored."""

import json
from datetime import UTC, datetime
from threading import Event, current_thread, main_thread

import pytest
from collecting import (
    STUDY,
    Researcher,
    assert_each_once,
    days,
    ids,
    queries,
    truth,
)

from gettok.collect import PageFiles
from gettok.errors import Interrupted, NoSpace
from gettok.research_api import QuotaExhausted
from gettok.step import Answer
from gettok.store import Key, Store
from gettok.store.disk_space import no_space
from sandbox.profiles import Profile

FOR_EVER = {"do": "500", "times": None}


def test_a_second_run_asks_nothing_and_gives_the_same_pages(at):
    with at() as researcher:
        first = researcher.collect()
        asked = len(researcher.sandbox.requests())
        assert researcher.collect() == first
        assert len(researcher.sandbox.requests()) == asked


def test_a_study_that_grows_at_both_ends_asks_for_the_new_days_only(at, castillo):
    with at(study=days(3, 36), max_days=10) as researcher:
        researcher.collect()
        before = len(queries(researcher.sandbox))
        pages = researcher.collect(study=STUDY)
        assert queries(researcher.sandbox)[before:] == [
            "20221201/20221203/0",
            "20230107/20230109/0",
        ]
        assert ids(pages) == truth(castillo)
        assert {row["state"] for row in researcher.coverage} == {"complete"}


def test_f05_an_old_search_id_costs_two_tries_at_most_when_a_run_resumes(at, castillo):
    with at(profile=Profile(search_id_ttl_s=3600), script=["ok", "429_quota"]) as researcher:
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        before = len(queries(researcher.sandbox))
        researcher.next_day()
        assert ids(researcher.collect()) == truth(castillo)
        assert queries(researcher.sandbox)[before:][:3] == [
            *["20221201/20221230/100"] * 2,
            "20221201/20221230/0",
        ]


def test_f14_a_quota_that_ends_in_the_middle_comes_back_after_midnight(at, castillo):
    with at(script=["ok", "ok", "429_quota"]) as researcher:
        with pytest.raises(QuotaExhausted, match="00:02 UTC") as error:
            researcher.collect()
        assert error.value.exit_code == 75
        assert error.value.back_at == datetime(2023, 3, 16, 0, 2, tzinfo=UTC)
        assert researcher.waits == []
        asked = len(queries(researcher.sandbox))
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        assert len(queries(researcher.sandbox)) == asked, "the server's word is believed"
        researcher.sandbox.clock.set(error.value.back_at)
        assert ids(researcher.collect()) == truth(castillo)
        assert queries(researcher.sandbox)[asked] == "20221201/20221230/200"
        searched = [row["searched_at"] for row in researcher.windows if row["event"] == "done"]
        assert [moment.day for moment in searched] == [15, 16], "a search is as old as its first page"
        assert_each_once(researcher)


def test_f14_waiting_for_the_quota_goes_on_in_the_same_run(at, castillo):
    with at(script=["ok", "429_quota", "ok", "429_quota"]) as researcher:
        spent = []

        def wait(exhausted: QuotaExhausted) -> None:
            spent.append(exhausted.back_at)
            researcher.sandbox.clock.set(exhausted.back_at)
            # the client learns the time from an answer, since its own clock has not moved
            clock.learn({"Date": researcher.sandbox.clock.http_date()})

        with researcher.run({"on_quota": wait}) as collector:
            clock = collector.api.server
            assert ids(list(collector.collect())) == truth(castillo)
        assert [f"{moment:%d %H:%M}" for moment in spent] == ["16 00:02", "17 00:02"]


def test_f36_a_stop_keeps_the_pages_that_are_there(at, castillo):
    stop = Event()
    with at() as researcher:
        with researcher.run({"stop": stop}) as collector:
            pages = collector.collect()
            next(pages)
            stop.set()
            with pytest.raises(Interrupted):
                list(pages)
        before = len(queries(researcher.sandbox))
        assert before == 1
        assert ids(researcher.collect()) == truth(castillo)
        assert queries(researcher.sandbox)[before] == "20221201/20221230/100"


@pytest.mark.parametrize(
    "script", [["ok", *["search_lost"] * 6], ["ok", *["500"] * 6]], ids=["lost", "split"]
)
def test_tables_of_pages_and_windows_refill_a_store_so_that_nothing_is_asked(at, castillo, tmp_path, script):
    with at(script=script) as researcher:
        pages = researcher.collect()
        rows = [stored.row() for stored in pages] + researcher.windows
        with Store(tmp_path / "refilled") as store:
            for row in rows:
                key, answer = Key("collect", row["answer_key"]), Answer(json.loads(row["answer"]))
                store.put(key, "refilled", answer)
        asked = len(researcher.sandbox.requests())
        refilled = Researcher(tmp_path / "refilled", researcher.sandbox, max_days=7)
        assert sorted(stored.key for stored in refilled.collect()) == sorted(stored.key for stored in pages)
        assert refilled.windows == researcher.windows
        assert len(researcher.sandbox.requests()) == asked


def test_other_sources_and_queries_have_pages_of_their_own(at, castillo):
    other = {"and": [{"field_name": "region_code", "operation": "IN", "field_values": ["PE"]}]}
    with at(study=days(0, 9)) as researcher:
        researcher.collect()
        asked = len(queries(researcher.sandbox))
        assert ids(researcher.collect(query=other), days(0, 9)) == truth(castillo, days(0, 9))
        assert len(queries(researcher.sandbox)) == 2 * asked


def test_f05_a_run_that_goes_on_after_a_lost_search_shows_the_pages_of_both(at, castillo):
    with at(script=["ok", *["search_lost"] * 6, "ok", "429_quota"]) as researcher:
        with pytest.raises(QuotaExhausted):
            researcher.collect()
        researcher.next_day()
        pages = researcher.collect()
        assert [
            (stored.attempt, stored.cursor) for stored in pages if stored.subject == "2022-12-01_2022-12-30"
        ] == [
            (0, 0),
            *((1, cursor) for cursor in (0, 100, 200, 300)),
        ]
        assert ids(pages) == truth(castillo)
        assert researcher.collect() == pages


def test_the_files_of_pages_are_the_same_whether_a_run_waited_for_a_day_or_came_back(at, tmp_path):
    with at(script=["ok", "stuck_cursor"], max_days=1, study=days(0, 2)) as researcher:

        def wait(exhausted: QuotaExhausted) -> None:
            researcher.sandbox.clock.set(exhausted.back_at)
            clock.learn({"Date": researcher.sandbox.clock.http_date()})

        with researcher.run({"on_quota": wait}) as collector:
            clock = collector.api.server
            waited = filed(collector.collect(), tmp_path / "waited")
        assert len(waited) == 4, "the day that was parked was searched twice"
        assert filed(researcher.collect(), tmp_path / "back") == waited


def filed(pages, folder) -> dict[str, bytes]:
    with PageFiles(folder) as files:
        for stored in pages:
            files.add(stored.search, stored)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_page_that_does_not_fit_on_the_disk_ends_the_run_and_is_asked_for_again(at, castillo, monkeypatch):
    put = Store.put

    def full(store, key, subject, answer):
        if subject.endswith("0:100"):
            raise no_space(store.root)
        put(store, key, subject, answer)

    with at() as researcher:
        with monkeypatch.context() as disk:
            disk.setattr(Store, "put", full)
            with pytest.raises(NoSpace):
                researcher.collect()
        assert researcher.events() == ["2022-12-01_2022-12-30 planned"]
        assert len(queries(researcher.sandbox)) <= 3, "the failure is noticed at the next page"
        assert ids(researcher.collect()) == truth(castillo)


def test_f34_a_window_is_not_done_before_its_last_page_is_on_disk(at, monkeypatch):
    order, done = [], Event()
    put = Store.put

    def slow(store, key, subject, answer):
        is_done = subject.endswith(" done")
        if current_thread() is not main_thread():
            done.wait(0.1)
        put(store, key, subject, answer)
        order.append(subject)
        if is_done:
            done.set()

    monkeypatch.setattr(Store, "put", slow)
    with at(study=days(0, 0)) as researcher:
        researcher.collect()
    name = "2022-12-01_2022-12-01"
    assert order == [f"{name} planned", f"{name} 0:0", f"{name} done"]
