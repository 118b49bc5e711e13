"""What a host does wrong is asked again, left for the next run, or stops it with what to do."""

from pathlib import Path

import pytest
from chat_bench import Bench, colour
from scripted_endpoint import CANARY, Scripted, completion, fails, llm, says

from gettok.errors import BadCredentials, BadSettings, NotNow, Stop
from gettok.llm import CallLog
from gettok.llm.client import ChatClient, pause_s
from gettok.settings.secrets import Secret


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_f47_trouble_that_may_pass_is_asked_again(bench: Bench, status: int) -> None:
    replies = bench.ask(fails(status, "rate_limit_exceeded"), fails(status), says({"colour": "red"}))
    assert colour(replies[0]) == "red"
    assert len(bench.pauses) == 2
    assert bench.endpoint.asked[0] == bench.endpoint.asked[2]


@pytest.mark.parametrize("does", ["hang_up", "cut"])
def test_f09_a_connection_that_breaks_is_asked_again(bench: Bench, does: str) -> None:
    broken = Scripted(body=completion({"colour": "red"}), does=does)
    assert colour(bench.ask(broken, says({"colour": "blue"}))[0]) == "blue"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Maintenance</html>",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        b'{"error": {"message": "upstream"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_f15_a_200_without_an_answer_is_not_an_answer(bench: Bench, body: bytes) -> None:
    with pytest.raises(NotNow, match="200 without an answer"):
        bench.ask(Scripted(body=body), Scripted(body=body), max_attempts=2)


def test_f47_a_silent_server_is_given_up_after_the_time_limit_and_the_last_attempt(bench: Bench) -> None:
    with pytest.raises(NotNow, match="silent for more than 1 s") as caught:
        bench.ask(Scripted(does="hang"), timeout_s=1, max_attempts=1)
    assert (caught.value.exit_code, caught.value.did) == (75, "asked 1 time; every earlier answer is kept")


def test_f47_trouble_without_end_is_not_now_after_the_last_attempt(bench: Bench) -> None:
    with pytest.raises(NotNow, match="503 server_error"):
        bench.ask(*[fails(503, "server_error")] * 4)
    assert len(bench.endpoint.asked) == 4  # the last is a tiny one, to see whether the host fails on all
    assert len(bench.pauses) == 2


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After_Ms": "2500", "Retry_After": "9"}, 2.5),
        ({"Retry_After": "120"}, 120),
        ({"Retry_After": "600"}, 600),
        ({"Retry_After": "Wed, 15 Mar 2023 12:00:09 GMT", "Date": "Wed, 15 Mar 2023 12:00:00 GMT"}, 9),
    ],
)
def test_f47_the_pause_is_as_the_server_asks_up_to_ten_minutes(
    bench: Bench, headers: dict[str, str], least: float
) -> None:
    bench.ask(fails(429, "rate_limit_exceeded", **headers), says({"colour": "red"}))
    bench.ask(fails(503, **headers), says({"colour": "red"}))
    assert bench.pauses[0] == least
    assert least <= bench.pauses[1] <= least + 1


@pytest.mark.parametrize(
    "nonsense", ["soon", "-5", "nan", "1e400", "²", "0", "Wed, 15 Mar 1995 11:00:00 GMT"]
)
def test_f47_a_retry_after_that_makes_no_sense_falls_back_to_our_own_pause(
    bench: Bench, nonsense: str
) -> None:
    bench.ask(fails(429, Retry_After=nonsense.encode().decode("latin-1")), says({"colour": "red"}))
    assert 2 <= bench.pauses[0] <= 4  # four seconds, spread: most hosts count by the minute


def test_pauses_double_and_stay_under_a_minute() -> None:
    assert all(2**tried / 4 <= pause_s(tried, None) <= 2**tried / 2 for tried in range(1, 7))
    longest = [pause_s(500, None) for _ in range(300)]
    assert 30 <= min(longest) < 33
    assert 57 < max(longest) <= 60


def test_f47_an_empty_account_stops_at_once_and_says_to_top_up(bench: Bench) -> None:
    with pytest.raises(Stop, match="top up") as caught:
        bench.ask(fails(429, "insufficient_quota", Retry_After="1"))
    assert not isinstance(caught.value, NotNow)
    with pytest.raises(Stop, match="top up"):
        bench.ask(fails(402, "", "Insufficient Balance"))
    assert bench.pauses == []


@pytest.mark.parametrize("status", [401, 403])
def test_f50_a_refused_key_names_the_variable_and_never_the_key(bench: Bench, status: int) -> None:
    with pytest.raises(BadCredentials, match="GETTOK_TEST_KEY") as caught:
        bench.ask(fails(status, "invalid_api_key", f"Incorrect API key provided: {CANARY}"))
    assert caught.value.__cause__ is None
    assert "canary" not in str(caught.value)


def test_an_unknown_model_is_a_wrong_setting(bench: Bench) -> None:
    with pytest.raises(BadSettings, match=r"correct llm\.model"):
        bench.ask(fails(404, "model_not_found"))


def test_a_request_that_the_server_does_not_take_is_a_wrong_setting_with_its_message(bench: Bench) -> None:
    with pytest.raises(BadSettings, match=r"'temperature' does not support 0\.0"):
        bench.ask(fails(400, "unsupported_value", "'temperature' does not support 0.0"))


@pytest.mark.parametrize("address", ["sandbox:", "models.example/v1", "file:///etc/passwd", "http://"])
def test_an_address_that_is_not_a_url_is_refused_before_any_request(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"llm\.base_url"):
        ChatClient(llm(), address, Secret(CANARY), CallLog(tmp_path, None))


def test_a_proxy_of_the_environment_is_not_used_for_loopback(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert colour(bench.ask(says({"colour": "red"}), max_attempts=1)[0]) == "red"
