"""Why a host cannot be reached is in plain words, whichever library says so; no class of a library is named."""

import re
import socket

import httpx
import openai
import pytest
import requests

from gettok.http.connection_errors import cannot_reach
from gettok.research_api.transport import Transport, Unreachable

_CLASS = re.compile(r"[A-Z][a-z]+[A-Z]|object at|Error")


@pytest.fixture
def no_names(monkeypatch):
    """A machine whose name server does not answer."""

    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def closed():
    """The address of a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_a_name_that_is_not_found_is_dns_for_the_research_api(no_names):
    with pytest.raises(Unreachable) as unreachable:
        Transport().post("https://open.tiktokapis.com/v2/oauth/token/", data={})
    assert str(unreachable.value) == "open.tiktokapis.com cannot be reached (DNS)"


def test_a_name_that_is_not_found_is_dns_for_every_library(no_names):
    with pytest.raises(requests.ConnectionError) as by_requests:
        requests.get("https://www.tiktok.com", timeout=1)
    with pytest.raises(httpx.ConnectError) as by_httpx:
        httpx.get("https://api.openai.com")
    with (
        openai.OpenAI(api_key="x", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError) as by_openai,
    ):
        client.models.list()
    for error in (by_requests.value, by_httpx.value, by_openai.value):
        assert cannot_reach("host", error) == "host cannot be reached (DNS)"


def test_a_port_on_which_nothing_listens_refuses_the_connection(closed):
    with pytest.raises(requests.ConnectionError) as by_requests:
        requests.get(closed, timeout=1)
    with pytest.raises(httpx.ConnectError) as by_httpx:
        httpx.get(closed, trust_env=False)
    for error in (by_requests.value, by_httpx.value):
        assert cannot_reach("host", error) == "host cannot be reached (connection refused)"


def test_a_silent_host_gives_no_answer_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(requests.Timeout) as by_requests:
            requests.get(url, timeout=0.05)
        with pytest.raises(httpx.TimeoutException) as by_httpx:
            httpx.get(url, timeout=0.05, trust_env=False)
    for error in (by_requests.value, by_httpx.value):
        assert cannot_reach("host", error) == "host cannot be reached (no answer in time)"


def test_an_unknown_cause_is_not_named_by_a_class_of_a_library():
    text = cannot_reach("host", requests.ConnectionError("HTTPSConnectionPool(host='x'): NewConnectionError"))
    assert text == "host cannot be reached (connection failed)"
    assert not _CLASS.search(text)
