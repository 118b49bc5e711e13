"""A host that has no room for a question now is waited for; only time ends that."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from scripted_endpoint import Endpoint, Scripted, completion, conf, fails, llm, new_folder, says

from gettok.describe import threads_for
from gettok.errors import Interrupted, NotNow, Stop, Unusable
from gettok.llm import Asker, Call, Calls, Question
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
    """Passes where somebody sleeps, and at once."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def now(self) -> float:
        return sum(self.pauses)


def call(number: int = 0) -> Call:
    return Call(Question("r", (f"q{number} Castillo",), "stance", SCHEMA))


def all_answered(llm: Llm, folder: Path, questions: int, **limits: Any) -> tuple[float, int]:
    """Asks so many questions of a sandbox with these limits; gives the seconds of its own time, and its refusals."""
    (folder / "videos.json").write_text("[]")
    with Sandbox(corpus=folder, profile=replace(profile_named("clean"), **limits)) as sandbox:

        def now() -> float:
            return (sandbox.clock.now() - START).total_seconds()

        calls = Calls(new_folder(), None)
        asker = Asker(llm, sandbox.model, Secret("sandbox"), calls, Clock(sandbox.clock.advance, now))
        with closing(asker), ThreadPoolExecutor(threads_for(llm)) as threads:
            replies = list(threads.map(asker.reply, map(call, range(questions))))
        assert [reply.status for reply in replies] == [200] * questions
        return now(), sum(entry["status"] == 429 for entry in sandbox.requests())


@pytest.mark.parametrize(("a_minute", "max_concurrency"), [(30_000, 8), (60_000, 1)])
def test_f47_a_steady_limit_by_the_minute_only_slows_a_run_down(
    tmp_path: Path, a_minute: int, at_once: int
) -> None:
    """The bucket is full at first, and a question costs its longest answer."""
    chosen = OPENAI.model_copy(update={"max_concurrency": at_once})
    needed_s = (60 * OPENAI.max_tokens - a_minute) * 60 / a_minute
    took_s, refused = all_answered(chosen, tmp_path, 60, model_tokens_per_min=a_minute)
    assert needed_s - 1 <= took_s <= 1.05 * needed_s + 60
    assert refused <= 60 * 3


def test_f47_a_host_with_room_for_a_quarter_only_gets_fewer_at_once(tmp_path: Path) -> None:
    chosen = OPENAI.model_copy(update={"max_concurrency": 16})
    _, refused = all_answered(chosen, tmp_path, 60, model_at_once=4, model_latency_s=0.15)
    assert refused > 0


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


Asking = Callable[..., tuple[Asker, Time]]


@pytest.fixture
def asking(endpoint: Endpoint) -> Iterator[Asking]:
    """An asker of the endpoint, and its time."""
    made: list[Asker] = []

    def asking(script: Sequence[Scripted], **changes: Any) -> tuple[Asker, Time]:
        endpoint.plays(*script)
        time = Time()
        calls = Calls(new_folder(), None)
        asker = Asker(llm(**changes), endpoint.url, Secret("k"), calls, Clock(time.sleep, time.now))
        made.append(asker)
        return asker, time

    yield asking
    for asker in made:
        asker.close()


def no_room(**headers: str) -> Scripted:
    return fails(429, "rate_limit_exceeded", **headers)


@pytest.mark.parametrize(
    "busy",
    [no_room(), no_room(Retry_After="5"), fails(529, "overloaded_error"), fails(503, "overloaded_error")],
)
def test_f47_to_be_told_that_there_is_no_room_costs_no_try(asking: Asking, busy: Scripted) -> None:
    asker, _ = asking([*[busy] * 9, fails(500), *[busy] * 3, says("red")], tries=2)
    assert asker.reply(call()).text == completion("red").decode()


def test_f47_nor_does_it_use_up_what_a_run_may_repeat(asking: Asking) -> None:
    busy = [*[no_room(Retry_After="1")] * 6, says("red")]
    asker, _ = asking([*busy * 10, fails(500), says("red")])
    replies = [asker.reply(call(number)) for number in range(11)]
    assert all(reply.status == 200 for reply in replies)


def test_f47_whoever_is_told_no_time_waits_longer_each_time_and_alone(asking: Asking) -> None:
    asker, time = asking([*[no_room()] * 5, says("red")])
    asker.reply(call())
    assert all(2 * 2**n <= pause <= 4 * 2**n for n, pause in enumerate(time.pauses[:4]))
    assert len(time.pauses) == 5


def test_f47_a_time_that_is_told_is_for_everybody_and_looked_at_again_after_a_minute(asking: Asking) -> None:
    asker, time = asking([no_room(Retry_After="90"), no_room(Retry_After="30"), says("red")])
    asker.reply(call())
    assert time.pauses == [60, 30]


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "7"}, {"Retry_After": "3600"}])
def test_f47_a_host_without_room_for_any_question_is_given_up_after_ten_minutes(
    asking: Asking, headers: dict[str, str]
) -> None:
    asker, time = asking([no_room(**headers)] * 200, tries=1)
    with pytest.raises(NotNow, match="no room for any question for 10 minutes: 429") as caught:
        asker.reply(call())
    assert 600 <= time.now() <= 660
    assert caught.value.did == "asked again whenever it said to; every earlier answer is kept"


def test_f47_one_answer_begins_the_ten_minutes_anew(asking: Asking) -> None:
    told = no_room(Retry_After="60")
    asker, time = asking([*[told] * 9, says("red"), *[told] * 9, says("red")])
    assert {asker.reply(call(number)).status for number in range(2)} == {200}
    assert time.now() == 18 * 60


def test_f47_after_it_is_given_up_nobody_is_made_to_wait_once_more(asking: Asking) -> None:
    asker, time = asking([no_room(Retry_After="60")] * 40)

    def outcome(number: int) -> type[Exception] | Reply:
        try:
            return asker.reply(call(number))
        except NotNow as error:
            return type(error)

    assert [outcome(number) for number in range(5)] == [NotNow] * 5
    assert time.now() == 600


def test_f47_no_room_for_the_tiny_question_is_no_word_on_the_host(asking: Asking) -> None:
    asker, _ = asking([fails(500), no_room(Retry_After="9"), says("yes")], tries=1)
    with pytest.raises(Unusable, match=r"^unanswered"):
        asker.reply(call())


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "60"}])
def test_f36_nobody_waits_for_room_once_the_signal_to_stop_is_there(
    endpoint: Endpoint, headers: dict[str, str]
) -> None:
    endpoint.plays(no_room(**headers), says("red"))
    stop = Event()
    stop.set()
    with (
        closing(
            Asker(llm(), endpoint.url, Secret("k"), Calls(new_folder(), None), interruptible_clock(stop))
        ) as asker,
        pytest.raises(Interrupted),
    ):
        asker.reply(call())


def test_f47_a_spent_account_is_still_no_rate_limit(asking: Asking) -> None:
    asker, time = asking([fails(429, "insufficient_quota", Retry_After="1")])
    with pytest.raises(Stop, match="top up"):
        asker.reply(call())
    assert time.pauses == []
