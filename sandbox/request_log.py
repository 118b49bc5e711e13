"""The log of the requests that the sandbox has received."""

import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    service: str
    method: str
    path: str
    body_sha256: str
    subject: str
    """What the request is about: `start/end/cursor`, a video's id, or a model and the hash of the messages."""
    status: int
    """0 when no status was sent."""
    via: str = ""
    """`batch` for a question answered within a batch, which costs money without being an HTTP request."""
    n: int = 0
    """The position in this server's log, from 1."""


class RequestLog:
    """Every request in order, logged before its answer is sent, so an answer that has arrived is always logged.

    With a file, each entry is one line and one appending write, so several servers can share it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()
        self._file = -1 if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def add(self, entry: Entry) -> None:
        """Log the entry under the next number."""
        with self._lock:
            numbered = replace(entry, n=len(self._entries) + 1)
            self._entries.append(numbered)
            if self._file >= 0:
                os.write(self._file, (json.dumps(asdict(numbered)) + "\n").encode())

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1
