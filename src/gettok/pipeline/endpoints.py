"""Addresses of the outside world. `sandbox:` in the settings means a sandbox that runs as long as the stage."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gettok.errors import Stop
from gettok.settings import Llm
from gettok.settings.secrets import Secret, from_environment

SANDBOX = "sandbox:"
_SERVICES = {"api": "research_api", "pages": "pages", "model": "model"}


@dataclass(frozen=True)
class Addresses:
    """The base address of each service of the running sandbox; empty if none is needed."""

    sandbox: dict[str, str]

    def of(self, setting: str, service: str) -> str:
        """The address that a setting means: itself, or that service of the sandbox."""
        return self.sandbox[_SERVICES[service]] if setting == SANDBOX else setting


@contextmanager
def addresses(*settings: str) -> Iterator[Addresses]:
    """Start a sandbox if one of the settings asks for it, unless `GETTOK_SANDBOX` is the address of a running one."""
    if SANDBOX not in settings:
        yield Addresses({})
    elif running := os.environ.get("GETTOK_SANDBOX"):
        yield Addresses(_services(running.rstrip("/")))
    else:
        with _started() as services:
            yield Addresses(services)


def _services(base: str) -> dict[str, str]:
    return {"research_api": f"{base}/v2", "pages": f"{base}/www.tiktok.com", "model": f"{base}/v1"}


@contextmanager
def _started() -> Iterator[dict[str, str]]:
    # It ends when its stdin closes, so it ends when we do, even if we are killed. It has a session of its own, since
    # Ctrl-C must not end it while the stage finishes what is in flight.
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--until-stdin-closes"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if not line:
                raise Stop(
                    "the sandbox did not start", "stopped the stage", "run `gettok sandbox` to see why"
                )
            yield json.loads(line)
        finally:
            process.stdin.close()


def model_key(llm: Llm) -> Secret:
    """The key for the model endpoint: the sandbox's own, or the one in the environment."""
    return Secret("sandbox") if llm.base_url == SANDBOX else from_environment(llm.api_key_env)
