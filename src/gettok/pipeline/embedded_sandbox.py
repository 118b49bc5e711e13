"""A sandbox of one's own, which starts with the first request: where every answer is known, none is sent."""

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from gettok.errors import Stop

#: Connections that may wait while it starts.
_BACKLOG = 128


@contextmanager
def embedded_sandbox() -> Iterator[str]:
    """The base address of a sandbox that ends with the `with` block. Raises `Stop` if it could not start."""
    sandbox = _Embedded()
    try:
        yield sandbox.base
    finally:
        sandbox.close()
        if sandbox.has_failed:
            raise Stop("the sandbox did not start", "stopped the stage", "run `gettok sandbox` to see why")


class _Embedded:
    """Listens at once, and starts the sandbox, which then has the socket, when a connection comes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._closing, self._close = socket.socketpair()
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.has_failed = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = Thread(target=self._start_when_asked, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the sandbox if it has started."""
        self._close.close()
        self._thread.join()
        self._closing.close()
        if self._process is not None:
            self._process.communicate()  # closes its stdin, which ends it

    def _start_when_asked(self) -> None:
        # without the listener here, a connection is refused when the sandbox has ended
        with self._listener:
            ready, _, _ = select.select([self._listener, self._closing], [], [])
            if self._closing in ready:
                return
            self._process = _started(self._listener.fileno())
        assert self._process.stdout is not None
        self.has_failed = not self._process.stdout.readline()


def _started(listener: int) -> subprocess.Popen[str]:
    # It ends when its stdin closes, so it ends when we do, even if we are killed. It has a session of its own, since
    # Ctrl-C must not end it while the stage finishes what is in flight.
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "sandbox", "--listener", str(listener), "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=(listener,),
    )
