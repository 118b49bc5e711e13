"""The doctor finds out what an endpoint cannot do, and names the setting that helps."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from scripted_endpoint import Endpoint, Scripted, fails, llm

from gettok.errors import BadSettings, Stop
from gettok.llm import CallLog
from gettok.llm.doctor import Doctor
from gettok.settings import Batch
from gettok.settings.secrets import Secret
from sandbox.profiles import profile_named
from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos.json").write_text("[]")
    return folder


def examined(
    corpus: Path,
    folder: Path,
    key: str = "sandbox",
    model: str = "sandbox-vision",
    settings: Mapping[str, Any] = MappingProxyType({}),
    **switches: Any,
) -> Iterator[tuple[str, bool | None, str, str]]:
    """The findings at a sandbox with these switches; checks that all calls are logged."""
    profile = replace(profile_named("clean"), **switches)
    with Sandbox(corpus=corpus, profile=profile) as sandbox, CallLog(folder, None) as call_log:
        doctor = Doctor(
            llm(model=model, timeout_s=30, **settings),
            sandbox.model,
            Secret(key),
            call_log,
        )
        try:
            for finding in doctor.findings():
                yield finding.what.split()[0], finding.can, finding.detail, finding.advice
        finally:
            doctor.close()
        sent = sum("chat/completions" in entry["path"] for entry in sandbox.requests())
        assert sent == sum(cost.calls for cost in call_log.by_model())


def test_an_endpoint_that_can_do_everything_gets_no_advice(corpus: Path, tmp_path: Path) -> None:
    found = list(examined(corpus, tmp_path))
    assert [what for what, *_ in found] == [
        "offers",
        "answers",
        "follows",
        "sees",
        "watches",
        "hears",
        "returns",
        "counts",
        "takes",
    ]
    assert all(can and not advice for _, can, _, advice in found)


@pytest.mark.parametrize(
    ("switches", "what", "advice"),
    [
        ({"schemas": "prose"}, "follows", "choose another model"),
        ({"images": "vllm"}, "sees", "choose a model that sees pictures"),
        ({"logprobs": "refused"}, "returns", ""),
        ({"logprobs": "ignored"}, "returns", "left out"),
        ({"no_usage": True}, "counts", "worst case"),
        ({"fixed_temperature": True}, "answers", "set llm.temperature to null"),
        ({"token_limit_name": "max_tokens"}, "answers", "set llm.max_tokens_param"),
    ],
)
def test_what_it_cannot_do_is_reported_with_what_to_set(
    corpus: Path, tmp_path: Path, switches: dict[str, Any], what: str, advice: str
) -> None:
    found = {
        name: (can, f"{detail} {help_}")
        for name, can, detail, help_ in examined(corpus, tmp_path, **switches)
    }
    can, text = found[what]
    assert can is False
    assert advice in text


@pytest.mark.parametrize(
    ("refused", "works", "tried"),
    [("followed", "strict", 1), ("object_only", "object", 2), ("refused", "none", 3)],
)
def test_the_structured_output_that_works_is_found_and_used_for_the_rest(
    corpus: Path, tmp_path: Path, refused: str, works: str, tried: int
) -> None:
    found = list(examined(corpus, tmp_path / "strict", schemas=refused))
    follows = [(can, advice) for what, can, _, advice in found if what == "follows"]
    advice = "" if works == "strict" else f"set llm.structured_output to {works}"
    assert follows == [*[(False, "")] * (tried - 1), (True, advice)]
    assert all(can for what, can, *_ in found if what != "follows")
    again = examined(corpus, tmp_path / "set", settings={"structured_output": works}, schemas=refused)
    assert not any(advice for *_, advice in again)


@pytest.mark.parametrize("does", ["refused", "ignored"])
def test_missing_log_probabilities_matter_only_if_they_are_the_confidence(
    corpus: Path, tmp_path: Path, does: str
) -> None:
    for confidence, advised in (("votes", False), ("logprobs", True)):
        found = examined(corpus, tmp_path / confidence, settings={"confidence": confidence}, logprobs=does)
        (advice,) = [advice for what, _, _, advice in found if what == "returns"]
        assert ("set llm.confidence to votes" in advice) is advised


def test_what_is_needed_depends_on_the_settings(corpus: Path, tmp_path: Path) -> None:
    always, batch = {"answers", "follows", "sees"}, Batch(requests=1, bytes=10**6, poll_s=1)
    with Sandbox(corpus=corpus) as sandbox, CallLog(tmp_path, None) as call_log:
        for changes, more in (
            ({}, set()),
            ({"confidence": "logprobs"}, {"returns"}),
            ({"batch": batch}, {"takes"}),
            ({"sees": ["frames", "video", "sound"]}, {"watches", "hears"}),
        ):
            with closing(
                Doctor(llm(model="sandbox-vision", **changes), sandbox.model, Secret("sandbox"), call_log)
            ) as doctor:
                needed = {finding.what.split()[0] for finding in doctor.findings() if finding.needed}
            assert needed == always | more


def test_f49_another_model_in_the_answer_and_a_shutdown_date_are_reported(
    corpus: Path, tmp_path: Path
) -> None:
    found = list(examined(corpus, tmp_path, answers_as="sandbox-vision-2", shutdown_date="2099-01-01"))
    assert found[0][2] == "until 2099-01-01"
    assert found[1][2] == "as sandbox-vision-2"


def test_a_missing_model_is_reported(corpus: Path, tmp_path: Path) -> None:
    found = list(examined(corpus, tmp_path, model="gpt-9"))
    assert [(what, can) for what, can, *_ in found] == [("offers", False), ("answers", False)]
    assert "llm.base_url" in found[0][3]


def test_f50_a_refused_key_stops_and_is_not_shown(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="GETTOK_TEST_KEY") as stopped:
        list(examined(corpus, tmp_path, key="sk-secret"))
    assert "sk-secret" not in str(stopped.value)


def test_a_server_in_trouble_says_nothing_about_what_it_can_do(corpus: Path, tmp_path: Path) -> None:
    found = list(examined(corpus, tmp_path, p_529=1.0))
    assert found[1][:2] == ("answers", None)


def test_a_page_of_html_is_not_an_endpoint(tmp_path: Path) -> None:
    page = Scripted(body=b"<html>Welcome</html>")
    with Endpoint() as endpoint, CallLog(tmp_path, None) as call_log:
        endpoint.plays(page, page)
        doctor = Doctor(llm(), endpoint.url, Secret("k"), call_log)
        found = list(doctor.findings())
        doctor.close()
    assert [(finding.can, finding.detail) for finding in found] == [
        (False, "200, but not JSON"),
        (False, "200 without an answer: '<html>Welcome</html>'"),
    ]
    assert all("llm.base_url" in finding.advice for finding in found)


def test_f48_without_a_price_the_doctor_asks_nothing_either(corpus: Path, tmp_path: Path) -> None:
    with Endpoint() as endpoint, CallLog(tmp_path, None) as call_log:
        endpoint.plays(Scripted(body=b"{}"))
        doctor = Doctor(llm(prices=None), endpoint.url, Secret("k"), call_log)
        with pytest.raises(BadSettings, match="no price is set"):
            list(doctor.findings())
        doctor.close()
    assert not any("messages" in asked for asked in endpoint.asked)


@pytest.mark.parametrize(("listed", "can"), [(["model-a"], True), (["model-b"], False), (None, None)])
def test_a_server_that_only_lists_its_models_is_believed(
    tmp_path: Path, listed: list[str] | None, can: bool
) -> None:
    """Such as vLLM, which lists its models but does not return a single one."""
    listing = {"object": "list", "data": [{"id": name, "object": "model"} for name in listed or []]}
    shown = fails(404) if listed is None else Scripted(body=json.dumps(listing).encode())
    with Endpoint() as endpoint, CallLog(tmp_path, None) as call_log:
        endpoint.plays(fails(404), shown)
        doctor = Doctor(llm(), endpoint.url, Secret("sandbox"), call_log)
        offers = next(doctor.findings())
        doctor.close()
    assert offers.can is can
    assert ("model-b" in offers.detail) == (listed == ["model-b"])


def test_a_host_that_is_not_found_is_named_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with CallLog(tmp_path, None) as call_log:
        doctor = Doctor(llm(timeout_s=30), "https://models.example.org/v1", Secret("x"), call_log)
        with closing(doctor):
            details = [finding.detail for finding in doctor.findings()]
    assert details == ["models.example.org cannot be reached (DNS)"] * 2
