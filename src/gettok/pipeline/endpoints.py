"""Addresses of the outside world. `sandbox:` in the settings means a sandbox that ends with the stage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gettok.pipeline.embedded_sandbox import embedded_sandbox
from gettok.settings import Llm, Source
from gettok.settings.fields import SANDBOX
from gettok.settings.secrets import Secret, from_environment

_SERVICES = {"api": "research_api", "pages": "pages", "model": "model"}


@dataclass(frozen=True)
class Addresses:
    """The base address of each service of the sandbox; empty if none is needed."""

    sandbox: dict[str, str]

    def of(self, setting: str, service: str) -> str:
        """The address that a setting means: itself, or that service of the sandbox."""
        return self.sandbox[_SERVICES[service]] if setting == SANDBOX else setting


@contextmanager
def addresses(*settings: str) -> Iterator[Addresses]:
    """Provide a sandbox if one of the settings asks for it, unless `GETTOK_SANDBOX` is the address of a running one.

    It starts with the first request to it.
    """
    if SANDBOX not in settings:
        yield Addresses({})
    elif running := os.environ.get("GETTOK_SANDBOX"):
        yield Addresses(_services(running.rstrip("/")))
    else:
        with embedded_sandbox() as base:
            yield Addresses(_services(base))


def _services(base: str) -> dict[str, str]:
    return {"research_api": f"{base}/v2", "pages": f"{base}/www.tiktok.com", "model": f"{base}/v1"}


def client_variables(source: Source) -> tuple[str, ...]:
    """The environment variables that hold the credentials for a source, if it asks the Research API."""
    is_asked = source.kind != "zeeschuimer" and source.api != SANDBOX
    return ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET") if is_asked else ()


def model_variables(llm: Llm) -> tuple[str, ...]:
    """The environment variable that holds the key of the model endpoint, unless that is the sandbox's."""
    return () if llm.base_url == SANDBOX else (llm.api_key_env,)


def model_key(llm: Llm) -> Secret:
    """The key for the model endpoint: the sandbox's own, or the one in the environment."""
    return Secret("sandbox") if llm.base_url == SANDBOX else from_environment(llm.api_key_env)
