"""The Batch API of a model's host: files up, a batch made once, looks at it, and files down."""

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
from gettok.llm.client import no_answer, pause_s
from gettok.llm.error_mapping import ErrorClassifier, Trouble
from gettok.llm.response import Reply
from gettok.step import Json

_log = logging.getLogger(__name__)
CHAT: Final = "/v1/chat/completions"
FINAL = frozenset({"completed", "failed", "expired", "cancelled", "gone"})
#: A host's own word for "so much may be queued and no more".
QUEUE_FULL = "token_limit_exceeded"

T = TypeVar("T")


class QueueFull(Exception):
    """The host takes no more before some of what it has is done."""


@dataclass(frozen=True)
class Look:
    """What the host says of a batch. `lines`: how many it has answered, or failed to."""

    status: str
    files: tuple[str, ...]
    lines: int
    total: int
    problems: tuple[Mapping[str, Json], ...]

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    @property
    def is_queue_full(self) -> bool:
        return any(problem.get("code") == QUEUE_FULL for problem in self.problems)


class BatchClient:
    """Asks retry_until_quota. Raises `NotNow` after so many tries, and `Stop` where trying again is of no use."""

    def __init__(
        self,
        client: openai.OpenAI,
        judge: ErrorClassifier,
        tries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.judge = judge
        self._client, self._tries, self._sleep = client, tries, sleep

    def upload(self, path: Path) -> str:
        """The id of the file at the host. A file that is uploaded twice is no batch twice."""

        def send() -> str:
            with path.open("rb") as file:
                made = self._client.files.with_raw_response.create(
                    file=("gettok.jsonl", file), purpose="batch"
                )
                return _id(made.content)

        return self._patiently(send)

    def create(self, file: str, name: str) -> str:
        """The id of the one batch of this file. Raises `QueueFull`.

        After a try whose outcome is not known it is looked for first.
        """
        tried = False

        def send() -> str:
            nonlocal tried
            found = self.find(file) if tried else None
            tried = True
            return found or _id(self._made(file, name))

        return self._patiently(send)

    def find(self, file: str) -> str | None:
        """The id of the batch that was made of this file, if there is one."""
        after: list[str] = []
        while True:
            page = self._patiently(partial(self._page, after[-1] if after else None))
            batches = [batch for batch in page["data"] if isinstance(batch, dict) and batch.get("id")]
            for batch in batches:
                if batch.get("input_file_id") == file:
                    return str(batch["id"])
            if not page.get("has_more") or not batches or str(batches[-1]["id"]) in after:
                return None
            after.append(str(batches[-1]["id"]))

    def look(self, name: str) -> Look:
        """What has become of a batch; `gone` if the host knows of none by this id."""

        def ask() -> Mapping[str, Json]:
            try:
                return _object(self._client.batches.with_raw_response.retrieve(name).content)
            except openai.NotFoundError:
                return {"status": "gone"}

        return self._patiently(lambda: _look_of(ask()))

    def fetch(self, file: str) -> bytes:
        """The file; nothing but its lines tells whether it has all of them. Empty if the host knows of none."""

        def ask() -> bytes:
            try:
                return self._client.files.content(file).content
            except openai.NotFoundError:
                return b""

        return self._patiently(ask)

    def rest(self, seconds: float) -> None:
        """Until something may have changed at the host."""
        self._sleep(seconds)

    def forget(self, file: str) -> None:
        """Delete a file that nobody needs any more: it holds pictures of people. Whether that works or not."""
        try:
            self._client.files.with_raw_response.delete(file)
        except openai.APIError as error:
            _log.warning("%s stays at the host: %s", file, self.judge.brief(str(error)))

    def _made(self, file: str, name: str) -> bytes:
        try:
            return self._client.batches.with_raw_response.create(
                input_file_id=file, endpoint=CHAT, completion_window="24h", metadata={"gettok": name}
            ).content
        except openai.APIStatusError as error:
            if error.code == QUEUE_FULL:
                raise QueueFull from None
            raise

    def _page(self, after: str | None) -> Mapping[str, Json]:
        more = openai.omit if after is None else after
        page = _object(self._client.batches.with_raw_response.list(limit=100, after=more).content)
        if not isinstance(page.get("data"), list):
            raise TypeError("a list without data")
        return page

    def _patiently(self, ask: Callable[[], T]) -> T:
        trouble = Trouble("")
        for tried in range(1, self._tries + 1):
            try:
                return ask()
            except openai.APIError as error:
                outcome = self.judge.of(error, self.judge.llm.model)
                if isinstance(outcome, Reply):
                    raise self._not_taken(outcome) from None
                trouble = outcome
            except (
                ValueError,
                LookupError,
                TypeError,
                AttributeError,
            ) as error:  # a body that was cut, or is none
                trouble = Trouble(self.judge.brief(f"200 without an answer: {error}"))
            if tried < self._tries:
                _log.warning("try %d of %d failed: %s", tried, self._tries, trouble.what)
                self._sleep(pause_s(tried, trouble.wait_s))
        raise no_answer(trouble.what, self._tries)

    def _not_taken(self, reply: Reply) -> BadSettings:
        return BadSettings(
            f"the host does not take the batch: {self.judge.brief(reply.text)}",
            "stopped before anything was asked in it; every earlier answer is kept",
            "lower llm.batch.bytes, or set llm.batch to null to ask one by one",
        )


def lines_in(content: bytes) -> Iterator[Mapping[str, Json]]:
    """The objects in a downloaded file; a line that is none is left out."""
    for line in content.split(b"\n"):
        try:
            yield _object(line)
        except (ValueError, TypeError, RecursionError):
            continue


def _look_of(told: Mapping[str, Json]) -> Look:
    counts, errors = told.get("request_counts") or {}, told.get("errors") or {}
    files = (told.get("output_file_id"), told.get("error_file_id"))
    return Look(
        str(told.get("status")),
        tuple(str(file) for file in files if file),
        int(counts.get("completed") or 0) + int(counts.get("failed") or 0),
        int(counts.get("total") or 0),
        tuple(problem for problem in errors.get("data") or () if isinstance(problem, dict)),
    )


def _id(content: bytes) -> str:
    return str(_object(content)["id"])


def _object(content: bytes) -> Mapping[str, Json]:
    told = json.loads(content)
    if not isinstance(told, dict):
        raise TypeError("no object")
    return told
