"""The address of a model's host: what is asked there, with which headers, and around which proxy."""

import json
from collections.abc import Iterator
from contextlib import closing

import openai
import pytest
from scripted_endpoint import CANARY, Endpoint, Scripted, llm, new_folder, says

from gettok.errors import BadSettings
from gettok.llm import CallLog
from gettok.llm.client import ChatClient
from gettok.llm.connection import connect, read_address
from gettok.llm.doctor import Doctor
from gettok.settings.fields import address
from gettok.settings.secrets import Secret

VERSION = "api-version=2024-10-21"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


def ask(endpoint: Endpoint, base_url: str) -> str:
    """Ask one question at this address; returns the path that was asked."""
    endpoint.plays(says({"colour": "red"}))
    with closing(connect(llm(), base_url, Secret(CANARY))) as connection:
        connection.chat.completions.with_raw_response.create(model="m", messages=[])
    return endpoint.paths[-1]


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/v1//", "/v1/chat/completions"),
        ("", "/chat/completions"),
        ("/", "/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
        ("/inference/chat/completions", "/inference/chat/completions"),
        ("/v1/Chat/Completions", "/v1/chat/completions"),
        ("/v1//chat//completions", "/v1/chat/completions"),
        ("/v1/models", "/v1/chat/completions"),
        ("/v1/completions", "/v1/chat/completions"),
        ("/v1/responses", "/v1/chat/completions"),
        ("/v1beta/openai/", "/v1beta/openai/chat/completions"),
        ("/api/v1?", "/api/v1/chat/completions"),
        (f"/openai/deployments/x?{VERSION}", f"/openai/deployments/x/chat/completions?{VERSION}"),
        (f"/openai/deployments/x/?{VERSION}", f"/openai/deployments/x/chat/completions?{VERSION}"),
        (
            f"/openai/deployments/x/chat/completions?{VERSION}",
            f"/openai/deployments/x/chat/completions?{VERSION}",
        ),
        (
            f"/gateway/openai/deployments/x?{VERSION}",
            f"/gateway/openai/deployments/x/chat/completions?{VERSION}",
        ),
        (f"/gateway/deployments/x?{VERSION}", f"/gateway/deployments/x/chat/completions?{VERSION}"),
        (f"/openai?{VERSION}", f"/openai/deployments/m/chat/completions?{VERSION}"),
        (f"?{VERSION}", f"/openai/deployments/m/chat/completions?{VERSION}"),
        ("/openai/v1?api-version=preview", "/openai/v1/chat/completions?api-version=preview"),
        (f"/models?{VERSION}", f"/models/chat/completions?{VERSION}"),
    ],
)
def test_an_address_may_end_in_any_usual_way(endpoint: Endpoint, end: str, asked: str) -> None:
    url = f"http://127.0.0.1:{endpoint.port}{end}"
    assert ask(endpoint, url) == asked
    assert ask(endpoint, f" \t{url}\n") == asked


@pytest.mark.parametrize(
    "base_url",
    [
        "sandbox:",
        "models.example/v1",
        "localhost:8000/v1",
        "//models.example/v1",
        "file:///etc/passwd",
        "http://",
        "https:///v1",
        "https://models.example:port/v1",
        "https://models.example:0/v1",
        "https://[::1/v1",
        "https://models.example/v 1",
        "https://models.example/v1\nx",
        "https://models.example/v1#x",
        "https://user@models.example/v1",
        "https://user:word@models.example/v1",
        "https://models.example/v1?key=x",
        "https://models.example/v1?api-version",
        "https://models.example/v1?api-version=",
        f"https://models.example/v1?{VERSION}&{VERSION}",
        f"https://models.example/openai/deployments/x?{VERSION}&subscription-key=x",
        "http://127.0.0.1:11434/api/chat",
        "http://127.0.0.1:11434/api/generate",
        "https://models.example/v1/messages",
        "https://models.example/v1/chat",
        "https://models.example/v4/embeddings",
        f"https://resource.openai.azure.com/openai/responses?{VERSION}",
        "https://resource.openai.azure.com/openai/deployments/x",
        "https://resource.openai.azure.com/openai/deployments/x/chat/completions",
        "https://models.example/v1beta/models/gemini:generateContent",
        "https://models.example/v1beta/models/gemini:streamGenerateContent",
    ],
)
def test_any_other_address_is_refused_before_the_first_request(base_url: str) -> None:
    with pytest.raises(BadSettings, match=r"^llm\.base_url: ") as caught:
        ChatClient(llm(), base_url, Secret(CANARY), CallLog(new_folder(), None))
    assert caught.value.did == "stopped before any request"
    assert "https://host/v1" in caught.value.can


@pytest.mark.parametrize(
    "base_url",
    [
        f"https://models.example/v1?key={CANARY}",
        f"https://user:{CANARY}@models.example/v1",
        f"https://user:{CANARY}@models.example:port/v1?key={CANARY}",
        f"https://models.example/v1#{CANARY}",
    ],
)
def test_a_key_in_an_address_is_not_shown(base_url: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read_address(base_url)
    assert CANARY not in str(caught.value)


def test_blanks_around_an_address_are_no_part_of_the_setting() -> None:
    assert address(" https://models.example/v1\n") == "https://models.example/v1"


def test_classic_azure_gets_the_key_as_its_own_header_and_every_other_host_as_a_token(
    endpoint: Endpoint,
) -> None:
    base = f"http://127.0.0.1:{endpoint.port}"
    ask(endpoint, f"{base}/openai/deployments/x?{VERSION}")
    ask(endpoint, f"{base}/openai/v1?api-version=preview")
    ask(endpoint, f"{base}/v1")
    keys = [(headers["api-key"], headers["Authorization"]) for headers in endpoint.headers]
    assert keys == [(CANARY, None), (None, f"Bearer {CANARY}"), (None, f"Bearer {CANARY}")]


def test_at_classic_azure_the_doctor_looks_for_the_model_beside_the_deployments(endpoint: Endpoint) -> None:
    endpoint.plays(Scripted(body=json.dumps({"id": "model-a", "object": "model"}).encode()))
    url = f"http://127.0.0.1:{endpoint.port}/openai/deployments/x?{VERSION}"
    with (
        CallLog(new_folder(), None) as call_log,
        closing(Doctor(llm(), url, Secret(CANARY), call_log)) as doctor,
    ):
        assert next(doctor.findings()).can
    assert endpoint.paths == [f"/openai/models/model-a?{VERSION}"]


@pytest.fixture
def openai_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-canary")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "admin-canary")
    monkeypatch.setenv("OPENAI_API_KEY", "key-canary")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/canary")
    headers = "X-Team: canary-team\nAuthorization: Bearer canary\nContent-Type: text/canary\napi-key: canary"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", headers)


@pytest.mark.parametrize("end", ["/v1", f"/openai/deployments/x?{VERSION}", "/openai/v1?api-version=preview"])
@pytest.mark.usefixtures("openai_environment")
def test_what_the_environment_says_for_openai_is_not_sent_to_another_host(
    endpoint: Endpoint, end: str
) -> None:
    ask(endpoint, f"http://127.0.0.1:{endpoint.port}{end}")
    with closing(connect(llm(), f"http://127.0.0.1:{endpoint.port}{end}", Secret(CANARY))) as connection:
        for request in (connection.models.list, connection.batches.list):
            endpoint.plays(Scripted(body=b'{"object": "list", "data": []}'))
            request()
    assert len(endpoint.headers) == 3
    for headers in endpoint.headers:
        sent = {name.lower(): value for name, value in headers.items()}
        assert CANARY in sent.get("authorization", "") + sent.get("api-key", "")
        assert sent.get("content-type", "application/json") == "application/json"
        rest = {name: value.replace(CANARY, "") for name, value in sent.items()}
        assert "canary" not in str(rest)
        assert not {"openai-organization", "openai-project"} & rest.keys()


@pytest.mark.parametrize("host", ["api.openai.com", "us.api.openai.com", "eu.api.openai.com"])
@pytest.mark.usefixtures("openai_environment")
def test_openais_own_hosts_get_it(host: str) -> None:
    with closing(connect(llm(), f"https://{host}/v1", Secret(CANARY))) as connection:
        sent = connection.default_headers
    assert (sent["OpenAI-Organization"], sent["OpenAI-Project"]) == ("org-canary", "proj-canary")
    assert sent["X-Team"] == "canary-team"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com.example/v1",
        "https://notapi.openai.com/v1",
        "https://api-openai.com/v1",
        "https://a.b.api.openai.com/v1",
    ],
)
@pytest.mark.usefixtures("openai_environment")
def test_a_host_that_only_looks_like_openais_does_not(base_url: str) -> None:
    with closing(connect(llm(), base_url, Secret(CANARY))) as connection:
        sent = connection.default_headers
    assert isinstance(sent["OpenAI-Organization"], openai.Omit)
    assert "X-Team" not in sent


@pytest.fixture(params=["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A proxy that the environment names, and that answers anything."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Endpoint() as proxy:
        proxy.plays(says({"colour": "by the proxy"}))
        monkeypatch.setenv(request.param, f"http://127.0.0.1:{proxy.port}")
        yield proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0.0.0.0", "localhost"])
def test_no_proxy_is_between_us_and_this_machine(endpoint: Endpoint, proxy: Endpoint, host: str) -> None:
    assert ask(endpoint, f"http://{host}:{endpoint.port}/v1") == "/v1/chat/completions"
    assert proxy.paths == []


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "models.localhost"])
def test_nor_if_nothing_listens_there(proxy: Endpoint, host: str) -> None:
    with (
        closing(connect(llm(), f"http://{host}:9/v1", Secret(CANARY))) as connection,
        pytest.raises(openai.APIConnectionError),
    ):
        connection.chat.completions.with_raw_response.create(model="m", messages=[])
    assert proxy.paths == []


def test_any_other_host_is_asked_through_the_proxy(proxy: Endpoint) -> None:
    with closing(connect(llm(), "http://models.example/v1", Secret(CANARY))) as connection:
        connection.chat.completions.with_raw_response.create(model="m", messages=[])
    assert proxy.paths == ["http://models.example/v1/chat/completions"]
