"""An overloaded host is waited for, and only a long time without answers ends that."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from scripted_endpoint import Endpoint, Scripted, completion, conf, fails, llm, new_folder, says

from gettok.describe.step import threads_for
from gettok.errors import Interrupted, NotNow, Stop, Unusable
from gettok.llm import CallLog, ModelCall, Question
from gettok.llm.client import ChatClient
from gettok.llm.rate_limit import Clock, interruptible_clock
from gettok.llm.response import Reply
from gettok.settings import Llm
from gettok.settings.secrets import Secret
from sandbox.clock import START
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["support", "neutral"]}},
    "required": ["label"],
    "additionalProperties": False,
}
OPENAI = Llm.model_validate(
    conf("llm/openai.yaml") | {"model": "sandbox-vision", "max_tokens_param": "max_completion_tokens"}
)


class Time:
    """Passes at once when a thread sleeps."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def now(self) -> float:
        return sum(self.pauses)


def call(number: int = 0) -> ModelCall:
    return ModelCall(Question("r", (f"q{number} Castillo",), "stance", SCHEMA))


def all_answered(llm: Llm, folder: Path, questions: int, **limits: Any) -> tuple[float, int]:
    """Ask a sandbox with these limits; returns the seconds on its clock, and how often it rejected."""
    (folder / "videos.json").write_text("[]")
    with Sandbox(corpus=folder, profile=replace(profile_named("clean"), **limits)) as sandbox:

        def now() -> float:
            return (sandbox.clock.now() - START).total_seconds()

        call_log = CallLog(new_folder(), None)
        client = ChatClient(
            llm, sandbox.model, Secret("sandbox"), call_log, Clock(sandbox.clock.advance, now)
        )
        with closing(client), ThreadPoolExecutor(threads_for(llm)) as threads:
            replies = list(threads.map(client.reply, map(call, range(questions))))
        assert [reply.status for reply in replies] == [200] * questions
        return now(), sum(entry["status"] == 429 for entry in sandbox.requests())


@pytest.mark.parametrize(("a_minute", "max_concurrency"), [(30_000, 8), (60_000, 1)])
def test_f47_a_steady_limit_by_the_minute_only_slows_a_run_down(
    tmp_path: Path, a_minute: int, max_concurrency: int
) -> None:
    """The bucket is full at first, and a question costs its longest answer."""
    chosen = OPENAI.model_copy(update={"max_concurrency": max_concurrency})
    needed_s = (60 * OPENAI.max_tokens - a_minute) * 60 / a_minute
    took_s, rejected = all_answered(chosen, tmp_path, 60, model_tokens_per_min=a_minute)
    assert needed_s - 1 <= took_s <= 1.05 * needed_s + 60
    assert rejected <= 60 * 3


def test_f47_a_host_that_accepts_only_a_quarter_gets_fewer_at_once(tmp_path: Path) -> None:
    chosen = OPENAI.model_copy(update={"max_concurrency": 16})
    _, rejected = all_answered(chosen, tmp_path, 60, model_at_once=4, model_latency_s=0.15)
    assert rejected > 0


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


Asking = Callable[..., tuple[ChatClient, Time]]


@pytest.fixture
def asking(endpoint: Endpoint) -> Iterator[Asking]:
    """A client of the endpoint, and its time."""
    made: list[ChatClient] = []

    def asking(script: Sequence[Scripted], **changes: Any) -> tuple[ChatClient, Time]:
        endpoint.plays(*script)
        time = Time()
        call_log = CallLog(new_folder(), None)
        client = ChatClient(llm(**changes), endpoint.url, Secret("k"), call_log, Clock(time.sleep, time.now))
        made.append(client)
        return client, time

    yield asking
    for client in made:
        client.close()


def overloaded(**headers: str) -> Scripted:
    return fails(429, "rate_limit_exceeded", **headers)


@pytest.mark.parametrize(
    "busy",
    [
        overloaded(),
        overloaded(Retry_After="5"),
        fails(529, "overloaded_error"),
        fails(503, "overloaded_error"),
    ],
)
def test_f47_an_overloaded_host_costs_no_attempt(asking: Asking, busy: Scripted) -> None:
    client, _ = asking([*[busy] * 9, fails(500), *[busy] * 3, says("red")], max_attempts=2)
    assert client.reply(call()).text == completion("red").decode()


def test_f47_nor_does_it_use_up_the_retry_budget(asking: Asking) -> None:
    busy = [*[overloaded(Retry_After="1")] * 6, says("red")]
    client, _ = asking([*busy * 10, fails(500), says("red")])
    replies = [client.reply(call(number)) for number in range(11)]
    assert all(reply.status == 200 for reply in replies)


def test_f47_without_a_time_to_wait_each_pause_is_longer(asking: Asking) -> None:
    client, time = asking([*[overloaded()] * 5, says("red")])
    client.reply(call())
    assert all(2 * 2**n <= pause <= 4 * 2**n for n, pause in enumerate(time.pauses[:4]))
    assert len(time.pauses) == 5


def test_f47_a_time_to_wait_holds_for_all(asking: Asking) -> None:
    client, time = asking([overloaded(Retry_After="120"), overloaded(Retry_After="30"), says("red")])
    client.reply(call())
    assert time.pauses == [120, 30]


def test_f47_without_a_time_to_wait_the_reset_of_the_limit_holds(asking: Asking) -> None:
    reset = {"X_RateLimit_Reset_Requests": "1m30s", "X_RateLimit_Remaining_Requests": "0"}
    asked = overloaded(Retry_After="7", **reset)
    far = overloaded(X_RateLimit_Reset_Tokens="24h0m0s")
    client, time = asking([overloaded(**reset), asked, far, says("red")])
    client.reply(call())
    assert time.pauses[:2] == [90, 7]
    assert [pause <= 60 for pause in time.pauses[2:]] == [True]


def test_f47_the_reset_of_a_limit_that_was_not_exceeded_holds_nothing(asking: Asking) -> None:
    client, time = asking([fails(500, X_RateLimit_Reset_Requests="5m0s"), says("red")])
    client.reply(call())
    assert max(time.pauses) <= 60


@pytest.mark.parametrize("busy", [overloaded, partial(fails, 503), partial(fails, 500, "server_error")])
@pytest.mark.parametrize("asked", ["601", "3600", "9" * 400])
def test_f47_a_longer_wait_than_ten_minutes_ends_the_run_at_once_and_says_when_to_come_back(
    asking: Asking, busy: Callable[..., Scripted], asked: str
) -> None:
    client, time = asking([busy(Retry_After=asked)])
    before = datetime.now(UTC)
    with pytest.raises(NotNow, match=r"asks to wait [\d,]+ minutes") as caught:
        client.reply(call())
    assert time.pauses == []
    assert caught.value.did.startswith("stopped, as a run waits 10 minutes at most")
    back = caught.value.can.removeprefix("run the same command again after ").removesuffix(" UTC")
    wait_s = (datetime.fromisoformat(f"{back}+00:00") - before).total_seconds()
    assert abs(wait_s - min(float(asked), 1e9)) <= 60


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "7"}, {"Retry_After": "600"}])
def test_f47_a_host_that_answers_no_question_is_given_up_after_ten_minutes(
    asking: Asking, headers: dict[str, str]
) -> None:
    client, time = asking([overloaded(**headers)] * 200, max_attempts=1)
    with pytest.raises(NotNow, match="no capacity for any question for 10 minutes: 429") as caught:
        client.reply(call())
    assert 600 <= time.now() <= 660
    assert caught.value.did == "asked again whenever the endpoint said to; every earlier answer is kept"


def test_f47_an_answer_restarts_the_ten_minutes(asking: Asking) -> None:
    waiting = overloaded(Retry_After="60")
    client, time = asking([*[waiting] * 9, says("red"), *[waiting] * 9, says("red")])
    assert {client.reply(call(number)).status for number in range(2)} == {200}
    assert time.now() == 18 * 60


def test_f47_after_it_is_given_up_no_question_waits_again(asking: Asking) -> None:
    client, time = asking([overloaded(Retry_After="60")] * 40)

    def outcome(number: int) -> type[Exception] | Reply:
        try:
            return client.reply(call(number))
        except NotNow as error:
            return type(error)

    assert [outcome(number) for number in range(5)] == [NotNow] * 5
    assert time.now() == 600


def test_f47_an_overload_at_the_tiny_question_does_not_count_against_the_host(asking: Asking) -> None:
    client, _ = asking([fails(500), overloaded(Retry_After="9"), says("yes")], max_attempts=1)
    with pytest.raises(Unusable, match=r"^unanswered"):
        client.reply(call())


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "60"}])
def test_f36_a_wait_for_capacity_ends_at_the_signal_to_stop(
    endpoint: Endpoint, headers: dict[str, str]
) -> None:
    endpoint.plays(overloaded(**headers), says("red"))
    stop = Event()
    stop.set()
    with (
        closing(
            ChatClient(
                llm(), endpoint.url, Secret("k"), CallLog(new_folder(), None), interruptible_clock(stop)
            )
        ) as client,
        pytest.raises(Interrupted),
    ):
        client.reply(call())


def test_f47_an_empty_account_is_not_a_rate_limit(asking: Asking) -> None:
    client, time = asking([fails(429, "insufficient_quota", Retry_After="1")])
    with pytest.raises(Stop, match="top up"):
        client.reply(call())
    assert time.pauses == []
