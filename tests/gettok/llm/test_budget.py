"""Random runs with random prices and sizes: none exceeds its budget, and none loses an answer."""

import os
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

import pytest
from random_host import RandomHost
from scripted_endpoint import llm

from gettok.errors import BudgetSpent, NotNow, Unusable
from gettok.llm import CallLog, ModelCall, Question, request_digest
from gettok.llm.client import ChatClient
from gettok.llm.pricing import worst_case_usd
from gettok.llm.rate_limit import Clock
from gettok.settings import Llm, Prices
from gettok.settings.secrets import Secret

_ROUNDS = 3
_SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass
class Study:
    """Random settings and calls; `received` has the content of each reply that a run received, by request."""

    dice: random.Random
    folder: Path
    llm: Llm
    calls: Sequence[ModelCall]
    received: dict[str, str] = field(default_factory=dict)
    largest_budget: Decimal = Decimal(0)

    @staticmethod
    def of(seed: int, folder: Path) -> "Study":
        dice = random.Random(seed)
        extra_models = [
            {"model": f"model-{number}", "prices": _prices(dice)} for number in range(dice.randint(0, 2))
        ]
        asked = llm(
            max_tokens=dice.randint(1, 4000),
            max_attempts=dice.randint(1, 3),
            max_concurrency=dice.randint(1, 8),
            prices=_prices(dice),
            extra_models=extra_models,
        )
        calls = [_call(dice, asked, number) for number in range(dice.randint(5, 40))]
        return Study(dice, folder, asked, calls)

    @property
    def worst(self) -> float:
        """US dollars that all calls can cost together, each made once."""
        of_model = {model: self.llm.prices_of(model) for model in self.llm.models}
        each = (
            worst_case_usd(call.size(self.llm), of_model[call.model_name(self.llm)]) for call in self.calls
        )
        return float(sum(each))

    def run(self, host: RandomHost, budget: float | None) -> int | None:
        """A process that asks everything, with several threads and two logs in one folder; its exit code."""
        there, here = os.pipe()
        process = get_context("fork").Process(target=self._asks, args=(host, budget, here))
        process.start()
        os.close(here)
        with os.fdopen(there, "rb") as lines:
            for line in lines.read().decode().splitlines():
                request, text = line.split("\t")
                assert self.received.setdefault(request, text) == text, "a stored reply has changed"
        assert process.pid is not None
        host.is_over(process.pid)
        process.join()
        return process.exitcode

    def _asks(self, host: RandomHost, budget: float | None, to: int) -> None:
        address = host.for_process()
        clients = [
            ChatClient(self.llm, address, Secret("key"), CallLog(self.folder, budget), Clock(lambda _: None))
            for _ in range(2)
        ]

        def ask(client: ChatClient, call: ModelCall) -> None:
            try:
                reply = client.reply(call)
            except (BudgetSpent, NotNow, Unusable):
                return
            content = reply.message["content"]
            os.write(to, f"{request_digest(call, self.llm)}\t{content}\n".encode())

        with ThreadPoolExecutor(self.llm.max_concurrency) as threads:
            list(threads.map(ask, cycle(clients), self.calls))

    def check(self, host: RandomHost) -> None:
        """What must hold whenever no run is going on."""
        with CallLog(self.folder, None) as call_log:
            spent = call_log.spent_usd()
            assert host.billed <= spent <= self.largest_budget
            assert spent == sum(model.usd for model in call_log.by_model())
            stored = {request: call_log.stored_reply(request) for request in self.received}
        assert {
            request: reply and reply.message["content"] for request, reply in stored.items()
        } == self.received


def _prices(dice: random.Random) -> Prices:
    sent, received = (dice.choice([0.0, round(10 ** dice.uniform(-3, 2), 4)]) for _ in range(2))
    return Prices(input_usd_per_million=sent, output_usd_per_million=received)


def _call(dice: random.Random, asked: Llm, number: int) -> ModelCall:
    text = "¿qué? " * int(10 ** dice.uniform(0, 3.5))
    question = Question("rule", (f"{number} {text}",), "form", _SCHEMA)
    return ModelCall(question, dice.randint(0, 3), model=dice.choice([None, *asked.models]))


def budgets(study: Study) -> Iterator[float]:
    """From one that is hardly enough for a call to one that is nearly enough for all, in random order."""
    for _ in range(_ROUNDS):
        yield study.worst * study.dice.uniform(0.01, 0.8) + 1e-9


def check_runs(seed: int, folder: Path) -> None:
    """Runs with one log, each with its own budget; faults happen, and some runs are killed."""
    study = Study.of(seed, folder)
    with RandomHost(study.dice, study.llm) as host:
        for budget in budgets(study):
            study.largest_budget = max(study.largest_budget, Decimal(str(budget)))
            host.kill_in = study.dice.choice([-1, study.dice.randint(1, len(study.calls))])
            before, so_far = set(study.received), len(host.asked)
            assert study.run(host, budget) in {0, -signal.SIGKILL}
            assert not before & set(host.asked[so_far:]), "what was answered is asked and paid for again"
            study.check(host)
        host.kill_in, study.largest_budget = None, Decimal("Infinity")
        assert study.run(host, None) == 0
        study.check(host)
    assert set(study.received) == {request_digest(call, study.llm) for call in study.calls}


@pytest.mark.parametrize("seed", range(3))
def test_f48_no_run_exceeds_its_budget_or_loses_an_answer(seed: int, tmp_path: Path) -> None:
    check_runs(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 200))
def test_f48_nor_do_many_others(seed: int, tmp_path: Path) -> None:
    check_runs(seed, tmp_path)
