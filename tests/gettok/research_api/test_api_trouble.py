"""Server errors as the client handles them: what is asked again, what each attempt costs, and how it ends."""

import pytest
from api_caller import PAGE, Asker, RawServer, fails, noted, outcomes, questions

from gettok.errors import NotNow
from gettok.research_api import QuotaExhausted, RequestFailing, RetryPolicy, as_not_now


def test_f01_the_same_question_is_asked_again_and_each_try_is_charged(asking):
    sandbox, asker = asking(["500", "500"])
    page = asker.ask()
    assert [entry["status"] for entry in questions(sandbox)] == [500, 500, 200]
    assert len({entry["body_sha256"] for entry in questions(sandbox)}) == 1
    assert len(page.data["videos"]) == 1
    assert asker.used == 3
    assert outcomes(asker) == ["server_error", "server_error", "ok"]
    assert 0.5 <= asker.waits[0] < 1 <= asker.waits[1] < 2


def test_f02_lasting_trouble_is_failing_after_six_tries_that_are_all_charged(asking):
    sandbox, asker = asking([{"do": "500", "times": None}])
    with pytest.raises(RequestFailing, match=r"internal_error: .* 6 times"):
        asker.ask()
    assert len(questions(sandbox)) == asker.used == len(noted(asker.root)) == 6
    assert len(asker.waits) == 5
    assert set(outcomes(asker)) == {"server_error"}
    assert all("internal_error" in request.answer for request in noted(asker.root))
    assert all(request.log_id.startswith("20230315") for request in noted(asker.root))


def test_f02_the_bounds_of_the_policy_hold_for_a_question_with_changing_troubles(asking):
    script = ["500", "401", "truncated_json", "429_rate", "reset", "200_html", "504_html", "ok"]
    sandbox, asker = asking(script, policy=RetryPolicy(max_attempts=5))
    with pytest.raises(RequestFailing):
        asker.ask()
    assert len(questions(sandbox)) == asker.used == 5
    assert len([entry for entry in sandbox.requests() if "oauth" in entry["path"]]) == 2


def test_f02_all_waits_of_a_question_together_are_bounded(tmp_path):
    trouble = fails(500, "internal_error", retry_after="60")
    policy = RetryPolicy(max_total_s=150)
    with RawServer([trouble]) as server, Asker(server.base, tmp_path, policy=policy) as asker:
        with pytest.raises(RequestFailing, match="3 times"):
            asker.ask()
        assert asker.waits == [60, 60]
        assert len(server.questions) == 3


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("200_html", "server_error"),
        ("503_html", "server_error"),
        ("504_html", "server_error"),
        ("400_trouble", "server_error"),
        ("truncated_json", "damaged"),
        ("garbled", "damaged"),
        ("deep_json", "damaged"),
        ("cut", "unreachable"),
        ("cut_chunked", "unreachable"),
        ("cut_close", "damaged"),
        ("reset", "unreachable"),
        ("400_cursor", "cursor_refused"),
        ("429_rate", "rate_limited"),
    ],
)
def test_f08_f09_f15_f21_what_is_not_a_complete_page_is_charged_and_asked_again(asking, fault, outcome):
    sandbox, asker = asking([fault])
    assert len(asker.ask().data["videos"]) == 1
    assert len(questions(sandbox)) == asker.used == 2
    assert outcomes(asker) == [outcome, "ok"]
    assert len(asker.waits) == 1


@pytest.mark.parametrize("fault", ["long_number", "nan", "duplicate_keys"])
def test_f21_an_odd_number_does_not_cost_a_page(asking, fault):
    _, asker = asking([fault])
    assert len(asker.ask().data["videos"]) == 1
    assert asker.used == 1


def test_f15_what_a_proxy_says_is_shown(asking):
    _, asker = asking([{"do": "200_html", "times": None}])
    with pytest.raises(RequestFailing, match=r"HTTP 200, not JSON: .*<title>Maintenance</title>") as error:
        asker.ask()
    error = as_not_now(error.value)
    assert (type(error), error.exit_code) == (NotNow, 75)
    assert "Maintenance" in error.what


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        ("7", 7, 7),
        ("60", 60, 60),
        ("120", 120, 120),
        ("600", 600, 600),
        ("soon", 10, 15),
        ("-5", 10, 15),
        ("²", 10, 15),
        ("Wed, 15 Mar 2023 13:00:00 GMT", 10, 15),
        ("", 10, 15),
        (None, 10, 15),
    ],
)
@pytest.mark.parametrize("name", ["Retry_After", "retry_after"])
def test_f03_retry_after_is_honoured_and_ignored_when_absurd(tmp_path, header, least_s, most_s, name):
    headers = {} if header is None else {name: header}
    script = [fails(429, "rate_limit_exceeded", **headers), PAGE]
    with RawServer(script) as server, Asker(server.base, tmp_path) as asker:
        asker.ask()
        assert len(asker.waits) == 1
        assert least_s <= asker.waits[0] <= most_s


@pytest.mark.parametrize("asked", ["601", "86400", "9" * 400])
@pytest.mark.parametrize("trouble", [(429, "rate_limit_exceeded"), (503, "internal_error")])
def test_f03_a_longer_wait_than_ten_minutes_ends_the_run_and_says_when_to_come_back(tmp_path, trouble, asked):
    with RawServer([fails(*trouble, retry_after=asked)]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(QuotaExhausted, match="asks to wait") as error:
            asker.ask()
        assert asker.waits == []
    assert f"{error.value.back_at:%Y-%m-%d %H:%M} UTC" in error.value.can


def test_f03_a_rate_limit_that_does_not_end_is_not_the_windows_fault(asking):
    sandbox, asker = asking([{"do": "429_rate", "times": None}])
    with pytest.raises(NotNow, match="too fast") as error:
        asker.ask()
    assert not isinstance(error.value, QuotaExhausted)
    assert error.value.exit_code == 75
    assert len(questions(sandbox)) == 6
