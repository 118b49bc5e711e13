"""The batches of a model endpoint: creates, polls, lists and cancels them.

A batch advances when it is polled, as far as the switches allow by polls and virtual clock. A background thread answers
its requests, so that polling a large batch does not wait for all its pictures.
"""

import threading
from collections.abc import Mapping
from typing import Any

from sandbox.chance import fraction
from sandbox.exchange import JsonObject, Refusal, Reply, Request, as_json, json_body, json_reply
from sandbox.faults import ANSWER_FAULTS, NO_FAULT, Fault
from sandbox.model.batch import WINDOW_S, Batch, Result, affected_by, shuffled
from sandbox.model.batch_input import Line, Problem, read_lines
from sandbox.model.chat import chat_from, invalid, messages_sha256
from sandbox.model.completion import CHAT_PATH, complete, read_chat
from sandbox.model.files import ModelFiles
from sandbox.model.models import MODEL
from sandbox.model.refusal import ModelRefusal, error_body
from sandbox.model.token_count import prompt_tokens
from sandbox.request_log import Entry
from sandbox.world import World

BATCHES_PATH = "/v1/batches"
CANCEL = "/cancel"
PATIENCE_S = 5.0
"""Real seconds that a poll waits for the answers that are due; without pictures they take less."""
FAILED_ANSWERS = {
    "batch_400": (400, "invalid_value", "The request could not be processed."),
    "batch_429": (429, "rate_limit_exceeded", "Rate limit reached. Please try again later."),
}


class Batches:
    """The endpoint's batches, the newest last."""

    def __init__(self, world: World, files: ModelFiles) -> None:
        self._world = world
        self._files = files
        self._batches: dict[str, Batch] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request, fault: Fault) -> Reply:
        name = request.path.removeprefix(BATCHES_PATH).strip("/")
        match request.method:
            case "POST" if not name:
                return json_reply(200, self._to_json(self._create(request, fault)))
            case "POST" if name.endswith(CANCEL):
                return json_reply(200, self._cancel(self._batch(name.removesuffix(CANCEL))))
            case "GET" if name:
                return json_reply(200, self._poll(self._batch(name)))
            case "GET":
                return json_reply(200, self._list(request.query))
            case _:
                raise Refusal(404, "unknown_url", f"Unknown request URL: {request.method} {request.path}.")

    def _create(self, request: Request, fault: Fault) -> Batch:
        body = _check_body(json_body(request))
        file = self._files.file(body["input_file_id"])
        if file.purpose != "batch":
            raise invalid("The input file must have been uploaded with the purpose 'batch'.", "input_file_id")
        profile = self._world.profile
        lines, problems = read_lines(file.content, CHAT_PATH, profile)
        tokens = self._tokens(lines)
        affected = affected_by(fault, lines, profile.seed)
        problems += self._failures(fault, lines, affected, tokens)
        number = self._world.attempts.next("batch")
        name = f"batch_{int(fraction('batch', profile.seed, number, file.id) * 16**13):013x}"
        batch = Batch(
            id=name,
            created_at=self._world.clock.timestamp(),
            input_file_id=file.id,
            lines=shuffled(lines, profile.seed, number),
            problems=problems,
            metadata=body.get("metadata"),
            fault=fault,
            affected=affected,
            prompt_tokens=0 if problems else tokens,
        )
        with self._lock:
            self._batches[name] = batch
        return batch

    def _tokens(self, lines: list[Line]) -> int:
        """The tokens that the batch adds to the queue; a request that will be refused adds none."""
        if self._world.profile.batch_queue_tokens is None:
            return 0
        total = 0
        for line in lines:
            try:
                total += prompt_tokens(chat_from(line.body))
            except Refusal:
                continue
        return total

    def _failures(
        self, fault: Fault, lines: list[Line], affected: frozenset[str], tokens: int
    ) -> list[Problem]:
        """Problems that make the batch fail although its file is valid."""
        most = self._world.profile.batch_queue_tokens
        with self._lock:
            queued = sum(batch.prompt_tokens for batch in self._batches.values() if not batch.is_final)
        if fault.do == "token_limit_exceeded" or (most is not None and queued + tokens > most):
            message = (
                f"Enqueued token limit reached for {MODEL} in organization org-sandbox. Limit: {most or 0:,} "
                "enqueued tokens. Please try again once some in_progress batches have been completed."
            )
            if self._world.profile.batch_limit_at == "creation":
                raise ModelRefusal(429, "token_limit_exceeded", message, parts={"type": "tokens"})
            return [Problem("token_limit_exceeded", message)]
        if fault.do == "batch_failed":
            message = "This line is not parseable as valid JSON."
            return [
                Problem("invalid_json_line", message, line.number)
                for line in lines
                if line.custom_id in affected
            ]
        return []

    def _batch(self, name: str) -> Batch:
        with self._lock:
            batch = self._batches.get(name)
        if batch is None:
            raise Refusal(404, "", f"No batch found with id '{name}'.", "id")
        return batch

    def _to_json(self, batch: Batch) -> JsonObject:
        return batch.to_json(with_usage=not self._world.profile.no_usage)

    def _list(self, query: Mapping[str, str]) -> JsonObject:
        limit = query.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise invalid("Invalid 'limit': expected an integer from 1 to 100.", "limit")
        with self._lock:
            newest = list(self._batches.values())[::-1]
        if "after" in query:
            after = self._batch(query["after"])
            newest = newest[newest.index(after) + 1 :]
        shown = [self._poll(batch) for batch in newest[: int(limit)]]
        return {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": len(newest) > len(shown),
        }

    def _cancel(self, batch: Batch) -> JsonObject:
        with batch.lock:
            if batch.is_final:
                raise Refusal(409, "", f"Cannot cancel a batch with status '{batch.status}'.")
            batch.move_to("cancelling", self._world.clock.timestamp())
            return self._to_json(batch)

    def _poll(self, batch: Batch) -> JsonObject:
        with batch.lock:
            if batch.is_final:
                batch.polls_since_final += 1
            else:
                batch.polls += 1
                self._advance(batch)
                batch.polls_since_final += batch.is_final
            return self._to_json(batch)

    def _advance(self, batch: Batch) -> None:
        now = self._world.clock.timestamp()
        if batch.problems:
            batch.move_to("failed", now)
        elif batch.status == "cancelling":
            if self._is_answered(batch, len(batch.results)):
                self._finish(batch, "cancelled", now)
        else:
            self._run(batch, now)

    def _run(self, batch: Batch, now: int) -> None:
        """Advance through the stages, a third of the progress each; requests are answered in the second."""
        is_expired = now >= batch.created_at + WINDOW_S
        is_too_slow = self._world.profile.batch_s > WINDOW_S
        done = self._progress(batch, now)
        due = len(batch.runnable) * min(1.0, max(0.0, 3 * done - 1))
        if not self._is_answered(batch, int(due)):
            batch.move_to("in_progress", now)
        elif is_expired and is_too_slow:
            self._finish(batch, "expired", now)
        elif done >= 1:
            self._finish(batch, "expired" if batch.fault.do == "batch_expired" else "completed", now)
        else:
            batch.move_to(("validating", "in_progress", "finalizing")[int(3 * done)], now)

    def _progress(self, batch: Batch, now: int) -> float:
        """The progress from 0 to 1: the slower of polls and clock, and after a day the clock alone."""
        profile, elapsed_s = self._world.profile, now - batch.created_at
        by_clock = min(elapsed_s, WINDOW_S) / profile.batch_s if profile.batch_s else 1.0
        if elapsed_s >= WINDOW_S:
            return min(1.0, by_clock)
        return min(1.0, by_clock, batch.polls / (profile.batch_polls + 1))

    def _is_answered(self, batch: Batch, count: int) -> bool:
        """Whether `count` requests have been answered, after waiting up to `PATIENCE_S` for the worker."""
        if batch.worker is None and len(batch.results) < count:
            batch.worker = threading.Thread(target=self._work, args=(batch, count), daemon=True)
            batch.worker.start()
        if batch.worker is not None:
            batch.worker.join(PATIENCE_S)
            if batch.worker.is_alive():
                return False
            batch.worker = None
        return len(batch.results) >= count

    def _work(self, batch: Batch, count: int) -> None:
        for line in batch.runnable[len(batch.results) : count]:
            if self._world.stopped.is_set():
                return
            batch.results.append(self._result(line, batch))

    def _result(self, line: Line, batch: Batch) -> Result:
        """Answer one request, and log it."""
        fault = batch.fault if line.custom_id in batch.affected else NO_FAULT
        request = Request("POST", CHAT_PATH, {}, as_json(line.body))
        try:
            status, body = 200, self._body(request, fault)
        except Refusal as refusal:
            status, body = refusal.status, error_body(refusal)
        subject = f"{line.body.get('model')} {messages_sha256(line.body)}"
        self._world.log.add(
            Entry("model", "POST", CHAT_PATH, request.body_sha256, subject, status, via="batch")
        )
        return Result(line.custom_id, status, body)

    def _body(self, request: Request, fault: Fault) -> JsonObject:
        """The same body as for an HTTP request."""
        if fault.do in FAILED_ANSWERS:
            raise Refusal(*FAILED_ANSWERS[fault.do])
        spoiling = fault if fault.do in ANSWER_FAULTS else NO_FAULT
        return complete(self._world, request, read_chat(self._world, request, spoiling), spoiling)

    def _finish(self, batch: Batch, status: str, now: int) -> None:
        batch.move_to(status, now)
        for kind, content in zip(("output", "error"), batch.output(), strict=True):
            if content:
                file = self._files.add(content, f"{batch.id}_{kind}.jsonl", "batch_output")
                setattr(batch, f"{kind}_file_id", file.id)


def _check_body(body: JsonObject | None) -> JsonObject:
    if body is None:
        raise invalid("We could not parse the JSON body of your request.", "body")
    if not isinstance(body.get("input_file_id"), str):
        raise invalid("Missing required parameter: 'input_file_id'.", "input_file_id")
    for name, only in (("endpoint", CHAT_PATH), ("completion_window", "24h")):
        if body.get(name) != only:
            raise invalid(f"Invalid value: '{body.get(name)}'. Supported here is '{only}'.", name)
    metadata = body.get("metadata")
    if metadata is not None and not _is_metadata(metadata):
        raise invalid("Invalid 'metadata': at most 16 names of 64 letters, with texts of 512.", "metadata")
    return body


def _is_metadata(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= 16
        and all(len(name) <= 64 for name in value)
        and all(isinstance(text, str) and len(text) <= 512 for text in value.values())
    )
