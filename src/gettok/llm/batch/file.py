"""The file with the questions of one batch: one on each line, up to what the host and the budget allow."""

import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Self

from gettok.errors import BadSettings
from gettok.llm.batch.client import CHAT
from gettok.llm.call_log import UNNAMED, AskedFor
from gettok.settings import Batch
from gettok.step import Json


class BatchFile:
    """A temporary file, deleted when it is closed.

    `worst` is what each of its requests may cost, in US dollars, and `asked` what it is about.
    """

    def __init__(self, most_requests: int, most_bytes: int, budget_usd: Decimal | None) -> None:
        self.worst: dict[str, Decimal] = {}
        self.asked: dict[str, AskedFor] = {}
        self._most_requests, self._most_bytes, self._budget_usd = most_requests, most_bytes, budget_usd
        self._file = tempfile.NamedTemporaryFile(prefix="batch-", suffix=".jsonl")  # noqa: SIM115 - closed below
        self._usd = Decimal(0)

    @staticmethod
    def within(batch: Batch, most_requests: int, budget_usd: Decimal | None) -> "BatchFile":
        """An empty file with the limits of the settings, of the host and of the budget."""
        return BatchFile(min(batch.requests, most_requests), batch.bytes, budget_usd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def add(self, request: str, body: Mapping[str, Json], worst: Decimal, asked: AskedFor = UNNAMED) -> bool:
        """Add a request if it fits; whether it does. Raises `BadSettings` for one that fits no file."""
        if request in self.worst:
            return True
        line = {"custom_id": request, "method": "POST", "url": CHAT, "body": body}
        encoded = json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
        if len(encoded) > self._most_bytes:
            raise _too_large(len(encoded), self._most_bytes)
        if (
            len(self.worst) >= self._most_requests
            or self._file.tell() + len(encoded) > self._most_bytes
            or (self._budget_usd is not None and self._usd + worst > self._budget_usd)
        ):
            return False
        self._file.write(encoded)
        self.worst[request], self.asked[request] = worst, asked
        self._usd += worst
        return True

    def flushed(self) -> Path:
        """The path of the file, with everything written to it."""
        self._file.flush()
        return Path(self._file.name)


def _too_large(size: int, most: int) -> BadSettings:
    return BadSettings(
        f"one question has {size:,} bytes, and llm.batch.bytes allows {most:,} for a whole batch",
        "stopped before it was sent; every earlier answer is kept",
        "raise llm.batch.bytes up to what the host takes, show fewer or smaller frames, or set llm.batch to null",
    )
