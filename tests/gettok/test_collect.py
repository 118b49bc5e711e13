"""Collecting against the sandbox: every page once, through faults and restarts; the request log is the judge."""

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest

from gettok.collect import Collector, conditions
from gettok.errors import BadCredentials, BadSettings, Interrupted, NotNow
from gettok.research_api import Page, ResearchApi
from gettok.secrets import Secret
from gettok.settings import Query
from gettok.step import Answer
from gettok.store import Key, Store
from gettok.tabulate import tabulate
from gettok.windows import Window
from sandbox.profiles import Profile
from sandbox.server import Sandbox

STUDY = Window(date(2022, 12, 1), date(2022, 12, 31))
QUERY = Query(keywords=("Castillo",), hashtags=("golpe",), regions=("PE",))
COUNT = 250


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """250 videos over December and the first days of January; no media."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for number in range(COUNT):
        created = int(datetime(2022, 12, 1, tzinfo=UTC).timestamp()) + number * 11_000
        api = {
            "id": str(((created - 40) << 32) + number),
            "create_time": created,
            "username": f"user_{number}",
            "region_code": "PE",
            "video_description": f"Castillo {number}",
            "hashtag_names": [],
        }
        rows.append({"api": api, "page": {"media": None}})
    (folder / "videos.json").write_text(json.dumps(rows), "utf-8")
    return folder


def ids(corpus, study=STUDY) -> set[str]:
    rows = json.loads((corpus / "videos.json").read_text("utf-8"))
    return {
        row["api"]["id"]
        for row in rows
        if study.start <= datetime.fromtimestamp(row["api"]["create_time"], UTC).date() <= study.end
    }


class Researcher:
    """A collector on a store of its own, whose waits take no time but are noted."""

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self.waits: list[float] = []
        self.stop = Event()
        api = ResearchApi(sandbox.research_api, "sandbox", Secret("sandbox"), sleep=self.waits.append)
        self.collector = Collector(store, api, "sandbox", conditions(QUERY), self.stop)

    def collect(self, study: Window = STUDY, most_days: int = 30) -> list[Page]:
        windows = self.collector.plan(study, most_days)
        return [kept.page for window in windows for kept in self.collector.collect(window)]


def found(pages: list[Page], study: Window = STUDY) -> set[str]:
    return {row["video_id"] for row in tabulate(pages, study).rows}


def queries(sandbox: Sandbox) -> list[str]:
    return [entry["subject"] for entry in sandbox.requests() if "video/query" in entry["path"]]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def at(corpus):
    @contextmanager
    def start(**settings):
        with Sandbox(corpus=corpus, **settings) as sandbox:
            yield sandbox

    return start


def test_every_video_is_found_with_as_many_requests_as_there_are_pages(at, corpus, store):
    with at() as sandbox:
        pages = Researcher(sandbox, store).collect()
        assert found(pages) == ids(corpus)
        assert len(pages) == len(queries(sandbox)) == 4, (
            "30 days have 236 videos in 3 pages, the last day has its own"
        )


def test_a_second_run_asks_nothing(at, store):
    with at() as sandbox:
        first = Researcher(sandbox, store).collect()
        asked = len(sandbox.requests())
        assert Researcher(sandbox, store).collect() == first
        assert len(sandbox.requests()) == asked


def test_a_study_that_grows_asks_for_the_new_days_only(at, corpus, store):
    longer = Window(STUDY.start, STUDY.end + timedelta(days=1))
    with at() as sandbox:
        Researcher(sandbox, store).collect()
        before = len(queries(sandbox))
        pages = Researcher(sandbox, store).collect(longer)
        assert queries(sandbox)[before:] == ["20230101/20230101/0"]
        assert found(pages, longer) == ids(corpus, longer)


def test_the_table_does_not_depend_on_how_the_windows_were_cut(at, tmp_path):
    tables = []
    with at() as sandbox:
        for days in (30, 7, 1):
            with Store(tmp_path / str(days)) as store:
                tables.append(tabulate(Researcher(sandbox, store).collect(most_days=days), STUDY))
    assert tables[0] == tables[1] == tables[2]


def test_dropped_candidates_and_short_pages_lose_no_video_that_is_there(at, corpus, store):
    with at(profile=Profile(drop_rate=0.3)) as sandbox:
        pages = Researcher(sandbox, store).collect()
        rows = sum(len(page.data["videos"]) for page in pages)
        assert rows < len(ids(corpus))
        assert len(found(pages)) == rows


def test_f01_server_trouble_is_waited_out_and_kept_pages_are_not_asked_again(at, corpus, store):
    with at(script=["ok", "500", "500", "504_html", "ok"]) as sandbox:
        researcher = Researcher(sandbox, store)
        assert found(researcher.collect()) == ids(corpus)
        assert len(researcher.waits) == 3
        assert len(queries(sandbox)) == 4 + 3


def test_f02_lasting_trouble_ends_in_not_now_and_the_next_run_starts_there(at, corpus, store):
    with at(script=["ok", *["500"] * 6]) as sandbox:
        with pytest.raises(NotNow, match="internal_error"):
            Researcher(sandbox, store).collect()
        before = len(queries(sandbox))
        assert found(Researcher(sandbox, store).collect()) == ids(corpus)
        assert queries(sandbox)[before:] == [
            "20221201/20221230/100",
            "20221201/20221230/200",
            "20221231/20221231/0",
        ]


@pytest.mark.parametrize(("told", "waited"), [("7", 7.0), ("999999", 60.0), ("soon", None)])
def test_f03_retry_after_is_honoured_and_capped(at, store, told, waited):
    with at(script=[{"do": "429_rate", "headers": {"Retry-After": told}}]) as sandbox:
        researcher = Researcher(sandbox, store)
        researcher.collect()
        (wait,) = researcher.waits
        assert wait == waited if waited else 0 < wait <= 1


def test_f03_a_spent_quota_ends_the_run_at_once(at, store):
    with at(script=["ok", "429_quota"]) as sandbox:
        researcher = Researcher(sandbox, store)
        with pytest.raises(NotNow, match="00:00 UTC") as told:
            researcher.collect()
        assert told.value.exit_code == 75
        assert researcher.waits == []
        assert len(queries(sandbox)) == 2


def test_f04_a_refused_token_is_renewed_once(at, corpus, store):
    with at(script=["ok", "401"]) as sandbox:
        assert found(Researcher(sandbox, store).collect()) == ids(corpus)
        tokens = [entry for entry in sandbox.requests() if "oauth" in entry["path"]]
        assert len(tokens) == 2


def test_f04_a_token_that_is_refused_for_ever_is_fatal_after_one_renewal(at, store):
    with at(script=[{"do": "401", "times": None}]) as sandbox:
        with pytest.raises(BadCredentials):
            Researcher(sandbox, store).collect()
        assert len([entry for entry in sandbox.requests() if "oauth" in entry["path"]]) == 2


def test_f04_a_wrong_secret_is_fatal_at_once_and_is_not_repeated_in_the_message(at):
    with at() as sandbox:
        api = ResearchApi(sandbox.research_api, "sandbox", Secret("hunter2"), sleep=pytest.fail)
        with pytest.raises(BadCredentials) as told:
            api.query({})
        assert "hunter2" not in str(told.value)


def test_f05_a_fresh_search_id_that_is_not_known_yet_is_waited_for(at, corpus, store):
    with at(profile=Profile(warmup_requests=2)) as sandbox:
        researcher = Researcher(sandbox, store)
        assert found(researcher.collect()) == ids(corpus)
        assert researcher.waits


def test_f05_a_lost_search_starts_its_window_again_and_no_video_is_twice(at, corpus, store):
    with at(script=["ok", *["search_lost"] * 6]) as sandbox:
        pages = Researcher(sandbox, store).collect()
        table = tabulate(pages, STUDY)
        assert {row["video_id"] for row in table.rows} == ids(corpus)
        assert sum(row["observations"] for row in table.rows) == len(ids(corpus)) + 100
        asked = len(sandbox.requests())
        assert Researcher(sandbox, store).collect() == pages
        assert len(sandbox.requests()) == asked, "a window that was begun again is known whole afterwards"


def test_pages_that_come_out_of_tables_are_as_good_as_those_that_were_asked_for(at, store, tmp_path):
    with at(script=["ok", *["search_lost"] * 6]) as sandbox:
        first = Researcher(sandbox, store).collector
        windows = first.plan(STUDY, 30)
        with Store(tmp_path / "refilled") as refilled:
            for window in windows:
                for kept in list(first.collect(window)):
                    refilled.put(Key("collect", kept.key), str(window), kept.answer)
                row = first.done_row(window)
                refilled.put(
                    Key("collect", row["answer_key"]), str(window), Answer(json.loads(row["answer"]))
                )
            asked = len(sandbox.requests())
            second = Researcher(sandbox, refilled).collector
            assert second.plan(STUDY, 7) == windows
            for window in windows:
                assert [kept.row() for kept in second.collect(window)] == [
                    kept.row() for kept in first.collect(window)
                ]
            assert len(sandbox.requests()) == asked


@pytest.mark.parametrize(
    "fault", ["200_html", "truncated_json", "cut", "cut_chunked", "cut_close", "reset", "200_error"]
)
def test_f07_f08_f09_f15_what_is_no_whole_page_is_asked_again(at, corpus, store, fault):
    with at(script=["ok", fault]) as sandbox:
        if fault == "200_error":  # an unknown code under HTTP 200 is an error, whatever the status
            assert found(Researcher(sandbox, store).collect()) == ids(corpus)
        else:
            pages = Researcher(sandbox, store).collect()
            assert found(pages) == ids(corpus)
            assert len(queries(sandbox)) == 4 + 1


def test_f22_a_query_that_the_server_refuses_stops_with_the_server_s_words(at, store):
    with at() as sandbox:
        api = ResearchApi(sandbox.research_api, "sandbox", Secret("sandbox"), sleep=pytest.fail)
        wrong = {"or": [{"field_name": "colour", "operation": "IN", "field_values": ["red"]}]}
        collector = Collector(store, api, "sandbox", wrong, Event())
        with pytest.raises(BadSettings, match="does not accept the query"):
            list(collector.collect(STUDY))


def test_a_stop_keeps_the_pages_that_are_there(at, corpus, store):
    with at() as sandbox:
        researcher = Researcher(sandbox, store)
        (window, *_) = researcher.collector.plan(STUDY, 30)
        pages = researcher.collector.collect(window)
        next(pages)
        researcher.stop.set()
        with pytest.raises(Interrupted):
            list(pages)
        before = len(queries(sandbox))
        assert found(Researcher(sandbox, store).collect()) == ids(corpus)
        assert queries(sandbox)[before:][0] == "20221201/20221230/100"


def test_the_page_is_kept_verbatim_with_request_and_headers(at, store):
    with at() as sandbox:
        page = Researcher(sandbox, store).collect()[1]
    assert page.request["body"]["cursor"] == 100
    assert page.request["body"]["end_date"] == "20221230"
    assert page.headers["Content-Type"].startswith("application/json")
    assert page.observed_at == datetime(2023, 3, 15, 12, tzinfo=UTC)
    assert json.loads(page.text)["error"]["code"] == "ok"
    assert "Bearer" not in json.dumps(page.to_json())


def test_the_query_asks_for_any_keyword_or_hashtag_and_the_region():
    assert conditions(QUERY) == {
        "and": [{"field_name": "region_code", "operation": "IN", "field_values": ["PE"]}],
        "or": [
            {"field_name": "keyword", "operation": "IN", "field_values": ["Castillo"]},
            {"field_name": "hashtag_name", "operation": "IN", "field_values": ["golpe"]},
        ],
    }
