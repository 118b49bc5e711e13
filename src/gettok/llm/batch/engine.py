"""Asking by the Batch API: questions go out in files and are answered within a day, as a rule at half the price.

It is an engine, as the one that asks directly, and hands back the same outcomes. It works in rounds. Each round goes
through all videos that have no answer yet: a talk is held with the replies that are here, and what it asks beyond
them is written into a file, one for each model, which becomes a batch when it is full. Then it waits for the batches.
A talk is never kept: begun anew, and given the same replies, it asks the same.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, cast

from gettok.engine import Outcome
from gettok.errors import BudgetSpent, GettokError, NotNow, Unusable
from gettok.llm.batch.file import BatchFile, outbox
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.call_log import units
from gettok.llm.client import no_answer, prices_of
from gettok.llm.pricing import worst_usd
from gettok.llm.question import Call, Conversation, digest
from gettok.settings import Batch, Llm
from gettok.step import Answer, Item, Step

_log = logging.getLogger(__name__)
#: So many looks in a row may fail: an hour or more, when one looks once a minute.
_FAILED_LOOKS = 60


class Talks(Protocol):
    """A step that asks a model."""

    def talk(self, content: Any) -> Conversation:
        """What is asked about one video, and the answer that comes of it."""
        ...


@dataclass
class _Round:
    """One round: who still waits, for which batches, and the files that are being filled.

    `is_full`: no more fits at the host, or into the budget, as `spent` tells.
    """

    under_way: dict[str, int]
    waiting: list[Item[Any]] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)
    outboxes: dict[str, BatchFile] = field(default_factory=dict)
    is_full: bool = False
    spent: BudgetSpent | None = None


class BatchEngine:
    """Runs the steps that ask a model; one run at a time."""

    def __init__(self, llm: Llm, batch: Batch, desk: BatchQueue) -> None:
        self._llm, self._batch, self._desk = llm, batch, desk
        self._calls = desk.record.calls

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        """Each item with its outcome. Once `stop` is set nothing is sent; what is under way is fetched next time."""
        step.open()
        self._desk.adopt()
        self._desk.look()
        waiting = list(items)
        while waiting and not stop.is_set():
            this = _Round(self._desk.record.under_way())
            try:
                yield from self._ask(cast("Talks", step), waiting, this, stop)
                if not stop.is_set():
                    self._send_rest(this)
            finally:
                for one in this.outboxes.values():
                    one.close()
            self._wait(this, stop)
            waiting = this.waiting

    def _ask(
        self, step: Talks, items: Iterable[Item[Any]], this: _Round, stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        for item in items:
            if stop.is_set():
                return
            try:
                found = self._further(step.talk(item.content))
                if isinstance(found, Answer):
                    yield item, found
                    continue
                self._refuse_hopeless([request for _, request in found])
                for call, request in found:
                    self._wish(call, request, this)
            except GettokError as error:
                yield item, error
            else:
                this.waiting.append(item)

    def _further(self, talk: Conversation) -> Answer | list[tuple[Call, str]]:
        """The talk's answer, or the calls that it needs replies to first."""
        try:
            calls = next(talk)
            while True:
                requests = [digest(call, self._llm) for call in calls]
                replies = [self._calls.known(request) for request in requests]
                known = [reply for reply in replies if reply is not None]
                if len(known) < len(calls):
                    asked = zip(calls, requests, replies, strict=True)
                    return [(call, request) for call, request, reply in asked if reply is None]
                calls = talk.send(known)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def _refuse_hopeless(self, requests: Iterable[str]) -> None:
        if any(self._desk.tried[request] >= self._llm.max_attempts for request in requests):
            if self._desk.has_answers:
                raise Unusable("unanswered", f"in {self._llm.max_attempts} batches")
            raise no_answer("nothing in its batches is answered", self._llm.max_attempts)

    def _wish(self, call: Call, request: str, this: _Round) -> None:
        """Have this call asked: it is under way, or goes into a file while there is room."""
        if request in this.under_way:
            this.needs.add(this.under_way[request])
            return
        if not this.is_full:
            self._put(call, request, this)

    def _put(self, call: Call, request: str, this: _Round) -> None:
        body, model = call.body(self._llm), call.asked(self._llm)
        worst = worst_usd(call.size(self._llm), prices_of(self._llm, model))
        while not this.is_full:
            if model not in this.outboxes:
                this.outboxes[model] = outbox(self._batch, self._desk.most_requests, self._calls.room_usd())
            if this.outboxes[model].add(request, body, worst):
                return
            if this.outboxes[model].worst:
                self._submit(model, this)
            else:
                this.is_full, this.spent = True, self._calls.budget_spent_for(units(worst))

    def _send_rest(self, this: _Round) -> None:
        for model in list(this.outboxes):
            if this.outboxes[model].worst:
                self._submit(model, this)
        if this.spent is not None and not this.needs:
            raise this.spent

    def _submit(self, model: str, this: _Round) -> None:
        """Make a batch of what is written, if there is room for one."""
        with this.outboxes.pop(model) as filled:
            batch = None
            try:
                if len(this.needs) < self._desk.most_batches:
                    batch = self._desk.send(model, filled)
            except BudgetSpent as spent:
                this.spent = spent
        if batch is None:
            this.is_full = True
        else:
            this.needs.add(batch.n)
            this.under_way |= dict.fromkeys(filled.worst, batch.n)

    def _wait(self, this: _Round, stop: Event) -> None:
        """Until its batches are over; where there was no room for any, a while. Nothing is lost if nobody waits."""
        if this.is_full and not this.needs:
            stop.wait(self._desk.poll_s)
        failures = 0
        while not stop.is_set():
            try:
                if this.needs.isdisjoint(self._desk.look()):
                    return
                failures = 0
            except NotNow as trouble:  # the host works on, whether we reach it or not
                failures += 1
                if failures == _FAILED_LOOKS:
                    raise
                _log.warning("%s; looking again later", trouble.what)
            stop.wait(self._desk.poll_s)
