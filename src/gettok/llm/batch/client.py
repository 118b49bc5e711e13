"""The Batch API of a model's host: upload a file, create a batch once, ask for its status, download the results."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import openai

from gettok.errors import BadSettings
from gettok.http.json_guards import require_mapping, to_mappings
from gettok.llm.client import no_answer, pause_s, refuse_long_wait
from gettok.llm.error_mapping import ErrorClassifier, Failure
from gettok.llm.response import Reply
from gettok.step import Json

_log = logging.getLogger(__name__)
CHAT: Final = "/v1/chat/completions"
#: `gone` is ours: the host knows no batch by this id.
FINAL = frozenset({"completed", "failed", "expired", "cancelled", "gone"})
#: The host's code when no more may be queued.
QUEUE_FULL = "token_limit_exceeded"

T = TypeVar("T")


class QueueFull(Exception):
    """The host takes no more batches before some of those that it has are done."""


@dataclass(frozen=True)
class BatchStatus:
    """What the host says about a batch: `done` of its `total` requests were answered or failed."""

    status: str
    files: tuple[str, ...]
    done: int
    total: int
    problems: tuple[Mapping[str, Json], ...]

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_queue_full(self) -> bool:
        return any(problem.get("code") == QUEUE_FULL for problem in self.problems)


class BatchClient:
    """Retries each request. Raises `NotNow` after the last attempt, and `Stop` if trying again is pointless."""

    def __init__(
        self,
        connection: openai.OpenAI,
        classifier: ErrorClassifier,
        max_attempts: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.classifier = classifier
        self._connection, self._max_attempts, self._sleep = connection, max_attempts, sleep

    def upload(self, path: Path) -> str:
        """Upload a file; returns its id at the host. Uploading it twice does not make two batches."""

        def send() -> str:
            with path.open("rb") as file:
                response = self._connection.files.with_raw_response.create(
                    file=("gettok.jsonl", file), purpose="batch"
                )
                return _id(response.content)

        return self._with_retries(send)

    def create(self, file: str, name: str) -> str:
        """Create the batch of this file, once; returns its id. Raises `QueueFull`.

        If the outcome of an attempt is not known, the next one first looks for the batch.
        """
        is_retry = False

        def send() -> str:
            nonlocal is_retry
            batch_id = self.find(file) if is_retry else None
            is_retry = True
            return batch_id or _id(self._create(file, name))

        return self._with_retries(send)

    def find(self, file: str) -> str | None:
        """The id of the batch that was created from this file, if there is one."""
        after: list[str] = []
        while True:
            page = self._with_retries(partial(self._page, after[-1] if after else None))
            batches = [batch for batch in to_mappings(page["data"]) if batch.get("id")]
            for batch in batches:
                if batch.get("input_file_id") == file:
                    return str(batch["id"])
            if not page.get("has_more") or not batches or str(batches[-1]["id"]) in after:
                return None
            after.append(str(batches[-1]["id"]))

    def status(self, batch_id: str) -> BatchStatus:
        """The status of a batch; `gone` if the host does not know this id."""

        def ask() -> Mapping[str, Json]:
            try:
                return _object(self._connection.batches.with_raw_response.retrieve(batch_id).content)
            except openai.NotFoundError:
                return {"status": "gone"}

        return self._with_retries(lambda: _status_from(ask()))

    def download(self, file: str) -> bytes:
        """The content of a file; empty if the host does not know it. Only its lines show whether it is complete."""

        def ask() -> bytes:
            try:
                return self._connection.files.content(file).content
            except openai.NotFoundError:
                return b""

        return self._with_retries(ask)

    def wait(self, seconds: float) -> None:
        """Wait until something may have changed at the host."""
        self._sleep(seconds)

    def delete_file(self, file: str) -> None:
        """Delete a file that is no longer needed, as it holds images of people. A failure is only logged."""
        try:
            self._connection.files.with_raw_response.delete(file)
        except openai.APIError as error:
            _log.warning("%s stays at the host: %s", file, self.classifier.brief(str(error)))

    def _create(self, file: str, name: str) -> bytes:
        try:
            return self._connection.batches.with_raw_response.create(
                input_file_id=file, endpoint=CHAT, completion_window="24h", metadata={"gettok": name}
            ).content
        except openai.APIStatusError as error:
            if error.code == QUEUE_FULL:
                raise QueueFull from None
            raise

    def _page(self, after: str | None) -> Mapping[str, Json]:
        cursor = openai.omit if after is None else after
        page = _object(self._connection.batches.with_raw_response.list(limit=100, after=cursor).content)
        if not isinstance(page.get("data"), list):
            raise TypeError("a list without data")
        return page

    def _with_retries(self, ask: Callable[[], T]) -> T:
        failure = Failure("")
        for attempt in range(1, self._max_attempts + 1):
            try:
                return ask()
            except openai.APIError as error:
                outcome = self.classifier.classify(error, self.classifier.llm.model)
                if isinstance(outcome, Reply):
                    raise self._not_taken(outcome) from None
                failure = outcome
            except (
                ValueError,
                LookupError,
                TypeError,
                AttributeError,
            ) as error:  # a body that is cut or not JSON
                failure = Failure(self.classifier.brief(f"200 without an answer: {error}"))
            refuse_long_wait(failure)
            if attempt < self._max_attempts:
                _log.warning("try %d of %d failed: %s", attempt, self._max_attempts, failure.what)
                self._sleep(pause_s(attempt, failure.wait_s))
        raise no_answer(failure.what, self._max_attempts)

    def _not_taken(self, reply: Reply) -> BadSettings:
        return BadSettings(
            f"the host does not take the batch: {self.classifier.brief(reply.text)}",
            "stopped before anything was asked in it; every earlier answer is kept",
            "lower llm.batch.bytes, or set llm.batch to null to ask one by one",
        )


def parse_lines(content: bytes) -> Iterator[Mapping[str, Json]]:
    """The objects in a downloaded file; a line that is not one is skipped."""
    for line in content.split(b"\n"):
        try:
            yield _object(line)
        except (ValueError, TypeError, RecursionError):
            continue


def _status_from(body: Mapping[str, Json]) -> BatchStatus:
    counts, errors = body.get("request_counts") or {}, body.get("errors") or {}
    files = (body.get("output_file_id"), body.get("error_file_id"))
    return BatchStatus(
        str(body.get("status")),
        tuple(str(file) for file in files if file),
        int(counts.get("completed") or 0) + int(counts.get("failed") or 0),
        int(counts.get("total") or 0),
        tuple(to_mappings(errors.get("data"))),
    )


def _id(content: bytes) -> str:
    return str(_object(content)["id"])


def _object(content: bytes) -> Mapping[str, Json]:
    return require_mapping(json.loads(content))
