"""Processes that run a foreign downloader: one at a time for each thread that asks, job after job.

A downloader of others may hang, crash, print, write into its working directory or fill the memory. All of that ends at
the border of its process, which has a time limit and dies with its owner.
"""

import atexit
import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from gettok.errors import Unusable

#: Importing pyktok takes 3 s on a quiet machine.
_START_S = 120


class Child:
    """One such process."""

    def __init__(self, tool: str, pages: str, max_bytes: int) -> None:
        command = [sys.executable, "-m", "gettok.download.worker", tool, pages, str(max_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "YTDLP_NO_PLUGINS": "1"},
        )
        self._rest = b""
        self._line(_START_S)

    def run(self, job: dict[str, Any], timeout_s: int) -> dict[str, Any]:
        """What the child tells of a job. Raises `Unusable` when it does not; then it is dead."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            self.close()
            raise Unusable("unreachable", "the downloader's process has ended") from error
        told: dict[str, Any] = json.loads(self._line(timeout_s))
        return told

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self, timeout_s: int) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                piece = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
                if not piece:
                    self.close()
                    what = "ended without an answer" if ready else f"did not finish within {timeout_s} s"
                    raise Unusable("unreachable", f"the downloader {what}")
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


class Children:
    """As many as are asked at once; an idle one waits for the next job."""

    def __init__(self, tool: str, pages: str, max_bytes: int) -> None:
        self._of = (tool, pages, max_bytes)
        self._idle: LifoQueue[Child] = LifoQueue()
        atexit.register(self.close)

    def run(self, url: str, folder: Path, timeout_s: int) -> dict[str, Any]:
        """What the downloader tells of this page; the files that it writes are in `folder`."""
        try:
            child = self._idle.get_nowait()
        except Empty:
            child = Child(*self._of)
        told = child.run({"url": url, "folder": str(folder), "timeout_s": timeout_s}, timeout_s)
        self._idle.put(child)
        return told

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()
