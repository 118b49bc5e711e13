"""No answer of a server can redirect us to another host, fill the disk, or hold us up forever."""

import gzip
import json
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bad_server import ENDLESS, Server, redirects, sends, trickles, trickles_headers
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from download_corpus import settings

from gettok.download import DownloadStep, VideoLink
from gettok.download.backend import NoPage
from gettok.download.hosts import Site
from gettok.download.pace import Pace
from gettok.download.transfer import Transfer
from gettok.download.web import Visit
from gettok.download.worker import has_proxy
from gettok.errors import RETRYABLE, Unusable

ID = "7175000000000000001"


def page_with(address: str) -> bytes:
    video = {"playAddr": address, "downloadAddr": "", "width": 9, "height": 16, "duration": 1}
    struct = {
        "id": ID,
        "desc": "x",
        "createTime": "1",
        "author": {"uniqueId": "a"},
        "stats": {},
        "video": video,
    }
    state = {
        "__DEFAULT_SCOPE__": {"webapp.video-detail": {"statusCode": 0, "itemInfo": {"itemStruct": struct}}}
    }
    return f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__">{json.dumps(state)}</script>'.encode()


def visit(server: Server, **changes) -> Visit:
    return Visit(Site(server.pages), settings(**{"timeout_s": 20, **changes}), Pace(0))


def save(at: Visit, url: str, to: Path, most: int = 1_000_000) -> None:
    Transfer(at, url, to, "", most, None).run()


def test_f30_a_page_is_decompressed_up_to_a_limit(monkeypatch):
    bomb = gzip.compress(bytes(30_000_000))
    with (
        Server({"/": sends(bomb, Content_Encoding="gzip")}).running() as server,
        visit(server) as at,
        pytest.raises(NoPage, match="more than"),
    ):
        at.page(f"{server.base}/page")


def test_a_file_that_announces_too_much_is_not_begun(tmp_path):
    with (
        Server({"/": sends(bytes(5000))}).running() as server,
        visit(server) as at,
        pytest.raises(Unusable, match="too_large"),
    ):
        save(at, f"{server.base}/a.mp4", tmp_path / "a.mp4", 4999)
    assert not (tmp_path / "a.mp4").exists()


def test_a_server_that_sends_a_byte_at_a_time_is_given_up(tmp_path):
    with (
        Server({"/": trickles}).running() as server,
        visit(server, timeout_s=1) as at,
        pytest.raises(Unusable, match="not whole within 1 s") as refusal,
    ):
        save(at, f"{server.base}/a.mp4", tmp_path / "a.mp4")
    assert refusal.value.reason == "unreachable"


def test_a_silent_server_is_given_up():
    with (
        Server({"/": lambda _: ENDLESS.wait(5)}).running() as server,
        visit(server, timeout_s=1) as at,
        pytest.raises(NoPage, match="no answer within 1 s"),
    ):
        at.page(f"{server.base}/page")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_f13_headers_that_trickle_in_are_given_up(tmp_path, monkeypatch, scheme):
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    server = Server({"/": trickles_headers}, certificate=file if scheme == "https" else None)
    base = f"{scheme}://localhost:{urlsplit(server.base).port}"
    with (
        server.running(),
        Visit(Site(f"{base}/www.tiktok.com"), settings(timeout_s=1), Pace(0)) as at,
        pytest.raises(NoPage, match="no answer within 1 s"),
    ):
        at.page(f"{base}/page")


def test_f13_pyktok_would_wait_forever_and_is_ended(tmp_path):
    answers = {"/media": lambda _: ENDLESS.wait(20)}
    server = Server(answers)
    answers["/www"] = sends(page_with(f"{server.base}/media/a.mp4"), Content_Type="text/html")
    chosen = settings(backend="pyktok", timeout_s=1, max_attempts=1, max_bytes=1000)
    step = DownloadStep(chosen, "sandbox", server.pages, tmp_path)
    with server.running(), pytest.raises(Unusable, match="did not finish within 1 s"):
        step.ask(VideoLink(ID, "someone"))
    assert not list(tmp_path.iterdir())
    step.close()


def test_f33_no_page_leads_to_another_server(tmp_path):
    inner = Server({"/": sends(b"secret")})
    page = page_with(f"{inner.base}/secret.mp4")
    with inner.running(), Server({"/www": sends(page, Content_Type="text/html")}).running() as outer:
        step = DownloadStep(settings(max_attempts=1), "sandbox", outer.pages, tmp_path)
        with pytest.raises(Unusable, match=r"unreachable: an address outside the sandbox: 127\.0\.0\.1$"):
            step.ask(VideoLink(ID, "someone"))
    assert inner.asked == []


def test_f33_a_page_that_redirects_elsewhere_is_not_followed():
    inner = Server({"/": sends(b"secret")})
    with (
        inner.running(),
        Server({"/": redirects(inner.base)}).running() as outer,
        visit(outer) as at,
        pytest.raises(NoPage, match="unreachable: page: an address outside the sandbox"),
    ):
        at.page(outer.pages)
    assert inner.asked == []


def test_circular_redirects_are_given_up():
    with (
        Server({"/": redirects("/again")}).running() as server,
        visit(server) as at,
        pytest.raises(NoPage, match="redirects"),
    ):
        at.page(server.pages)
    assert len(server.asked) == 5


def test_no_credentials_from_a_netrc_are_sent(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[str | None] = []

    def answer(handler) -> None:
        seen.append(handler.headers.get("Authorization"))
        sends(b"<html></html>")(handler)

    with Server({"/": answer}).running() as server, visit(server) as at:
        at.page(server.pages)
    assert seen == [None]


def public(_host: str, _port: int):
    return [(2, 1, 6, "", ("93.184.216.34", 443))]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.tiktok.com/@a/video/1",
        "https://v16-webapp-prime.us.tiktok.com/video/x",
        "https://v19.tiktokcdn-us.com/x",
        "https://v77.tiktokcdn.com/x",
        "https://api.tiktokv.com/x",
        "https://www.tiktok.com:443/x",
    ],
)
def test_f33_tiktok_s_own_hosts_are_allowed(url):
    assert Site("https://www.tiktok.com", public).objection(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://www.tiktok.com/",
        "https://www.tiktok.com.example.org/",
        "https://nottiktok.com/",
        "https://tiktokcdn.com.evil.org/",
        "https://www.tiktok.com:8443/",
        "https://www.tiktok.com@127.0.0.1/",
        "https://user:pass@www.tiktok.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "file:///etc/passwd",
        "ftp://www.tiktok.com/",
        "//www.tiktok.com/",
        "https://www.tiktok.com:port/",
        "https://[bad/",
    ],
)
def test_f33_every_other_host_is_refused(url):
    assert Site("https://www.tiktok.com", public).objection(url)


def test_f33_an_unknown_host_is_reported_and_the_video_asked_for_again(tmp_path):
    with (
        Visit(Site("https://www.tiktok.com", public), settings(), Pace(0)) as at,
        pytest.raises(Unusable) as refusal,
    ):
        save(at, "https://v16.new-host.example/a.mp4", tmp_path / "a.mp4")
    assert refusal.value.reason in RETRYABLE
    assert refusal.value.detail.endswith(": v16.new-host.example")


def test_any_host_from_a_page_can_be_stored():
    objection = Site("https://www.tiktok.com", public).objection(f"https://\ud800{'x' * 5000}/")
    assert len(objection.encode()) < 200


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fe80::1%eth0"]
)
def test_f33_a_name_that_resolves_into_a_private_network_is_refused(monkeypatch, address):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    mixed = [*public("", 443), (2, 1, 6, "", (address, 443))]
    site = Site("https://www.tiktok.com", lambda *_: mixed)
    assert not site.is_public("https://www.tiktok.com/")
    with (
        Visit(site, settings(), Pace(0)) as visit,
        pytest.raises(Unusable, match="private network") as refusal,
    ):
        visit.page("https://www.tiktok.com/")
    assert refusal.value.reason == "unreachable", (
        "a resolver that blocks names is about us, not about the video"
    )


def test_a_proxy_looks_names_up_itself_and_no_proxy_is_not_a_proxy(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "localhost")
    assert not has_proxy()
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert has_proxy()


def test_f33_a_tool_connects_only_to_the_site():
    tiktok, stand_in = Site("https://www.tiktok.com"), Site("http://127.0.0.1:8001/www.tiktok.com")
    assert tiktok.may_resolve("v16-webapp-prime.tiktok.com")
    assert not any(
        map(tiktok.may_resolve, ("example.org", "93.184.216.34", "localhost", "tiktok.com.evil.org"))
    )
    assert tiktok.may_connect("93.184.216.34", 443)
    assert not tiktok.may_connect("93.184.216.34", 22)
    assert not tiktok.may_connect("169.254.169.254", 443)
    assert not tiktok.may_connect("127.0.0.1", 443)
    assert stand_in.may_resolve("127.0.0.1")
    assert not stand_in.may_resolve("www.tiktok.com")
    assert stand_in.may_connect("127.0.0.1", 8001)
    assert not stand_in.may_connect("127.0.0.1", 8002)
    assert not stand_in.may_connect("93.184.216.34", 443)


def test_f33_a_tool_cannot_look_up_another_name(monkeypatch):
    for proxy in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    names = ["example.org", "93.184.216.34", "tiktok.com.evil.org", "localhost"]
    tries = f"""
import socket, requests
from gettok.download.worker import confine
confine("https://www.tiktok.com", 1000)
for name in {names}:
    for attempt in (
        lambda: socket.getaddrinfo(name, 443),
        lambda: socket.gethostbyname(name),
        lambda: requests.get(f"https://{{name}}/", timeout=1),
    ):
        try:
            attempt()
        except (PermissionError, requests.ConnectionError) as refused:
            print("not known to be TikTok's" in str(refused))
"""
    done = subprocess.run([sys.executable, "-c", tries], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3 * len(names)


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for that name, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem, private = Encoding.PEM, PrivateFormat.PKCS8
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, private, NoEncryption()))
    return file


@pytest.mark.parametrize(
    ("name", "is_trusted"),
    [("www.tiktok.com", True), ("www.tiktok.com", False), ("inside.example.org", True)],
)
def test_f33_a_name_that_resolves_elsewhere_after_the_check_fails_by_its_certificate(
    tmp_path, monkeypatch, name, is_trusted
):
    """The resolver gives a public address for the check, and this machine's own for the connection."""
    file = certificate(tmp_path, name)
    server = Server({"/": sends(b"secret")}, certificate=file)
    for proxy in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    if is_trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    port = urlsplit(server.base).port
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
    site = Site("https://www.tiktok.com", public)
    with server.running(), Visit(site, settings(), Pace(0)) as at:
        if name == "www.tiktok.com" and is_trusted:  # with the right certificate the same server is accepted
            assert at.page("https://www.tiktok.com/@a/video/1") == "secret"
            return
        with pytest.raises(NoPage, match=r"cannot be reached \(TLS"):
            at.page("https://www.tiktok.com/@a/video/1")
        assert server.asked == []
