"""The local engine hands back every outcome, keeps few in flight, and stops when asked to."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Barrier, Event, get_ident

import pytest

from gettok.engine import LocalEngine
from gettok.errors import NotNow, Unusable
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
