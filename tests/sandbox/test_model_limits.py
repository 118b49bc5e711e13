"""Rate limits of the model endpoint: concurrent requests, and requests and tokens per minute."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from model_caller import text_part

from sandbox.model.limits import duration


@pytest.fixture
def whole(client):
    """The raw response to a short question, with its headers."""

    def ask_raw(text="x" * 4, **settings):
        messages = [{"role": "user", "content": text}]
        return client.chat.completions.with_raw_response.create(
            model="sandbox-vision", messages=messages, **settings
        )

    return ask_raw


def refused(call, **settings):
    with pytest.raises(openai.RateLimitError) as raised:
        call(**settings)
    assert raised.value.code == "rate_limit_exceeded"
    return raised.value


def left(headers, kind):
    return [headers[f"x-ratelimit-{what}-{kind}"] for what in ("limit", "remaining", "reset")]


def test_without_limits_there_are_no_limit_headers(whole):
    assert not [name for name in whole().headers if name.lower().startswith("x-ratelimit")]


def test_f47_the_request_limit_refills_one_by_one(sandbox, switch, whole):
    switch(model_requests_per_min=3)
    seen = [left(whole().headers, "requests") for _ in range(3)]
    assert seen == [["3", "2", "20s"], ["3", "1", "40s"], ["3", "0", "1m0s"]]
    error = refused(whole)
    assert error.type == "requests"
    assert "Limit 3, Used 3, Requested 1. Please try again in 20s." in error.message
    assert (error.response.headers["retry-after"], error.response.headers["retry-after-ms"]) == (
        "20",
        "20000",
    )
    sandbox.clock.advance(19.5)
    assert refused(whole).response.headers["retry-after-ms"] == "500"
    sandbox.clock.advance(0.5)
    assert whole()
    refused(whole)


def test_f47_the_token_limit_counts_the_prompt_or_the_maximum_of_the_answer(sandbox, switch, whole):
    switch(model_tokens_per_min=100)
    assert left(whole("x" * 200).headers, "tokens") == ["100", "50", "30s"]
    assert left(whole(max_completion_tokens=40).headers, "tokens") == ["100", "10", "54s"]
    error = refused(whole, text="x" * 80)
    assert error.type == "tokens"
    assert error.response.headers["retry-after"] == "6"
    too_large = refused(whole, text="x" * 404)
    assert "Request too large" in too_large.message
    assert "retry-after" not in too_large.response.headers
    sandbox.clock.advance(6)
    assert whole("x" * 80)


def test_a_refused_request_takes_nothing_from_either_limit(switch, whole):
    switch(model_requests_per_min=2, model_tokens_per_min=10)
    assert whole("x" * 40)
    error = refused(whole, text="x" * 40)
    assert left(error.response.headers, "requests") == ["2", "1", "30s"]


def test_the_limits_can_use_the_real_clock(sandbox, switch, whole):
    switch(model_requests_per_min=600, model_clock="real")
    assert left(whole().headers, "requests")[:2] == ["600", "599"]
    sandbox.clock.advance(-3600)
    assert whole()


def test_invalid_requests_are_not_charged(switch, whole):
    switch(model_requests_per_min=1)
    with pytest.raises(openai.BadRequestError):
        whole(temperature=3)
    assert whole()


def test_f47_too_many_concurrent_requests_are_refused_and_the_maximum_is_reported(
    sandbox, session, switch, client
):
    switch(model_at_once=2, model_latency_s=0.3)
    started = threading.Barrier(4)

    def ask(number):
        started.wait()
        try:
            client.chat.completions.create(
                model="sandbox-vision", messages=[{"role": "user", "content": f"hi {number}"}]
            )
        except openai.RateLimitError as error:
            return error
        return None

    with ThreadPoolExecutor(4) as pool:
        errors = [error for error in pool.map(ask, range(4)) if error]
    assert len(errors) == 2
    headers = errors[0].response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "250")
    assert left(headers, "requests") == ["2", "0", "250ms"]
    traffic = session.get(f"{sandbox.base}/__sandbox__/traffic", timeout=10).json()["v1"]
    assert 2 <= traffic["most_at_once"] <= 4
    assert 1 < traffic["mean_at_once"] <= 4
    assert traffic["busy_s"] >= 0.3


def test_completions_run_in_parallel(switch, ask):
    switch(model_latency_s=0.3)
    ask(text_part("hi"))
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(text_part("hi")), range(4)))
    assert time.monotonic() - began < 0.9


def test_the_clients_own_retries_pass_a_limit(sandbox, switch):
    switch(model_at_once=1, model_latency_s=0.05)
    patient = openai.OpenAI(base_url=sandbox.model, api_key="sandbox", max_retries=8)
    messages = [{"role": "user", "content": "hi"}]
    with patient, ThreadPoolExecutor(3) as pool:
        answers = pool.map(
            lambda _: patient.chat.completions.create(model="sandbox-vision", messages=messages), range(3)
        )
        assert len([answer.id for answer in answers]) == 3


@pytest.mark.parametrize(
    ("seconds", "written_as"),
    [(0.012, "12ms"), (0, "0ms"), (1, "1s"), (7.66, "7.66s"), (59.5, "59.5s"), (60, "1m0s"), (366, "6m6s")],
)
def test_a_duration_is_written_as_openai_writes_it(seconds, written_as):
    assert duration(seconds) == written_as
