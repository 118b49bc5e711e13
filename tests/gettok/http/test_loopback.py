import socket
from urllib.request import getproxies

import pytest
import requests

from gettok.http.loopback import is_loopback, is_loopback_url
from gettok.http.session_environment import fix_environment


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0.0.0.0",
        "0",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "::1%lo",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:2",
        "::ffff:0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "models.localhost",
        "a.b.localhost.",
        "localhost.localdomain",
        "ip6-localhost",
    ],
)
def test_this_machine_is_known_in_every_way_to_write_it(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "128.0.0.1",
        "126.255.255.255",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "1",
        "127",
        "2147483648",
        "::2",
        "fe80::1",
        "::ffff:10.0.0.1",
        "example.com",
        "localhost.example.com",
        "mylocalhost",
        "localhosts",
        "127.0.0.1.example.com",
        "127.0.0.1.nip.io",
        "127.0.0.256",
        "127.0.0.0.1",
        "example.127",
    ],
)
def test_no_other_host_is_taken_for_it(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.1"])
def test_the_resolver_reads_the_odd_notations_alike(host: str) -> None:
    assert {entry[4][0] for entry in socket.getaddrinfo(host, 80)} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.2:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://user@LocalHost/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://127.0.0.1@example.com/v1", False),
        ("/v1", False),
    ],
)
def test_the_host_of_a_url_decides(url: str, expected: bool) -> None:
    assert is_loopback_url(url) is expected


def test_a_session_takes_certificates_from_the_environment_and_proxies_unless_the_host_is_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in ("no_proxy", "NO_PROXY") if name]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/tmp/bundle.pem")
    assert getproxies()["http"] == "http://proxy.example:3128"
    for url, proxies in (
        ("http://127.0.0.2:8000/", {}),
        ("http://0.0.0.0:8000/", {}),
        ("http://open.example/", {"http": "http://proxy.example:3128"}),
    ):
        with requests.Session() as session:
            fix_environment(session, url)
            assert (session.trust_env, session.verify) == (False, "/tmp/bundle.pem")
            assert {name: proxy for name, proxy in session.proxies.items() if name == "http"} == proxies
