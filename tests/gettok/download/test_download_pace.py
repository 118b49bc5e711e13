"""Requests to a host are spaced out, and `Retry-After` is respected."""

import threading
import time
from itertools import pairwise

import pytest
from bad_server import Server, sends
from download_corpus import settings
from hypothesis import given
from hypothesis import strategies as st

from gettok.download import DownloadStep, VideoLink
from gettok.download.backend import NoPage
from gettok.download.hosts import Site
from gettok.download.pace import MAX_HOLD_S, Pace
from gettok.download.web import Visit
from gettok.errors import Unusable

ID = "7175000000000000001"
NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


def turns(pause_s: float, count: int) -> list[float]:
    """How long each of several simultaneous requests has to wait."""
    pace = Pace(pause_s, lambda _: None)
    return [pace.wait("a") for _ in range(count)]


def held(**headers: str) -> float:
    pace = Pace(0, lambda _: None)
    pace.hold("a", {name.replace("_", "-"): value for name, value in headers.items()})
    return pace.wait("a")


def test_the_gap_between_two_requests_is_the_pause_and_up_to_twice_that():
    times = turns(10, 200)
    gaps = [after - before for before, after in pairwise(times)]
    assert times[0] == 0
    assert 9.9 < min(gaps) < 11
    assert 19 < max(gaps) < 20.1


def test_each_host_has_turns_of_its_own():
    pace = Pace(10, lambda _: None)
    assert [pace.wait(host) for host in ("pages", "media")] == [0, 0]
    assert pace.wait("pages") > 9.9


def test_no_pause_means_no_wait():
    assert turns(0, 50) == [0] * 50


def test_threads_share_one_pace():
    waits: list[float] = []
    pace = Pace(5, waits.append)
    threads = [threading.Thread(target=pace.wait, args=("a",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(waits)
    assert len(times) == 7
    assert all(after - before > 4.9 for before, after in pairwise(times))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "1.5"}, 1.5),
        ({"Retry_After": "Mon, 23 Nov 2026 12:00:09 GMT", "Date": NOON}, 9),
        ({"Retry_After": "Mon, 23 Nov 2026 11:00:00 GMT", "Date": NOON}, 0),
        ({"Retry_After": "99999999999999999999"}, MAX_HOLD_S),
        ({"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": NOON}, MAX_HOLD_S),
        ({"Retry_After": "-5"}, 0),
        ({"Retry_After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_respected_up_to_a_limit(headers, seconds):
    assert held(**headers) == pytest.approx(seconds, abs=0.1)


@given(text=st.text(max_size=40), date=st.text(max_size=40))
def test_any_text_as_retry_after_gives_a_number_of_seconds(text, date):
    assert 0 <= held(Retry_After=text, Date=date) <= MAX_HOLD_S


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_a_wait_gets_it_before_the_next_request(status):
    def busy(handler) -> None:
        handler.send_response(status)
        handler.send_header("Retry-After", "11")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    waits: list[float] = []
    with (
        Server({"/": busy}).running() as server,
        Visit(Site(server.pages), settings(), Pace(0, waits.append)) as visit,
    ):
        for _ in range(2):
            with pytest.raises(NoPage, match=f"HTTP {status}"):
                visit.page(server.pages)
    assert waits == [pytest.approx(11, abs=0.5)]


def test_the_wait_for_a_turn_does_not_count_towards_the_timeout():
    pace = Pace(0, time.sleep)
    with (
        Server({"/": sends(b"<html>")}).running() as server,
        Visit(Site(server.pages), settings(timeout_s=1), pace) as visit,
    ):
        pace.hold("www.tiktok.com", {"Retry-After": "1"})
        assert visit.page(server.pages) == "<html>"


@pytest.mark.parametrize(("backend", "turns"), [("page", 2), ("ytdlp", 4)])
def test_every_backend_keeps_the_pace_between_its_jobs(tmp_path, backend, turns):
    waits: list[float] = []
    with Server({"/": sends(b"<html></html>")}).running() as server:
        chosen = settings(backend=backend, max_attempts=1, pause_s=50)
        step = DownloadStep(chosen, "sandbox", server.pages, tmp_path, waits.append)
        for _ in range(2):
            with pytest.raises(Unusable):
                step.ask(VideoLink(ID, "a"))
        step.close()
    assert len(waits) == turns - 1  # a job of a tool, and our own look at the page after it failed
    assert all(wait > 40 for wait in waits)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:1/www.tiktok.com/@a/video/1", "www.tiktok.com"),
        ("http://127.0.0.1:1/media/v16-webapp-prime/1.mp4?x=/", "v16-webapp-prime"),
        ("http://127.0.0.1:1", "127.0.0.1"),
    ],
)
def test_the_sandbox_plays_several_hosts(url, host):
    assert Site("http://127.0.0.1:1/www.tiktok.com").host(url) == host


def test_outside_the_sandbox_the_host_is_the_url_s():
    site = Site("https://www.tiktok.com")
    assert site.host("https://v16.tiktokcdn.com/media/x/1.mp4") == "v16.tiktokcdn.com"
