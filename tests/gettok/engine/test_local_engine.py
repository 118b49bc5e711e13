"""The local engine hands back every outcome, keeps few in flight, and stops when asked to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Barrier, Event, get_ident

import pytest

from gettok.engine import LocalEngine
from gettok.errors import Interrupted, NotNow, Stop, Unusable
from gettok.step import Answer, Item, Workers


@dataclass(frozen=True)
class Doubling:
    """Doubles a number; odd ones are unusable, -1 is a bug, and -2 asks to come back later."""

    workers: Workers
    stage: str = "doubling"
    version: int = 1
    settings: dict = field(default_factory=dict)
    opened_by: list = field(default_factory=list)

    def open(self) -> None:
        self.opened_by.append(os.getpid())

    def ask(self, content: int) -> Answer:
        if content == -1:
            raise ZeroDivisionError
        if content == -2:
            raise NotNow("a", "b", "c")
        if content % 2:
            raise Unusable("no_speech", str(content))
        return Answer(
            {"twice": 2 * content, "pid": os.getpid(), "opened": len(self.opened_by), "thread": get_ident()}
        )

    def read(self, answer: Answer) -> list:
        return [{"text": str(answer.body["twice"])}]


def items(*numbers: int) -> list[Item[int]]:
    return [Item(str(number), "2022-12-07", {}, number) for number in numbers]


@pytest.fixture(params=["threads", "processes"])
def kind(request) -> str:
    return request.param


def test_every_item_comes_back_once_with_its_outcome(kind):
    step = Doubling(Workers(kind, 2))
    outcomes = {
        item.content: outcome for item, outcome in LocalEngine().run(step, items(*range(20)), Event())
    }
    assert sorted(outcomes) == list(range(20))
    for number, outcome in outcomes.items():
        if number % 2:
            assert isinstance(outcome, Unusable)
            assert (outcome.reason, outcome.detail) == ("no_speech", str(number))
        else:
            assert outcome.body["twice"] == 2 * number


def test_a_process_worker_opens_the_step_once(kind):
    step = Doubling(Workers(kind, 2))
    bodies = [outcome.body for _, outcome in LocalEngine().run(step, items(0, 2, 4, 6, 8, 10), Event())]
    assert {body["opened"] for body in bodies} == {1}
    assert (os.getpid() in {body["pid"] for body in bodies}) == (kind == "threads")


def test_not_now_comes_back_as_an_outcome(kind):
    ((_, outcome),) = LocalEngine().run(Doubling(Workers(kind, 1)), items(-2), Event())
    assert isinstance(outcome, NotNow)
    assert (outcome.what, outcome.did, outcome.can) == ("a", "b", "c")


def test_a_bug_is_raised(kind):
    with pytest.raises(ZeroDivisionError):
        list(LocalEngine().run(Doubling(Workers(kind, 1)), items(-1), Event()))


def test_what_is_in_flight_beside_a_bug_is_finished_and_handed_back_before_it_is_raised():
    """Each of four threads has a question when one of them meets a bug, and the others finish after it."""
    together = Barrier(4)

    class Meeting(Doubling):
        def ask(self, content: int) -> Answer:
            self.opened_by.append(content)
            if content <= 4:
                together.wait(30)
            if content >= 0:
                Event().wait(0.2)
            return super().ask(content)

    step, handed_back = Meeting(Workers("threads", 4)), []
    outcomes = LocalEngine().run(step, items(-1, 0, 2, 4, *range(6, 40, 2)), Event())
    with pytest.raises(ZeroDivisionError):
        handed_back.extend(item.content for item, _ in outcomes)
    asked = set(step.opened_by) - {os.getpid(), -1}
    assert {0, 2, 4} <= set(handed_back) == asked, "nothing that was asked is dropped"
    assert len(asked) < 10, "and no new question is asked"


def test_after_stop_no_new_question_is_asked():
    stop = Event()
    taken: list[int] = []

    def watched() -> Iterator[Item[int]]:
        for item in items(*range(0, 2000, 2)):
            taken.append(item.content)
            yield item

    answered = 0
    for _ in LocalEngine(2).run(Doubling(Workers("threads", 2)), watched(), stop):
        answered += 1
        if answered == 5:
            stop.set()
    assert answered <= len(taken) <= 5 + 2 * 2 + 2


def test_settings_choose_the_number_of_workers():
    step = Doubling(Workers("threads", 1))
    threads = {
        outcome.body["thread"] for _, outcome in LocalEngine(4).run(step, items(*range(0, 400, 2)), Event())
    }
    assert len(threads) > 1


@pytest.mark.parametrize(("workers", "prefers", "taken"), [(3, 1, 6), (None, 2, 4)])
def test_twice_as_many_questions_as_workers_are_in_flight_and_no_more(workers, prefers, taken):
    begun: list[int] = []

    def watched() -> Iterator[Item[int]]:
        for item in items(*range(0, 200, 2)):
            begun.append(item.content)
            yield item

    outcomes = LocalEngine(workers).run(Doubling(Workers("threads", prefers)), watched(), Event())
    next(outcomes)
    assert len(begun) == taken
    outcomes.close()


def test_the_results_of_a_function_come_in_the_order_of_its_arguments(monkeypatch):
    monkeypatch.setattr("gettok.engine.local._ALONE_S", 0.0)
    monkeypatch.setattr("gettok.engine.local.cores", lambda: 2)
    results = list(LocalEngine().map(slow_first, range(20), Event()))
    assert [number for number, _ in results] == list(range(20))
    processes = {process for _, process in results}
    assert len(processes - {os.getpid()}) == 2
    assert results[0][1] == os.getpid(), (
        "the first is done here, while it is not known whether there is more to do"
    )


def test_what_is_done_soon_or_has_one_core_is_done_here(monkeypatch):
    monkeypatch.setattr("gettok.engine.local.cores", lambda: 2)
    assert {process for _, process in LocalEngine().map(slow_first, range(3), Event())} == {os.getpid()}
    monkeypatch.setattr("gettok.engine.local._ALONE_S", 0.0)
    assert {process for _, process in LocalEngine().map(slow_first, range(2), Event())} == {os.getpid()}
    assert {process for _, process in LocalEngine(1).map(slow_first, range(9), Event())} == {os.getpid()}


def test_few_arguments_are_taken_before_their_results_are(monkeypatch):
    monkeypatch.setattr("gettok.engine.local._ALONE_S", 0.0)
    monkeypatch.setattr("gettok.engine.local.cores", lambda: 2)
    taken = []

    def watched() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = LocalEngine().map(slow_first, watched(), Event())
    for place in range(10):
        assert next(results)[0] == place
        assert len(taken) <= place + 1 + 5
    results.close()


def test_the_first_argument_with_an_error_ends_the_map(monkeypatch):
    monkeypatch.setattr("gettok.engine.local._ALONE_S", 0.0)
    monkeypatch.setattr("gettok.engine.local.cores", lambda: 2)
    results = LocalEngine().map(refuse_seven, range(20), Event())
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(NotNow, match="seven"):
        next(results)


def test_a_signal_ends_the_map_and_a_lost_process_says_what_to_do(monkeypatch):
    monkeypatch.setattr("gettok.engine.local._ALONE_S", 0.0)
    monkeypatch.setattr("gettok.engine.local.cores", lambda: 2)
    stop = Event()
    results = LocalEngine().map(slow_first, range(20), stop)
    assert next(results)[0] == 0
    assert next(results)[0] == 1
    stop.set()
    with pytest.raises(Interrupted):
        list(results)
    with pytest.raises(Stop, match="a process that makes tables ended"):
        list(LocalEngine().map(die_at_seven, range(20), Event()))


def slow_first(number: int) -> tuple[int, int]:
    """Even ones take longer than the odd ones behind them."""
    time.sleep(0.05 if number % 2 == 0 else 0)
    return number, os.getpid()


def refuse_seven(number: int) -> int:
    if number == 7:
        raise NotNow("seven", "b", "c")
    return number


def die_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def test_a_process_takes_the_cores_that_it_may_use_or_its_share():
    program = (
        "from gettok.engine.cores import cores, take_at_most; print(cores()); take_at_most(1); print(cores())"
    )
    allowed = len(os.sched_getaffinity(0))
    assert printed([sys.executable, "-c", program]) == [allowed, 1]
    core = str(min(os.sched_getaffinity(0)))
    assert printed(["taskset", "-c", core, sys.executable, "-c", program]) == [1, 1]
    assert printed([sys.executable, "-c", program], GETTOK_CORES="100") == [allowed, 1]


def printed(command: list[str], **environment: str) -> list[int]:
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout
    return [int(line) for line in done.split()]
