"""What goes through a stage: items in, answers from the costly part, rows out.

A step is small. `ask` does the costly work once and returns an `Answer`, verbatim; `read` turns a stored answer into
rows and costs nothing. The runner stores every answer before it is read.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from gettok.errors import Damaged

#: JSON as `json.loads` gives it. `Any`, since a recursive alias adds nothing that `read` does not check anyway.
Json = Any
Row = dict[str, Any]
C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


def canonical(value: Any) -> str:
    """JSON with sorted keys and ASCII only: equal values give equal text, and any text survives, even a lone surrogate.

    Raises `ValueError` on NaN and infinities, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Blob:
    """Bytes that do not fit into an answer's JSON body, identified by their SHA-256; in memory or in a file."""

    digest: str
    size: int
    data: bytes | None = None
    path: Path | None = None

    @staticmethod
    def of_bytes(data: bytes) -> "Blob":
        return Blob(hashlib.sha256(data).hexdigest(), len(data), data=data)

    @staticmethod
    def of_file(path: Path) -> "Blob":
        """Identify the bytes of a finished file. The store may move the file, so its maker need not delete it."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(digest, path.stat().st_size, path=path)

    def read(self) -> bytes:
        """The bytes; those of a file are checked. Raises `Damaged`."""
        if self.data is not None:
            return self.data
        assert self.path is not None
        data = self.path.read_bytes()
        self._refuse_other(hashlib.sha256(data).hexdigest())
        return data

    def check(self) -> None:
        """Raises `Damaged` if it is a file whose bytes have changed: for a caller that gives the file to a program."""
        if self.path is not None:
            self._refuse_other(Blob.of_file(self.path).digest)

    def _refuse_other(self, digest: str) -> None:
        if digest != self.digest:
            raise Damaged.in_store(f"the file {self.path}")


@dataclass(frozen=True)
class Answer:
    """The result of a costly question, complete and verbatim: a JSON body, and blobs by name."""

    body: Mapping[str, Json]
    blobs: Mapping[str, Blob] = field(default_factory=dict)

    @staticmethod
    def of_text(text: str, blobs: Mapping[str, Blob]) -> "Answer":
        """From the body as `text` gave it."""
        answer = Answer(json.loads(text), blobs)
        vars(answer)["text"] = text  # so that it is not put together again
        return answer

    @cached_property
    def text(self) -> str:
        """The body as the store and the tables hold it."""
        return canonical(dict(self.body))


@dataclass(frozen=True)
class Item(Generic[C]):
    """One video at one stage.

    `inputs` are the digests of everything that the answer depends on beside the step's settings. `content` is what
    `ask` works on: small, picklable, and only a reference where there are many bytes.
    """

    video_id: str
    day: str
    inputs: Mapping[str, str]
    content: C


@runtime_checkable
class SentContent(Protocol):
    """A content with its bytes, on its way to a worker that does not share a disk with us. Picklable."""

    @property
    def bytes_sent(self) -> int: ...

    def received(self) -> AbstractContextManager[Any]:
        """The content as `ask` takes it, with its bytes on this machine as long as the block runs."""
        ...


@runtime_checkable
class Sendable(Protocol):
    """A content that refers to files."""

    @property
    def length(self) -> int:
        """How long a question about it takes, compared with others of the same step; 0 if its files are missing."""
        ...

    def send(self) -> SentContent:
        """The content with the bytes of its files. Raises as `ask` does if they are missing or damaged."""
        ...


@dataclass(frozen=True)
class Workers:
    """How a step prefers to run. It never changes an answer.

    If `share_a_limit`, all of them are in the process that runs the stage: what holds for all together is counted
    there, such as a budget, or how often a host may be asked.
    """

    kind: Literal["threads", "processes"]
    count: int
    share_a_limit: bool = False


class Step(Protocol[C_contra]):
    """The costly part of a stage.

    `settings` are the parameters that an answer depends on, the model's id and revision among them; with the item's
    inputs, `stage` and `version` they are the answer's key. `version` is raised by hand when an answer changes meaning.
    """

    @property
    def stage(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def settings(self) -> Mapping[str, Json]: ...
    @property
    def workers(self) -> Workers: ...

    def open(self) -> None:
        """Load what is slow to load, once for each worker, before its first question."""

    def ask(self, content: C_contra) -> Answer:
        """Do the costly work. Raises `Unusable` (a fact about this video), `NotNow` or `Stop`."""
        ...

    def read(self, answer: Answer) -> list[Row]:
        """Turn a stored answer into table rows, without keys and status. Pure. Raises `Unusable`."""
        ...
