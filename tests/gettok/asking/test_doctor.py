"""What an endpoint cannot do is found out, and said with the setting that helps."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from scripted_endpoint import Endpoint, Scripted, fails, llm

from gettok.errors import BadSettings, Stop
from gettok.llm import Calls
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
    """What is found at a sandbox with these switches, and whether all calls are written down."""
    profile = replace(profile_named("clean"), **switches)
    with Sandbox(corpus=corpus, profile=profile) as sandbox, Calls(folder, None) as calls:
        doctor = Doctor(
            llm(model=model, timeout_s=30, **settings),
            sandbox.model,
            Secret(key),
            calls,
        )
        try:
            for finding in doctor.findings():
                yield finding.what.split()[0], finding.can, finding.detail, finding.advice
        finally:
            doctor.close()
        sent = sum("chat/completions" in entry["path"] for entry in sandbox.requests())
        assert sent == sum(one.calls for one in calls.by_model())


def test_an_endpoint_that_can_do_everything_has_nothing_to_be_told(corpus: Path, tmp_path: Path) -> None:
    found = list(examined(corpus, tmp_path))
    assert [what for what, *_ in found] == ["offers", "answers", "keeps", "sees", "tells", "counts", "takes"]
    assert all(can and not advice for _, can, _, advice in found)


@pytest.mark.parametrize(
    ("switches", "what", "said"),
    [
        ({"schemas": "prose"}, "keeps", "choose another model"),
        ({"images": "vllm"}, "sees", "choose a model that sees pictures"),
        ({"logprobs": "refused"}, "tells", ""),
        ({"logprobs": "ignored"}, "tells", "left out"),
        ({"no_usage": True}, "counts", "worst case"),
        ({"fixed_temperature": True}, "answers", "set llm.temperature to null"),
        ({"token_limit_name": "max_tokens"}, "answers", "set llm.max_tokens_param"),
    ],
)
def test_what_it_cannot_do_is_said_with_what_to_set(
    corpus: Path, tmp_path: Path, switches: dict[str, Any], what: str, said: str
) -> None:
    found = {
        name: (can, f"{detail} {advice}")
        for name, can, detail, advice in examined(corpus, tmp_path, **switches)
    }
    can, told = found[what]
    assert can is False
    assert said in told


@pytest.mark.parametrize(
    ("refused", "works", "tried"),
    [("followed", "strict", 1), ("object_only", "object", 2), ("refused", "none", 3)],
)
def test_how_the_form_can_be_told_is_found_out_and_the_rest_is_asked_in_that_way(
    corpus: Path, tmp_path: Path, refused: str, works: str, tried: int
) -> None:
    found = list(examined(corpus, tmp_path / "strict", schemas=refused))
    keeps = [(can, advice) for what, can, _, advice in found if what == "keeps"]
    advice = "" if works == "strict" else f"set llm.structured_output to {works}"
    assert keeps == [*[(False, "")] * (tried - 1), (True, advice)]
    assert all(can for what, can, *_ in found if what != "keeps")
    again = examined(corpus, tmp_path / "set", settings={"schemas": works}, schemas=refused)
    assert not any(advice for *_, advice in again)


@pytest.mark.parametrize("does", ["refused", "ignored"])
def test_missing_log_probabilities_matter_to_whom_they_are_the_confidence(
    corpus: Path, tmp_path: Path, does: str
) -> None:
    for confidence, advised in (("votes", False), ("logprobs", True)):
        found = examined(corpus, tmp_path / confidence, settings={"confidence": confidence}, logprobs=does)
        (advice,) = [advice for what, _, _, advice in found if what == "tells"]
        assert ("set llm.confidence to votes" in advice) is advised


def test_what_is_needed_depends_on_the_settings(corpus: Path, tmp_path: Path) -> None:
    always, batch = {"answers", "keeps", "sees"}, Batch(requests=1, bytes=10**6, poll_s=1)
    with Sandbox(corpus=corpus) as sandbox, Calls(tmp_path, None) as calls:
        for changes, more in (
            ({}, set()),
            ({"confidence": "logprobs"}, {"tells"}),
            ({"batch": batch}, {"takes"}),
        ):
            with closing(
                Doctor(llm(model="sandbox-vision", **changes), sandbox.model, Secret("sandbox"), calls)
            ) as doctor:
                needed = {finding.what.split()[0] for finding in doctor.findings() if finding.needed}
            assert needed == always | more


def test_f49_another_model_in_the_answer_and_a_last_day_are_told(corpus: Path, tmp_path: Path) -> None:
    found = list(examined(corpus, tmp_path, answers_as="sandbox-vision-2", shutdown_date="2099-01-01"))
    assert found[0][2] == "until 2099-01-01"
    assert found[1][2] == "as sandbox-vision-2"


def test_a_model_that_is_not_there_is_told(corpus: Path, tmp_path: Path) -> None:
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


def test_a_page_of_html_is_no_endpoint(tmp_path: Path) -> None:
    page = Scripted(body=b"<html>Welcome</html>")
    with Endpoint() as endpoint, Calls(tmp_path, None) as calls:
        endpoint.plays(page, page)
        doctor = Doctor(llm(), endpoint.url, Secret("k"), calls)
        found = list(doctor.findings())
        doctor.close()
    assert [(one.can, one.detail) for one in found] == [
        (False, "200, but no JSON"),
        (False, "200 without an answer"),
    ]
    assert all("llm.base_url" in one.advice for one in found)


def test_f48_without_a_price_the_doctor_asks_nothing_either(corpus: Path, tmp_path: Path) -> None:
    with Endpoint() as endpoint, Calls(tmp_path, None) as calls:
        endpoint.plays(Scripted(body=b"{}"))
        doctor = Doctor(llm(prices=None), endpoint.url, Secret("k"), calls)
        with pytest.raises(BadSettings, match="costs"):
            list(doctor.findings())
        doctor.close()
    assert not any("messages" in asked for asked in endpoint.asked)


@pytest.mark.parametrize(("listed", "can"), [(["model-a"], True), (["model-b"], False), (None, None)])
def test_a_server_that_only_lists_its_models_is_believed(
    tmp_path: Path, listed: list[str] | None, can: bool
) -> None:
    """As vLLM is: it has a list of models, and none of them alone."""
    told = {"object": "list", "data": [{"id": name, "object": "model"} for name in listed or []]}
    shown = fails(404) if listed is None else Scripted(body=json.dumps(told).encode())
    with Endpoint() as endpoint, Calls(tmp_path, None) as calls:
        endpoint.plays(fails(404), shown)
        doctor = Doctor(llm(), endpoint.url, Secret("sandbox"), calls)
        offers = next(doctor.findings())
        doctor.close()
    assert offers.can is can
    assert ("model-b" in offers.detail) == (listed == ["model-b"])
