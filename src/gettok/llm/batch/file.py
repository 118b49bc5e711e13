"""The file in which the questions of one batch leave: one a line, up to what the host and the budget allow."""

import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Self

from gettok.errors import BadSettings
from gettok.llm.batch.client import CHAT
from gettok.settings import Batch
from gettok.step import Json


class BatchFile:
    """A temporary file, gone when it is closed. `worst` is what each of its requests may cost, in US dollars."""

    def __init__(self, most_requests: int, most_bytes: int, room_usd: Decimal | None) -> None:
        self.worst: dict[str, Decimal] = {}
        self._most_requests, self._most_bytes, self._room_usd = most_requests, most_bytes, room_usd
        self._file = tempfile.NamedTemporaryFile(prefix="batch-", suffix=".jsonl")  # noqa: SIM115 - closed below
        self._usd = Decimal(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def add(self, request: str, body: Mapping[str, Json], worst: Decimal) -> bool:
        """Whether there was room for it. Raises `BadSettings` for one that no file has room for."""
        if request in self.worst:
            return True
        line = {"custom_id": request, "method": "POST", "url": CHAT, "body": body}
        written = json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
        if len(written) > self._most_bytes:
            raise _too_large(len(written), self._most_bytes)
        if (
            len(self.worst) >= self._most_requests
            or self._file.tell() + len(written) > self._most_bytes
            or (self._room_usd is not None and self._usd + worst > self._room_usd)
        ):
            return False
        self._file.write(written)
        self.worst[request] = worst
        self._usd += worst
        return True

    def whole(self) -> Path:
        """The file, with everything in it."""
        self._file.flush()
        return Path(self._file.name)


def outbox(batch: Batch, most_requests: int, room_usd: Decimal | None) -> BatchFile:
    """An empty one, for a host with these limits."""
    return BatchFile(min(batch.requests, most_requests), batch.bytes, room_usd)


def _too_large(size: int, most: int) -> BadSettings:
    return BadSettings(
        f"one question has {size:,} bytes, and llm.batch.bytes allows {most:,} for a whole batch",
        "stopped before it was sent; every earlier answer is kept",
        "raise llm.batch.bytes up to what the host takes, show fewer or smaller frames, or set llm.batch to null",
    )
