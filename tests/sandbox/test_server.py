"""The server around the services: its process, its clock, its log, its controls."""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.profiles import PROFILES
from sandbox.request_log import Entry, RequestLog
from sandbox.server import Sandbox, serve


@pytest.fixture
def process(corpus):
    """Runs `python -m sandbox` with arguments, and always stops it afterwards."""
    running = []

    def start(*arguments, **settings):
        command = [sys.executable, "-m", "sandbox", "--corpus", str(corpus), *arguments]
        started = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **settings
        )
        running.append(started)
        return started, json.loads(started.stdout.readline())

    yield start
    for started in running:
        started.kill()
        started.communicate()


def raw(base, method, path, body=b"", **headers):
    """Status, headers and body as received, without the port."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    host = urlsplit(base).netloc
    content = answer.read().replace(host.encode(), b"HOST")
    reported = [
        (name, value.replace(host, "HOST")) for name, value in answer.getheaders() if name != "Content-Length"
    ]
    connection.close()
    return answer.status, reported, content


def test_the_first_line_says_where_everything_is(process):
    _, reported = process()
    base = reported["base"]
    assert reported == {
        "base": base,
        "research_api": f"{base}/v2",
        "pages": f"{base}/www.tiktok.com",
        "model": f"{base}/v1",
    }
    assert requests.get(f"{base}/__sandbox__/health", timeout=10).json()["ok"] is True


def test_it_ends_when_its_stdin_closes_without_more_output(process):
    started, _ = process("--until-stdin-closes")
    rest, _ = started.communicate(timeout=20)
    assert (started.returncode, rest) == (0, "")


def test_f34_it_ends_when_the_process_that_started_it_is_killed(corpus):
    command = [sys.executable, "-m", "sandbox", "--corpus", str(corpus), "--until-stdin-closes"]
    starter = (
        "import subprocess, time\n"
        f"server = subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "server.stdout.readline()\n"
        "print(server.pid, flush=True)\n"
        "server.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        server = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    assert select.select([server], [], [], 20)[0], "the server outlived the one who started it"
    os.close(server)


def test_without_the_flag_a_closed_stdin_means_nothing(process):
    started, reported = process()
    started.stdin.close()
    assert requests.get(f"{reported['base']}/__sandbox__/health", timeout=10).status_code == 200
    started.send_signal(signal.SIGTERM)
    assert started.wait(timeout=20) == 0
    started.stdin = None


def test_a_missing_corpus_is_reported_before_anything_starts(tmp_path):
    command = [sys.executable, "-m", "sandbox", "--corpus", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (66, "")
    assert str(tmp_path) in ran.stderr


def test_no_large_library_is_loaded_before_the_first_picture():
    heavy = {"numpy", "PIL", "rapidocr", "onnxruntime", "requests"}
    program = f"import sys, sandbox.__main__; print({heavy!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def questions(ids):
    login = b"client_key=sandbox&client_secret=sandbox&grant_type=client_credentials"
    chat = {"model": "sandbox-vision", "messages": [{"role": "user", "content": "Classify:\nfuerza"}]}
    yield "POST", "/v2/oauth/token/", login, {}
    yield "POST", "/v2/research/video/query/?fields=id", b"{}", {"Authorization": "Bearer clt.x"}
    for video_id in ids:
        yield "GET", f"/www.tiktok.com/@a/video/{video_id}", b"", {}
    yield "GET", "/media/v16/1.mp4", b"", {}
    yield "POST", "/v1/chat/completions", json.dumps(chat).encode(), {"Authorization": "Bearer sandbox"}
    yield "GET", "/v1/models", b"", {"Authorization": "Bearer sandbox"}
    yield "GET", "/elsewhere", b"", {}


def test_two_runs_give_the_same_bytes(corpus, ids):
    runs = []
    for order in (1, -1):
        with Sandbox(corpus=corpus) as sandbox:
            chosen = list(questions(ids))[::order]
            runs.append([raw(sandbox.base, *question[:3], **question[3]) for question in chosen][::order])
    assert runs[0] == runs[1]


def test_real_time_is_nowhere(sandbox):
    status, headers, _ = raw(sandbox.base, "GET", "/v1/models", Authorization="Bearer sandbox")
    reported = dict(headers)
    assert (status, reported["Date"]) == (200, "Wed, 15 Mar 2023 12:00:00 GMT")
    assert reported["X-Tt-Logid"].startswith("20230315120000")
    assert len(reported["X-Tt-Logid"]) == 34
    assert "Server" not in reported
    sandbox.clock.advance(86400)
    assert dict(raw(sandbox.base, "GET", "/v1/models")[1])["Date"] == "Thu, 16 Mar 2023 12:00:00 GMT"


def test_only_the_admin_moves_the_clock(sandbox, session):
    def move(**body):
        return session.post(f"{sandbox.base}/__sandbox__/clock", json=body, timeout=10)

    assert move(advance_s=60).json()["now"] == "2023-03-15T12:01:00+00:00"
    assert move(now="2023-04-01T00:00:00Z").json()["now"] == "2023-04-01T00:00:00+00:00"
    assert move(now="soon").status_code == 400
    assert sandbox.clock.day() == "20230401"


def test_one_connection_serves_many_requests(sandbox, ids):
    connection = http.client.HTTPConnection(urlsplit(sandbox.base).netloc, timeout=10)
    connection.connect()
    first = connection.sock
    for video_id in ids:
        connection.request("GET", f"/www.tiktok.com/@a/video/{video_id}")
        connection.getresponse().read()
    assert connection.sock is first
    connection.close()


def test_head_equals_get_without_its_body(sandbox, ids):
    path = f"/www.tiktok.com/@a/video/{ids[0]}"
    head, get = (raw(sandbox.base, method, path) for method in ("HEAD", "GET"))
    own = {"X-Tt-Logid"}
    assert [line for line in head[1] if line[0] not in own] == [line for line in get[1] if line[0] not in own]
    assert (head[0], head[2]) == (200, b"")
    where = urlsplit(sandbox.base)
    with socket.create_connection((where.hostname, where.port), timeout=10) as wire:
        wire.sendall(f"HEAD {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        with wire.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\n")


def test_a_chunked_request_is_read_completely(sandbox):
    parts = [b"client_key=sandbox&client_", b"secret=sandbox&grant_type=client_credentials"]
    answer = requests.post(f"{sandbox.research_api}/oauth/token/", data=iter(parts), timeout=10)
    assert answer.json()["token_type"] == "Bearer"


def test_the_log_has_every_request(caller, ids):
    caller.query(max_count=2)
    caller.session.get(f"{caller.sandbox.pages}/@a/video/{ids[0]}", timeout=10)
    caller.session.get(f"{caller.sandbox.base}/media/v16/{ids[0]}.mp4", timeout=10)
    caller.session.post(
        f"{caller.sandbox.model}/chat/completions", json={"model": "m", "messages": []}, timeout=10
    )
    log = caller.sandbox.requests()
    assert [(line["service"], line["status"]) for line in log] == [
        ("research_api", 200),
        ("research_api", 200),
        ("pages", 200),
        ("media", 403),
        ("model", 401),
    ]
    assert [line["subject"] for line in log[:4]] == ["", "20221201/20221231/0", ids[0], ids[0]]
    assert log[4]["subject"].startswith("m 4f53cda18c2baa0c")
    assert [line["n"] for line in log] == [1, 2, 3, 4, 5]
    assert log == caller.session.get(f"{caller.sandbox.base}/__sandbox__/requests", timeout=10).json()


def test_an_answer_that_arrived_is_in_the_log(corpus, ids, tmp_path):
    log = tmp_path / "log.jsonl"
    with Sandbox(corpus=corpus, log=log) as sandbox:
        for count, video_id in enumerate(ids, 1):
            raw(sandbox.base, "GET", f"/www.tiktok.com/@a/video/{video_id}")
            assert len(log.read_text().splitlines()) == count


def test_servers_share_a_log_without_tearing_a_line(process, ids, tmp_path):
    log = tmp_path / "log.jsonl"
    bases = [process(env=os.environ | {"GETTOK_SANDBOX_LOG": str(log)})[1]["base"] for _ in range(2)]

    def ask(base):
        for video_id in ids * 5:
            raw(base, "GET", f"/www.tiktok.com/@{'x' * 500}/video/{video_id}")

    threads = [threading.Thread(target=ask, args=(base,)) for base in bases * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == 4 * 5 * len(ids)
    assert {line["subject"] for line in lines} == set(ids)


def test_a_closed_log_keeps_no_file_open(tmp_path):
    log = RequestLog(tmp_path / "log.jsonl")
    log.add(Entry("pages", "GET", "/", "", "", 200))
    log.close()
    log.close()
    assert json.loads((tmp_path / "log.jsonl").read_text())["n"] == 1


def test_admin_requests_are_not_in_the_log(sandbox, session):
    session.get(f"{sandbox.base}/__sandbox__/health", timeout=10)
    assert sandbox.requests() == []


@pytest.mark.parametrize(
    ("control", "body"),
    [
        ("script", ["earthquake"]),
        ("script", [{"do": "500", "when": "now"}]),
        ("switches", {"gravity": 1}),
        ("clock", {}),
        ("clock", {"advance_s": "long"}),
    ],
)
def test_an_invalid_control_is_refused(sandbox, session, control, body):
    answer = session.post(f"{sandbox.base}/__sandbox__/{control}", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_unknown_controls_and_profiles_are_refused(sandbox, session, corpus):
    assert session.post(f"{sandbox.base}/__sandbox__/explode", json={}, timeout=10).status_code == 404
    with pytest.raises(ValueError, match="no profile is called"):
        serve(corpus=corpus, profile="imaginary")


def test_switches_and_scripts_can_be_given_later(caller, ids):
    control = f"{caller.sandbox.base}/__sandbox__"
    caller.session.post(f"{control}/switches", json={"hidden": ids[:2]}, timeout=10)
    assert caller.found(("region_code", "EQ", ["PE"])) == [3, 4, 5, 6]
    assert caller.session.get(f"{control}/switches", timeout=10).json()["hidden"] == ids[:2]
    caller.session.post(f"{control}/script", json=["500"], timeout=10)
    assert [caller.query().status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(
    ("script", "statuses"),
    [
        (["ok", "500", "ok", "429_rate"], [200, 500, 200, 429, 200]),
        ([{"do": "500", "nth": 3}], [200, 200, 500, 200, 200]),
        ([{"do": "500", "times": 2}, "429_rate"], [500, 500, 429, 200, 200]),
        ([{"do": "500", "times": None}], [500] * 5),
        ([{"do": "500", "match": "elsewhere"}], [200] * 5),
        ([{"do": "500", "nth": 2}, {"do": "429_rate", "nth": 4}], [200, 500, 200, 429, 200]),
    ],
)
def test_a_script_is_played_in_its_order(caller, script, statuses):
    caller.sandbox.play(script)
    assert [caller.query().status_code for _ in range(5)] == statuses


@pytest.mark.parametrize("profile", PROFILES)
def test_every_named_profile_answers_at_least_one_question(corpus, profile):
    login = b"client_key=sandbox&client_secret=sandbox&grant_type=client_credentials"
    with Sandbox(corpus=corpus, profile=profile) as sandbox:
        status, _, body = raw(sandbox.base, "POST", "/v2/oauth/token/", login)
    assert (status, json.loads(body)["token_type"]) == (200, "Bearer")


@pytest.mark.parametrize("length", ["abc", "-5", "999999999999"])
def test_an_impossible_length_breaks_nothing(sandbox, length):
    connection = http.client.HTTPConnection(urlsplit(sandbox.base).netloc, timeout=10)
    connection.request("POST", "/v2/oauth/token/", headers={"Content-Length": length})
    assert connection.getresponse().status in {400, 413}
    connection.close()


def test_bytes_that_are_not_http_are_refused_and_the_server_goes_on(sandbox):
    connection = http.client.HTTPConnection(urlsplit(sandbox.base).netloc, timeout=10)
    connection.connect()
    connection.sock.sendall(b"NONSENSE\r\n\r\n")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0")
    connection.close()
    assert raw(sandbox.base, "GET", "/v1/models", Authorization="Bearer sandbox")[0] == 200


def test_stopping_leaves_no_connection_and_no_thread(corpus):
    before = set(threading.enumerate())
    with Sandbox(corpus=corpus) as sandbox:
        connection = http.client.HTTPConnection(urlsplit(sandbox.base).netloc, timeout=10)
        connection.request("GET", "/v1/models")
        connection.getresponse().read()
        mine = set(threading.enumerate()) - before
    for thread in mine:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in mine)
    assert connection.sock.recv(1) == b""
    connection.close()
