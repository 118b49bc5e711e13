"""The sandbox counts a client's requests by host, and serves many of them in parallel."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from page_reader import SITE, until_cut

from sandbox.exchange import Request
from sandbox.traffic import OpenRequest, Traffic, host_of


def traffic(sandbox):
    totals = requests.get(f"{sandbox.base}/__sandbox__/traffic", timeout=10).json()
    assert totals.keys() == sandbox.traffic().keys()
    return totals


def counts(totals):
    return totals["requests"], totals["open"], totals["most_at_once"]


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/www.tiktok.com/@a/video/1", "www.tiktok.com"),
        ("/media/v16-webapp-prime/1.mp4", "v16-webapp-prime"),
        ("/media/v16-webapp/captions/1/1.vtt", "v16-webapp"),
        ("/v2/research/video/query/", "v2"),
        ("/", ""),
    ],
)
def test_a_host_is_the_first_part_of_a_path_or_the_second_of_media(path, host):
    assert host_of(path) == host


def test_requests_are_counted_by_host_with_the_maximum_at_once(reading, ids):
    reader = reading({})
    struct = reader.struct(ids[0])
    urls = struct["video"]["bitrateInfo"][0]["PlayAddr"]["UrlList"]
    reader.session.post(f"{reader.sandbox.base}/__sandbox__/switches", json={"latency_s": 0.3}, timeout=10)
    started = threading.Barrier(4)

    def ask(url):
        with requests.Session() as own:
            own.cookies.update(reader.session.cookies)
            started.wait()
            return own.get(url, headers=SITE, timeout=10).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, [urls[0], urls[0], urls[0], urls[1]])) == {200}
    totals = traffic(reader.sandbox)
    assert counts(totals["v16-webapp-prime"]) == (3, 0, 3)
    assert counts(totals["v19-webapp-prime"]) == (1, 0, 1)
    assert 2 < totals["v16-webapp-prime"]["mean_at_once"] <= 3
    assert totals["www.tiktok.com"]["most_at_once"] == 1


class Broken(Traffic):
    """Breaks the connection when a request ends."""

    def end(self, host):
        super().end(host)
        raise ConnectionAbortedError


def test_a_request_ends_before_its_last_byte_so_a_waiting_client_never_seems_to_have_two(reading, ids, one):
    reader = reading({})
    url = reader.struct(ids[0])["video"]["playAddr"]
    reader.sandbox._http.traffic = Broken()
    answer = reader.session.get(url, headers=SITE, stream=True, timeout=10)
    assert until_cut(answer) == one[:-1]


def broken_off(open_request):
    open_request.finish()
    raise BrokenPipeError


def test_a_request_ends_once_even_if_it_fails():
    traffic = Traffic()
    for _ in range(2):
        with (
            pytest.raises(BrokenPipeError),
            OpenRequest(traffic, Request("GET", "/media/v16/1.mp4", {})) as open_request,
        ):
            broken_off(open_request)
    assert counts(traffic.totals()["v16"]) == (2, 0, 1)
    with OpenRequest(traffic, Request("GET", "/media/v16/1.mp4", {})):
        assert traffic.totals()["v16"]["open"] == 1
    assert traffic.totals()["v16"]["open"] == 0


def test_the_mean_at_once_is_over_the_time_from_the_first_request_to_the_last_answer():
    instants = iter([0.0, 1.0, 3.0, 4.0])
    traffic = Traffic(lambda: next(instants))
    traffic.start("v1")
    traffic.start("v1")
    traffic.end("v1")
    traffic.end("v1")
    totals = {"requests": 2, "open": 0, "most_at_once": 2, "mean_at_once": 1.5, "busy_s": 4.0}
    assert traffic.totals() == {"v1": totals}, (
        "one for a second, two for two, one for a last one, and idling is left out"
    )
