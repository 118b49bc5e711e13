"""A question to the client: what it waits for, what it costs, and how it ends, against the sandbox's API."""

import json
import pickle
import threading
import time
from datetime import UTC, datetime

import pytest
from api_caller import OK, PAGE, QUESTION, Asker, RawServer, fails, http, noted, outcomes, questions

from gettok.errors import BadSettings, Interrupted, Stop
from gettok.research_api import (
    AccessDenied,
    ApiCall,
    Page,
    QuotaExhausted,
    RequestFailing,
    RetryPolicy,
    SearchExpired,
    Verdict,
    as_not_now,
)
from sandbox.profiles import Profile

USER = ApiCall(
    "user/info",
    {"username": "author"},
    "users",
    "author",
    fields="display_name",
    accepts=frozenset({Verdict.ACCEPTED, Verdict.DECLINED}),
)


# --- the answer --------------------------------------------------------------------------------------------


def test_an_answer_is_a_page_verbatim_with_its_question_and_the_servers_time(tmp_path):
    body = '{"data": {"videos": [],  "has_more": false}, "error": {"code": "ok"}}\n'
    with RawServer([http(body, X_Tt_Logid="L1")]) as server, Asker(server.base, tmp_path) as asker:
        page = asker.ask()
        (asked,) = server.questions
    assert page.request == {"path": "/research/video/query/?fields=id", "body": dict(QUESTION.body)}
    assert (asked.path, json.loads(asked.body)) == (page.request["path"], page.request["body"])
    assert asked.headers["content-type"] == "application/json"
    assert (page.status, page.text, page.headers["X-Tt-Logid"]) == (200, body, "L1")
    assert page.observed_at == datetime(2023, 3, 15, 12, tzinfo=UTC)
    assert page.data == {"videos": [], "has_more": False}
    assert Page.from_json(json.loads(json.dumps(page.to_json()))) == page


def test_a_file_is_sent_as_a_form(tmp_path):
    call = ApiCall(
        "validation_task/create", {"category": "video"}, "refresh", "2 ids", file=("ids.txt", b"1\n2")
    )
    with (
        RawServer([http({"data": {"task_id": 1}, "error": OK})]) as server,
        Asker(server.base, tmp_path) as asker,
    ):
        asker.ask(call)
        (asked,) = server.questions
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="category"\r\n\r\nvideo\r\n' in asked.body
    assert b'name="file_data"; filename="ids.txt"\r\n\r\n1\n2\r\n' in asked.body


def test_a_list_of_ids_is_handed_on_as_it_came(tmp_path):
    call = ApiCall("validation_task/download", {"task_id": 1}, "refresh", "1", is_id_list=True)
    with RawServer([http("7\n8\n")]) as server, Asker(server.base, tmp_path) as asker:
        assert asker.ask(call).text == "7\n8\n"


@pytest.mark.parametrize("source", ["by the script", "by the endpoint"])
def test_a_500_with_usable_data_is_an_answer(asking, source):
    scripted = source == "by the script"
    profile = Profile(user_500_with_data=not scripted)
    _, asker = asking([{"do": "500_with_data", "match": "user/info"}] * scripted, profile)
    page = asker.ask(USER)
    assert page.status == 500
    assert "display_name" in page.data
    assert asker.waits == []
    assert outcomes(asker) == ["ok"]


def test_a_user_who_is_gone_is_an_answer_where_the_question_takes_it_for_one(asking):
    _, asker = asking(profile=Profile(gone_users=frozenset({"author"})))
    assert "cannot find the user" in asker.ask(USER).text
    assert asker.api.failures == 0
    with pytest.raises(BadSettings, match="cannot find the user"):
        asker.ask(ApiCall("user/info", USER.body, "users", "author", fields="display_name"))


# --- what a person must correct, and what the caller must -------------------------------------------------------


def test_f07_an_unknown_code_stops_the_run_names_the_log_id_and_keeps_the_answer(asking):
    sandbox, asker = asking(["200_error"])
    with pytest.raises(Stop, match=r"unheard_of: A code that no document lists \(log_id 20230315") as error:
        asker.ask()
    assert type(error.value) is Stop
    assert len(questions(sandbox)) == 1
    (request,) = noted(asker.root)
    assert request.outcome == "unknown_code"
    assert json.loads(request.answer)["error"]["code"] == "unheard_of"


def test_a_question_that_is_not_accepted_is_shown_as_it_was_sent(tmp_path):
    refusal = fails(400, "invalid_params", "Unknown field_name: hashtag")
    body = {"query": {"and": [{"field_name": "hashtag", "field_values": ["¡perú!"]}]}, "padding": "x" * 5000}
    with RawServer([refusal]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(BadSettings, match="Unknown field_name: hashtag") as error:
            asker.ask(ApiCall("video/query", body, "collect", "w"))
        assert len(server.questions) == 1
    assert '"field_name": "hashtag", "field_values": ["¡perú!"]' in error.value.did
    assert len(error.value.did) < 2200
    assert error.value.exit_code == 78


def test_an_endpoint_that_the_client_may_not_use_is_denied_without_a_new_token(asking):
    sandbox, asker = asking(profile=Profile(denied=frozenset({"/v2/research/user/info/"})))
    with pytest.raises(AccessDenied, match="scope_not_authorized"):
        asker.ask(USER)
    asker.ask()
    assert len([entry for entry in sandbox.requests() if "oauth" in entry["path"]]) == 1
    assert len(questions(sandbox)) == 2


@pytest.mark.parametrize(("old", "attempts"), [(False, 6), (True, 2)])
def test_f05_a_search_that_stays_unknown_is_lost_and_an_old_one_sooner(tmp_path, old, attempts):
    refusal = fails(400, "invalid_params", "Search Id 7378809778820092971 is invalid or expired")
    call = ApiCall("video/query", {"search_id": "7378809778820092971"}, "collect", "w", old_search=old)
    with RawServer([refusal]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(SearchExpired, match="is invalid or expired") as error:
            asker.ask(call)
        assert len(server.questions) == asker.used == attempts
        assert asker.waits == [2, 4, 8, 15, 30][: attempts - 1]
    assert as_not_now(error.value).exit_code == 75


def test_f06_a_cursor_that_stays_refused_is_failing(asking):
    sandbox, asker = asking([{"do": "400_cursor", "times": None}])
    with pytest.raises(RequestFailing, match="Invalid count or cursor"):
        asker.ask()
    assert len(questions(sandbox)) == 6


# --- a signal ------------------------------------------------------------------------------------------------


def test_a_signal_ends_a_wait_at_once(tmp_path):
    script = [fails(429, "rate_limit_exceeded", retry_after="60")]
    with RawServer(script) as server, Asker(server.base, tmp_path, sleep=None) as asker:
        threading.Timer(0.1, asker.api.stop.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            asker.ask()
        assert time.monotonic() - began < 5
        assert asker.used == len(server.questions) == 1


def test_f36_what_is_in_flight_when_a_signal_comes_is_finished_and_nothing_follows(tmp_path):
    def answers_and_signals(connection, _):
        asker.api.stop.set()
        connection.sendall(PAGE)

    with RawServer([answers_and_signals]) as server, Asker(server.base, tmp_path) as asker:
        assert asker.ask().status == 200
        with pytest.raises(Interrupted):
            asker.ask()
        assert asker.used == len(server.questions) == 1


def test_waits_are_real_where_nothing_takes_their_place(tmp_path):
    script = [fails(429, "rate_limit_exceeded", retry_after="1"), PAGE]
    settings = {"sleep": None, "policy": RetryPolicy(max_wait_s=0.2)}
    with RawServer(script) as server, Asker(server.base, tmp_path, **settings) as asker:
        began = time.monotonic()
        asker.ask()
        assert 0.2 <= time.monotonic() - began < 3


def test_an_error_that_says_when_to_come_back_crosses_processes_whole():
    error = QuotaExhausted("what", "did", "can", datetime(2023, 3, 16, 0, 2, tzinfo=UTC))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.back_at) == (QuotaExhausted, str(error), error.back_at)
    assert (copy.what, copy.did, copy.can, copy.exit_code) == ("what", "did", "can", 75)
