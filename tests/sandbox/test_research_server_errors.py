"""Server errors of the Research API, by script and by chance."""

import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
from research_caller import error

from sandbox.profiles import Profile


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("500", 500, "internal_error"),
        ("429_rate", 429, "rate_limit_exceeded"),
        ("429_quota", 429, "daily_quota_limit_exceeded"),
        ("401", 401, "access_token_invalid"),
        ("400_cursor", 400, "invalid_params"),
        ("200_error", 200, "unheard_of"),
    ],
)
def test_a_scripted_error_has_its_documented_shape(calling, word, status, code):
    caller = calling(script=[{"do": word, "headers": {"Retry-After": "7"}}])
    answer = caller.query()
    assert error(answer)[:2] == (status, code)
    assert set(answer.json()["error"]) == {"code", "message", "log_id"}
    assert answer.headers["Retry-After"] == "7"


def test_pages_that_are_not_json_come_when_the_script_says(calling):
    caller = calling(script=["504_html", "200_html", "truncated_json"])
    answers = [caller.query() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [504, 200, 200, 200]
    kinds = [answer.headers["Content-Type"].partition(";")[0] for answer in answers]
    assert kinds == ["text/html", "text/html", "application/json", "application/json"]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answers[2].json()
    assert answers[3].content.startswith(answers[2].content)


@pytest.mark.parametrize("word", ["reset", "cut", "cut_chunked"])
def test_f09_a_broken_connection_is_seen_by_the_client(calling, word):
    caller = calling(script=[word])
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.query()
    assert caller.query().status_code == 200


def test_f09_only_the_parser_notices_a_close_delimited_cut(calling):
    answer = calling(script=["cut_close"]).query()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answer.json()


def test_f13_a_silent_server_runs_into_the_client_s_timeout(calling):
    caller = calling(script=["silent"])
    url = f"{caller.sandbox.research_api}/research/video/query/?fields=id"
    with pytest.raises(requests.ReadTimeout):
        caller.session.post(url, json={}, headers=caller.headers, timeout=0.2)


def test_chance_of_500_is_deterministic(calling):
    runs = []
    for _ in range(2):
        caller = calling(profile=Profile(p_500=0.5))
        runs.append([caller.query().status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_f01_wide_windows_fail_more_than_narrow_ones(calling):
    caller = calling(profile=Profile(p_500_per_day=1 / 31))
    wide = [caller.query().status_code for _ in range(20)]
    narrow = [caller.query(start_date="20221230", max_count=count).status_code for count in range(1, 21)]
    assert wide == [500] * 20
    assert 0 <= narrow.count(500) < 8


def test_f02_a_dead_date_always_fails_and_so_does_every_window_that_includes_it(calling):
    caller = calling(profile=Profile(dead_dates=frozenset({"20221210"})))
    windows = [
        ("20221201", "20221231"),
        ("20221210", "20221210"),
        ("20221211", "20221231"),
        ("20221201", "20221209"),
    ]
    statuses = [caller.query(start_date=start, end_date=end).status_code for start, end in windows * 2]
    assert statuses == [500, 500, 200, 200] * 2
    assert error(caller.query())[1] == "internal_error"


def test_the_gateway_can_time_out_by_chance(calling):
    answers = [calling(profile=Profile(p_504_html=0.5)).query(max_count=count) for count in range(1, 13)]
    assert {answer.status_code for answer in answers} == {200, 504}
    assert all("504 Gateway" in answer.text for answer in answers if answer.status_code == 504)


def test_f08_a_garbled_page_is_not_text(calling):
    answer = calling(script=["garbled"]).query()
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert answer.status_code == 200


@pytest.mark.parametrize(("word", "what"), [("deep_json", RecursionError), ("long_number", ValueError)])
def test_f21_json_can_be_too_much_for_a_parser(calling, word, what):
    answer = calling(script=[word]).query("id,view_count")
    with pytest.raises(what):
        json.loads(answer.content)


def test_f21_a_number_can_be_nan(calling):
    answer = calling(script=["nan"]).query("id,view_count")
    strange = []
    json.loads(answer.content, parse_constant=strange.append)
    assert strange == ["NaN"]


def test_f21_a_key_can_be_duplicated(calling):
    answer = calling(script=["duplicate_keys"]).query("view_count", max_count=1)
    pairs = json.loads(answer.content, object_pairs_hook=list)
    (row,) = dict(dict(pairs)["data"])["videos"]
    assert row == [("view_count", 0), ("view_count", 70)]


def test_a_server_error_can_come_as_400_or_with_data(calling):
    caller = calling(script=["400_trouble", "500_with_data"])
    status, code, message = error(caller.query())
    assert (status, code) == (400, "invalid_params")
    assert message.startswith(("Something", "Server"))
    answer = caller.query()
    assert answer.status_code == 500
    assert answer.json()["data"] == caller.query().json()["data"]
    assert answer.json()["error"]["message"] == ""


def test_f13_an_answer_can_arrive_byte_by_byte(calling):
    """Each byte arrives within a reader's timeout, but the whole answer never does."""
    caller = calling(script=["drip"])
    where = urlsplit(caller.sandbox.base)
    body = b"{}"
    head = (
        f"POST /v2/research/video/query/?fields=id HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: {caller.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=10) as wire:
        wire.sendall(head.encode() + body)
        got = b""
        while b"\r\n\r\n{" not in got:
            got += wire.recv(1000)
        assert got.endswith(b"\r\n\r\n{")
        assert wire.recv(1000) == b'"'
    assert caller.query().status_code == 200


def test_f13_a_client_that_gives_up_frees_the_server(calling):
    caller = calling(script=["drip"])
    url = f"{caller.sandbox.research_api}/research/video/query/?fields=id"
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        caller.session.post(url, json={}, headers=caller.headers, timeout=0.2)
    assert caller.query().status_code == 200
