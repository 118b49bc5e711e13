"""The connection to a model's host: its address as the settings write it, its key, proxies, and the environment."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

import openai

from gettok.errors import BadSettings
from gettok.http.loopback import is_loopback_url
from gettok.settings import Llm
from gettok.settings.secrets import Secret

#: Ends of whole addresses that are copied from documentation; what is before them is the base.
_ENDPOINT = re.compile(
    r"/+chat/+completions$|(?<=/v1)/+(?:completions|responses|embeddings|models)$", re.IGNORECASE
)
#: Any other address of one of OpenAI's APIs does not tell where chat completions are.
_OTHER_ENDPOINT = re.compile(r"/(?:chat|completions|responses|embeddings)$", re.IGNORECASE)
#: Addresses that speak another API: those of Ollama, Anthropic and Google.
_OTHER_API = re.compile(r"/api/(?:chat|generate|tags)$|/messages$|:\w*generateContent$", re.IGNORECASE)
#: Azure's classic deployments: the resource, and the deployment if it is named.
_AZURE = re.compile(r"(?P<resource>.*)/openai(?:/deployments/(?P<deployment>[^/]+))?")
_OPENAI = re.compile(r"(?:[a-z]+\.)?api\.openai\.com")


@dataclass(frozen=True)
class EndpointAddress:
    """Where chat completions are, without `/chat/completions`, and the version that Azure wants in the query."""

    url: str
    api_version: str | None = None

    @property
    def is_openai(self) -> bool:
        """Whether the host is OpenAI's own, in any of its regions."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" and bool(_OPENAI.fullmatch(parts.hostname or ""))

    @property
    def azure(self) -> dict[str, Any] | None:
        """The arguments for the client of Azure's classic API; `None` elsewhere, as at Azure's `/openai/v1`."""
        parts = urlsplit(self.url)
        if self.api_version is None:
            return None
        if found := _AZURE.fullmatch(parts.path or "/openai"):
            resource = urlunsplit(parts._replace(path=found["resource"]))
            return {"azure_endpoint": resource, "azure_deployment": found["deployment"]}
        return {"base_url": self.url} if "/deployments/" in parts.path else None


def connect(llm: Llm, base_url: str, key: Secret) -> openai.OpenAI:
    """A connection to an endpoint. Raises `BadSettings` if the address is not one that can be asked."""
    address = read_address(base_url)
    # a query in the library's base_url spoils the path (findings/openai-addresses.sh)
    options: dict[str, Any] = {
        "api_key": key.reveal(),
        "max_retries": 0,  # we retry, so that every try is limited, logged and paid for
        "timeout": llm.timeout_s,
    }
    if address.api_version is not None:
        options["default_query"] = {"api-version": address.api_version}
    if is_loopback_url(address.url):
        options["http_client"] = openai.DefaultHttpxClient(trust_env=False)  # no proxy of the environment
    if address.azure is None:
        connection = openai.OpenAI(base_url=address.url, **options)
    else:  # classic deployments take the key as `api-key`, and refuse it as a token
        connection = openai.AzureOpenAI(**options, **address.azure, api_version=address.api_version)
    if not address.is_openai:
        _leave_environment_out(connection)
    return connection


def read_address(base_url: str) -> EndpointAddress:
    """The address in the settings, without blanks around it, or its path's end. Raises `BadSettings`."""
    parts = _split(base_url.strip())
    path = parts.path.rstrip("/")
    if _OTHER_API.search(path):
        raise _refused(parts, "speaks another API than OpenAI's chat completions")
    base, version = _ENDPOINT.sub("", path), _api_version(parts)
    if _OTHER_ENDPOINT.search(base):
        raise _refused(parts, "is not where chat completions are, nor the part before them")
    is_azure = (parts.hostname or "").endswith(".azure.com")
    if is_azure and "/deployments/" in base and version is None:
        raise _refused(parts, "is a deployment at Azure without its api-version")
    return EndpointAddress(urlunsplit((parts.scheme, parts.netloc, base, "", "")).rstrip("/"), version)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _refused(SplitResult("", text.partition("?")[0], "", "", ""), "is not a URL") from None
    if not is_whole or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise _refused(parts, "is not the address of an endpoint")
    if parts.username is not None or parts.password is not None:
        raise _refused(parts, "has a user name or a password: put the key into the environment")
    if parts.fragment:
        raise _refused(parts, "has a fragment, which is never sent")
    return parts


def _api_version(parts: SplitResult) -> str | None:
    """Azure's. Any other query may hold a key, and the address goes into the release."""
    query = parse_qsl(parts.query, keep_blank_values=True)
    others = sorted({name for name, _ in query} - {"api-version"})
    if others:
        raise _refused(
            parts, f"has {', '.join(others)} in its query: only Azure's api-version is known there"
        )
    versions = [version for _, version in query]
    if len(versions) > 1 or "" in versions:
        raise _refused(parts, "has no single api-version in its query")
    return versions[0] if versions else None


def _refused(parts: SplitResult, why: str) -> BadSettings:
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return BadSettings(
        f"llm.base_url: {shown!r} {why}",
        "stopped before any request",
        'write it as "https://host/v1", as "https://resource.openai.azure.com/openai/deployments/name?api-version=…" '
        'for a classic deployment at Azure, or "sandbox:" for the embedded sandbox',
    )


def _leave_environment_out(connection: openai.OpenAI) -> None:
    """Keep OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS from hosts that are not OpenAI's.

    The library sends them to any host, and a key in the headers in place of ours.
    """
    connection.organization = connection.project = None
    connection._custom_headers = {}  # noqa: SLF001 - there is no public way; a test looks at what is sent
