"""A proxy of the environment is not between us and a loopback server, with any backend."""

import pytest
from bad_server import Server, sends
from download_corpus import link, settings

from gettok.download import DownloadStep
from gettok.download.hosts import Site
from gettok.download.pace import Pace
from gettok.download.web import Visit
from gettok.download.worker_pool import worker_environment

TOOLS = ("ytdlp", "pyktok")
PAGE = b"<html>a page</html>"


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that the environment names for every scheme, and that answers anything."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server({"http": sends(b"by the proxy")}).running() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base)
        yield proxy


@pytest.mark.parametrize("backend", ["page", *(pytest.param(tool, marks=pytest.mark.slow) for tool in TOOLS)])
def test_a_video_arrives_from_loopback_around_the_proxy(server, corpus, tmp_path, proxy, backend):
    step = DownloadStep(settings(backend=backend), "sandbox", server.pages, tmp_path, lambda _: None)
    answer = step.ask(link("ok"))
    step.close()
    assert answer.blobs["media"].size > 0
    assert proxy.asked == []


@pytest.mark.usefixtures("proxy")
def test_a_tools_process_gets_the_proxies_for_tiktok_and_not_for_loopback(monkeypatch):
    monkeypatch.setenv("GETTOK_OTHER", "kept")
    for pages, kept in (("http://127.0.0.2:8001/www.tiktok.com", False), ("https://www.tiktok.com", True)):
        environment = worker_environment(pages)
        assert environment["GETTOK_OTHER"] == "kept"
        for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            assert (name in environment) is kept


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0.0.0.0", "localhost"])
def test_a_page_is_read_around_the_proxy_however_loopback_is_written(proxy, host):
    with Server({"/": sends(PAGE)}).running() as server:
        base = server.base.replace("127.0.0.1", host)
        site = Site(f"{base}/www.tiktok.com")
        site.check()
        with Visit(site, settings(), Pace(0)) as visit:
            assert visit.page(f"{base}/www.tiktok.com/@a").encode() == PAGE
    assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.2", "127.1", "0.0.0.0", "[::1]", "pages.localhost"])
def test_every_way_to_write_loopback_is_one_server_and_no_other(host):
    site = Site(f"http://{host}:8001/www.tiktok.com")
    site.check()
    assert site.is_loopback
    assert site.may_connect(host.strip("[]") if host[0] in "0[" else "127.0.0.1", 8001)
    assert not site.may_connect("93.184.216.34", 8001)
    assert site.objection("http://127.0.0.9:8001/file") is not None
