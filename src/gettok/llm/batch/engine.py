"""Asks through the Batch API: questions are sent in files and answered within a day, usually at half the price.

It is an engine like the one that asks directly, and returns the same outcomes. It works in rounds. In each round it
goes through all videos without an answer: it runs a video's conversation with the replies that are stored, and writes
the next calls into a file for each model, which becomes a batch when it is full. Then it waits for the batches.
A conversation is never kept: started anew with the same replies, it asks the same.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, cast

from gettok.engine import Outcome
from gettok.errors import BudgetSpent, GettokError, NotNow, Unusable
from gettok.llm.batch.file import BatchFile
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.call_log import to_units
from gettok.llm.client import no_answer, prices_of
from gettok.llm.pricing import worst_case_usd
from gettok.llm.question import Conversation, ModelCall, request_digest
from gettok.settings import Batch, Llm
from gettok.step import Answer, Item, Step

_log = logging.getLogger(__name__)
#: How many polls in a row may fail: an hour or more, when polling once a minute.
_FAILED_POLLS = 60


class ConversationalStep(Protocol):
    """A step that asks a model."""

    def conversation(self, content: Any) -> Conversation:
        """What is asked about one video, and the answer."""
        ...


@dataclass
class _Round:
    """One round: the videos still without an answer, the batches to wait for, and the files being filled.

    `is_full`: the host or the budget allows no more; for the budget, `spent` is the error.
    """

    pending: dict[str, int]
    waiting: list[Item[Any]] = field(default_factory=list)
    batches: set[int] = field(default_factory=set)
    files: dict[str, BatchFile] = field(default_factory=dict)
    is_full: bool = False
    spent: BudgetSpent | None = None


class BatchEngine:
    """Runs the steps that ask a model; one run at a time."""

    def __init__(self, llm: Llm, batch: Batch, queue: BatchQueue) -> None:
        self._llm, self._batch, self._queue = llm, batch, queue
        self._call_log = queue.log.call_log

    def run(
        self, step: Step[Any], items: Iterable[Item[Any]], stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        """Each item with its outcome. Once `stop` is set nothing is sent; the next run collects open batches."""
        step.open()
        self._queue.recover()
        self._queue.poll()
        waiting = list(items)
        while waiting and not stop.is_set():
            round_ = _Round(self._queue.log.pending_requests())
            try:
                yield from self._ask(cast("ConversationalStep", step), waiting, round_, stop)
                if not stop.is_set():
                    self._send_rest(round_)
            finally:
                for file in round_.files.values():
                    file.close()
            self._wait(round_, stop)
            waiting = round_.waiting

    def _ask(
        self, step: ConversationalStep, items: Iterable[Item[Any]], round_: _Round, stop: Event
    ) -> Iterator[tuple[Item[Any], Outcome]]:
        for item in items:
            if stop.is_set():
                return
            try:
                result = self._advance(step.conversation(item.content))
                if isinstance(result, Answer):
                    yield item, result
                    continue
                self._refuse_unanswerable([request for _, request in result])
                for call, request in result:
                    self._enqueue(call, request, round_)
            except GettokError as error:
                yield item, error
            else:
                round_.waiting.append(item)

    def _advance(self, conversation: Conversation) -> Answer | list[tuple[ModelCall, str]]:
        """The conversation's answer, or the calls that it needs replies to first."""
        try:
            calls = next(conversation)
            while True:
                requests = [request_digest(call, self._llm) for call in calls]
                replies = [self._call_log.stored_reply(request) for request in requests]
                stored = [reply for reply in replies if reply is not None]
                if len(stored) < len(calls):
                    asked = zip(calls, requests, replies, strict=True)
                    return [(call, request) for call, request, reply in asked if reply is None]
                calls = conversation.send(stored)
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def _refuse_unanswerable(self, requests: Iterable[str]) -> None:
        if any(self._queue.attempts[request] >= self._llm.max_attempts for request in requests):
            if self._queue.has_answers:
                raise Unusable("unanswered", f"in {self._llm.max_attempts} batches")
            raise no_answer("nothing in its batches is answered", self._llm.max_attempts)

    def _enqueue(self, call: ModelCall, request: str, round_: _Round) -> None:
        """Wait for the batch that will answer round_ call, or add the call to a file if there is room."""
        if request in round_.pending:
            round_.batches.add(round_.pending[request])
            return
        if not round_.is_full:
            self._add_to_file(call, request, round_)

    def _add_to_file(self, call: ModelCall, request: str, round_: _Round) -> None:
        body, model = call.body(self._llm), call.model_name(self._llm)
        worst = worst_case_usd(call.size(self._llm), prices_of(self._llm, model))
        while not round_.is_full:
            if model not in round_.files:
                remaining = self._call_log.remaining_usd()
                round_.files[model] = BatchFile.within(self._batch, self._queue.most_requests, remaining)
            if round_.files[model].add(request, body, worst, call.asked_for(self._llm)):
                return
            if round_.files[model].worst:
                self._submit(model, round_)
            else:
                round_.is_full, round_.spent = True, self._call_log.budget_spent(to_units(worst))

    def _send_rest(self, round_: _Round) -> None:
        for model in list(round_.files):
            if round_.files[model].worst:
                self._submit(model, round_)
        if round_.spent is not None and not round_.batches:
            raise round_.spent

    def _submit(self, model: str, round_: _Round) -> None:
        """Create a batch from the model's file, if the host takes one."""
        with round_.files.pop(model) as file:
            batch = None
            try:
                if len(round_.batches) < self._queue.most_batches:
                    batch = self._queue.send(model, file)
            except BudgetSpent as spent:
                round_.spent = spent
        if batch is None:
            round_.is_full = True
        else:
            round_.batches.add(batch.number)
            round_.pending |= dict.fromkeys(file.worst, batch.number)

    def _wait(self, round_: _Round, stop: Event) -> None:
        """Wait until the round's batches are over, or a while if none could be sent. Stopping loses nothing."""
        if round_.is_full and not round_.batches:
            stop.wait(self._queue.poll_s)
        failures = 0
        while not stop.is_set():
            try:
                if round_.batches.isdisjoint(self._queue.poll()):
                    return
                failures = 0
            except NotNow as trouble:  # the host goes on working, whether we reach it or not
                failures += 1
                if failures == _FAILED_POLLS:
                    raise
                _log.warning("%s; polling again later", trouble.what)
            stop.wait(self._queue.poll_s)
