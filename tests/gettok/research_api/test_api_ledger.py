"""The ledger of requests: nothing leaves before it is written down, and nothing written down is forgotten."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import deque
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from api_caller import (
    EMPTY_PAGE,
    PAGE,
    QUESTION,
    SECRET,
    TOKEN,
    Asker,
    RawServer,
    bytes_of,
    fails,
    http,
    noted,
)

from gettok.errors import BadSettings, NoSpace
from gettok.research_api import ApiCall, Ledger, RequestFailing
from gettok.research_api.ledger import Settled, client_name, day_of
from gettok.store import disk_space

NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)
KEY = "aw12canarykey34"
CLIENT = client_name(KEY)
USERS = ApiCall("user/info", {"username": "u"}, "users", "u")
QUOTA_SPENT = Settled(NOON, "quota_spent", 429, "L1", "{}")
CHILD = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from api_caller import QUESTION, Asker
from gettok.research_api import Ledger
base, root = sys.argv[1], Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
{work}
"""


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path) as ledger:
        yield ledger


@pytest.fixture
def child(tmp_path):
    """Start another process, which waits for a line of input before it works."""
    children = []

    def start(work: str, base: str = "") -> subprocess.Popen:
        code = CHILD.format(path=sys.path, work=work)
        command = [sys.executable, "-c", code, base, str(tmp_path)]
        begun = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        children.append(begun)
        return begun

    yield start
    for begun in children:
        begun.kill()
        begun.communicate()


def rows(root) -> list[tuple[str | None, str]]:
    """What another process can see."""
    with closing(sqlite3.connect(root / "requests.sqlite")) as database:
        return database.execute("SELECT outcome, purpose FROM requests ORDER BY n").fetchall()


# --- written before it leaves ------------------------------------------------------------------------------


def test_a_request_is_in_the_ledger_before_it_arrives_anywhere(tmp_path):
    seen = []

    def looks(connection, _):
        seen.append(rows(tmp_path))
        connection.sendall(PAGE)

    with RawServer([looks]) as server, Asker(server.base, tmp_path) as asker:
        asker.ask()
        asker.ask()
    assert seen == [[(None, "collect")], [("ok", "collect"), (None, "collect")]]
    assert [request.outcome for request in noted(tmp_path)] == ["ok", "ok"]


@pytest.mark.parametrize("before", [0, 2])
def test_f34_a_request_counts_though_its_asker_was_killed_while_it_was_on_its_way(tmp_path, child, before):
    def kills(*_):
        os.kill(asker.pid, signal.SIGKILL)

    with RawServer([*[PAGE] * before, kills]) as server:
        work = f"asker = Asker(base, root)\nfor _ in range({before + 1}): asker.ask()"
        asker = child(work, server.base)
        asker.communicate("go\n")
        assert asker.returncode == -signal.SIGKILL
        assert len(server.questions) == before + 1
    with Asker("", tmp_path) as another:
        another.api.server.learn({"Date": "Wed, 15 Mar 2023 13:00:00 GMT"})
        assert another.used == before + 1
    assert [request.outcome for request in noted(tmp_path)] == ["ok"] * before + [None]


def test_f38_four_processes_that_begin_at_once_count_together(tmp_path, child):
    work = """
from api_caller import Clock
with Ledger(root) as ledger:
    for n in range(25):
        from datetime import UTC, datetime
        from gettok.research_api.ledger import Settled
        now = datetime(2023, 3, 15, 12, tzinfo=UTC)
        n = ledger.send("us", now, QUESTION)
        ledger.settle(n, Settled(now, "ok" if n % 2 else "server_error"))
"""
    writers = [child(work) for _ in range(4)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0] * 4
    with Ledger(tmp_path) as ledger:
        assert ledger.used("us", NOON) == 100
        outcomes = {request.n: request.outcome for request in ledger.requests()}
    assert outcomes == {n: "ok" if n % 2 else "server_error" for n in range(1, 101)}


def test_bad_news_is_known_to_other_processes_at_once(ledger, tmp_path):
    ledger.settle(ledger.send(CLIENT, NOON, QUESTION), QUOTA_SPENT)
    with Ledger(tmp_path) as another:
        assert another.is_spent(CLIENT, NOON)


def test_what_is_written_down_has_reached_the_disk_and_not_its_cache_alone(ledger):
    (full,) = ledger._database.execute("PRAGMA synchronous").fetchone()
    assert full == 2


def test_f37_a_full_disk_stops_the_request_before_it_leaves(tmp_path):
    with RawServer() as server, Asker(server.base, tmp_path) as asker:
        asker.ask()
        database = asker.api.ledger._database
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        call = ApiCall("video/query", {}, "collect", "x" * 3000)
        with pytest.raises(NoSpace, match=str(tmp_path)):
            deque((asker.ask(call) for _ in range(500)), maxlen=0)
        database.execute("PRAGMA max_page_count = 1000000")
    assert len(noted(tmp_path)) == len(server.questions) < 500


def test_f37_a_request_does_not_leave_without_room_for_its_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**18)
    with RawServer() as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(NoSpace, match="a question is asked only with"):
            asker.ask()
        assert server.questions == []
    assert rows(tmp_path) == [], "it does not count either"


# --- counting ----------------------------------------------------------------------------------------------


def test_requests_count_by_client_day_and_endpoint_whatever_became_of_them(ledger):
    for call in (QUESTION, QUESTION, USERS):
        ledger.send(CLIENT, NOON, call)
    ledger.settle(ledger.send(CLIENT, NOON, USERS), Settled(NOON, "server_error", 500))
    ledger.send("another", NOON, QUESTION)
    ledger.send(CLIENT, NOON - timedelta(days=1), QUESTION)
    assert ledger.used(CLIENT, NOON) == 4
    assert ledger.used(CLIENT, NOON, "video/query") == 2
    assert ledger.used(CLIENT, NOON, "user/info") == 2
    assert ledger.used(CLIENT, NOON, "playlist/info") == 0
    assert ledger.used("another", NOON) == 1
    assert ledger.used(CLIENT, NOON + timedelta(days=1)) == 0


def test_the_days_of_a_client_are_listed_by_endpoint_with_their_failures(ledger):
    ledger.settle(ledger.send(CLIENT, NOON - timedelta(days=1), USERS), Settled(NOON, "ok"))
    ledger.settle(ledger.send(CLIENT, NOON, QUESTION), Settled(NOON, "server_error"))
    ledger.send(CLIENT, NOON, QUESTION)
    ledger.send("another", NOON, QUESTION)
    assert ledger.days(CLIENT) == [
        ("2023-03-15", "user/info", 1, 0),
        ("2023-03-15", "video/query", 2, 2),
    ]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2023, 3, 15, 23, 59, 59, tzinfo=UTC), "2023-03-15"),
        (datetime(2023, 3, 16, 0, 0, 0, tzinfo=UTC), "2023-03-16"),
        (datetime(2023, 3, 16, 5, 0, 0, tzinfo=timezone(timedelta(hours=9))), "2023-03-15"),
        (datetime(2023, 3, 15, 20, 0, 0, tzinfo=timezone(timedelta(hours=-9))), "2023-03-16"),
    ],
)
def test_f14_a_request_counts_for_its_day_in_utc(ledger, now, day):
    ledger.send(CLIENT, now, QUESTION)
    assert day_of(now) == day
    assert [request.day for request in ledger.requests()] == [day]
    assert ledger.used(CLIENT, now) == 1


def test_f14_an_answer_after_midnight_moves_its_request_to_the_new_day(ledger):
    before, after = (datetime(2023, 3, 15, 23, 59, 58, tzinfo=UTC) + timedelta(seconds=s) for s in (0, 4))
    n = ledger.send(CLIENT, before, QUESTION)
    assert ledger.used(CLIENT, before) == 1
    ledger.settle(n, Settled(after, "server_error"))
    assert (ledger.used(CLIENT, before), ledger.used(CLIENT, after)) == (0, 1)


@pytest.mark.parametrize(("later", "trusted"), [(0, True), (59, True), (60, False), (61, False)])
def test_the_servers_word_that_the_quota_is_spent_is_trusted_for_an_hour(ledger, later, trusted):
    ledger.settle(ledger.send(CLIENT, NOON, QUESTION), QUOTA_SPENT)
    assert ledger.is_spent(CLIENT, NOON + timedelta(minutes=later)) is trusted
    assert not ledger.is_spent("another", NOON)


def test_the_servers_word_that_the_quota_is_spent_ends_at_midnight(ledger):
    late = datetime(2023, 3, 15, 23, 50, tzinfo=UTC)
    ledger.settle(ledger.send(CLIENT, late, QUESTION), Settled(late, "quota_spent", 429))
    assert ledger.is_spent(CLIENT, late + timedelta(minutes=9))
    assert not ledger.is_spent(CLIENT, late + timedelta(minutes=10))


def test_other_failures_do_not_spend_the_quota(ledger):
    ledger.settle(ledger.send(CLIENT, NOON, QUESTION), Settled(NOON, "rate_limited", 429))
    assert not ledger.is_spent(CLIENT, NOON)


# --- what is stored -----------------------------------------------------------------------------------------


def test_the_ledger_has_the_question_and_the_outcome_of_each_request(tmp_path):
    refused = fails(400, "invalid_params", "No such field.")
    with RawServer([PAGE, refused]) as server, Asker(server.base, tmp_path) as asker:
        asker.ask()
        with pytest.raises(BadSettings):
            asker.ask(USERS)
    first, second = noted(tmp_path)
    assert first[1:] == (
        *("2023-03-15", "video/query", "collect", QUESTION.subject),
        *("ok", 200, EMPTY_PAGE["error"]["log_id"], None),
    )
    assert second[1:8] == (
        *("2023-03-15", "user/info", "users", "u"),
        *("bad_question", 400, EMPTY_PAGE["error"]["log_id"]),
    )
    assert second.answer == refused.split(b"\r\n\r\n")[1].decode()


def test_a_refused_answer_is_kept_verbatim_up_to_a_mebibyte(ledger):
    for text in ("¿qué? \ud83d \udcff \0", "x" * (2**20), "x" * (2**20) + "TAIL", ""):
        ledger.settle(ledger.send(CLIENT, NOON, QUESTION), Settled(NOON, "server_error", 500, "", text))
    odd, whole, cut, empty = (request.answer for request in ledger.requests())
    assert odd == "¿qué? \\ud83d \\udcff \0"
    assert whole == cut == "x" * 2**20
    assert empty == ""


def test_f50_no_key_secret_or_token_is_in_the_ledger_even_if_a_gateway_shows_what_it_was_sent(tmp_path):
    def echoes(connection, asked):
        connection.sendall(http(f"<html>{asked.headers}{asked.body.decode()}</html>", 502))

    with RawServer([echoes]) as server, Asker(server.base, tmp_path, secret=SECRET) as asker:
        with pytest.raises(RequestFailing) as error:
            asker.ask()
        assert f"Bearer {TOKEN}" == server.questions[0].headers["authorization"]
    answers = [request.answer for request in noted(tmp_path)]
    assert len(answers) == 6
    for text in (*answers, str(error.value), bytes_of(tmp_path).decode("latin-1")):
        assert TOKEN not in text
        assert SECRET not in text
    assert all("Bearer ***" in answer for answer in answers)


def test_f50_a_clients_name_distinguishes_clients_and_does_not_reveal_the_key(ledger, tmp_path):
    ledger.send(CLIENT, NOON, QUESTION)
    assert CLIENT == client_name(KEY) != client_name(KEY + "x")
    assert KEY.encode() not in bytes_of(tmp_path)
    assert CLIENT.encode() in bytes_of(tmp_path)
