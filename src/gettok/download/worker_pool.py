"""Worker processes for other people's downloaders: one for each concurrent job, used for job after job.

Such a downloader may hang, crash, print, write into its working directory or fill the memory. The process contains all
of that, has a time limit, and ends with its parent.
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
from gettok.http.loopback import is_loopback_url

#: Importing pyktok takes 3 s on an idle machine.
_START_S = 120


class Worker:
    """One such process."""

    def __init__(self, tool: str, pages: str, max_bytes: int) -> None:
        command = [sys.executable, "-m", "gettok.download.worker", tool, pages, str(max_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(pages),
        )
        self._received = b""
        self._line(_START_S)

    def run(self, job: dict[str, Any], timeout_s: int) -> dict[str, Any]:
        """The worker's reply to a job. Raises `Unusable` if there is none; the worker has then ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            self.close()
            raise Unusable("unreachable", "the downloader's process has ended") from error
        reply: dict[str, Any] = json.loads(self._line(timeout_s))
        return reply

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self, timeout_s: int) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._received:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                chunk = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
                if not chunk:
                    self.close()
                    what = "ended without an answer" if ready else f"did not finish within {timeout_s} s"
                    raise Unusable("unreachable", f"the downloader {what}")
                self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line


def worker_environment(pages: str) -> dict[str, str]:
    """Our environment; for a loopback server without the proxies, which cannot reach it and which both tools use."""
    drops_proxies = is_loopback_url(pages)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (drops_proxies and name.lower().endswith("_proxy"))
    }
    return {**kept, "YTDLP_NO_PLUGINS": "1"}


class WorkerPool:
    """As many workers as jobs run at the same time; an idle worker waits for the next job."""

    def __init__(self, tool: str, pages: str, max_bytes: int) -> None:
        self._arguments = (tool, pages, max_bytes)
        self._idle: LifoQueue[Worker] = LifoQueue()
        atexit.register(self.close)

    def run(self, url: str, folder: Path, timeout_s: int) -> dict[str, Any]:
        """The downloader's reply for this page; it writes its files into `folder`."""
        try:
            worker = self._idle.get_nowait()
        except Empty:
            worker = Worker(*self._arguments)
        reply = worker.run({"url": url, "folder": str(folder), "timeout_s": timeout_s}, timeout_s)
        self._idle.put(worker)
        return reply

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()
