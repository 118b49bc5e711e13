"""Whether a host takes pictures, videos and sounds is found out before a study needs it, and is paid for once."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import Endpoint, llm, says

from gettok.errors import BadSettings
from gettok.llm import CallLog
from gettok.llm.client import ChatClient, chat_client
from gettok.llm.doctor import Doctor, Finding
from gettok.llm.senses import refuse_untaken
from gettok.settings.secrets import Secret
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

SENSES = {"frames": "sees pictures", "video": "watches video", "sound": "hears sound"}
PLAIN = {"text": "", "beeps": 0}
SAW = {"text": "LIMA", "beeps": 0}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos.json").write_text("[]")
    return folder


def findings(corpus: Path, folder: Path, *sees: str, **switches: Any) -> Mapping[str, Finding]:
    """What the doctor finds at a sandbox with these switches."""
    profile, chosen = (
        replace(profile_named("clean"), **switches),
        llm(model="sandbox-vision", sees=sees, timeout_s=60),
    )
    with (
        Sandbox(corpus=corpus, profile=profile) as sandbox,
        CallLog(folder, None) as call_log,
        closing(Doctor(chosen, sandbox.model, Secret("sandbox"), call_log)) as doctor,
    ):
        return {finding.what: finding for finding in doctor.findings()}


@pytest.mark.parametrize(
    ("switches", "sense", "detail"),
    [
        ({"video": "vllm"}, "video", "At most 0 video(s) may be provided"),
        ({"video": "openai"}, "video", "Invalid value: 'video_url'"),
        ({"video": "dropped"}, "video", "dropped in silence: it counts "),
        ({"sound": "vllm"}, "sound", "At most 0 audio(s) may be provided"),
        ({"sound": "openai"}, "sound", "input_audio is only supported by certain models"),
        ({"sound": "dropped"}, "sound", "dropped in silence: it counts "),
        ({"sound": "dropped", "no_usage": True}, "sound", "about a sound of 3 beeps"),
    ],
)
def test_the_doctor_finds_what_a_host_refuses_and_what_it_drops(
    corpus: Path, tmp_path: Path, switches: dict[str, Any], sense: str, detail: str
) -> None:
    found = findings(corpus, tmp_path, *SENSES, **switches)
    refused = found[SENSES[sense]]
    assert (refused.can, refused.needed) == (False, True)
    assert detail in refused.detail
    assert f"leave {sense} out of llm.sees" in refused.advice
    assert all(found[what].can for other, what in SENSES.items() if other != sense)


def test_what_the_settings_do_not_need_is_found_without_advice(corpus: Path, tmp_path: Path) -> None:
    found = findings(corpus, tmp_path, "frames", video="vllm")["watches video"]
    assert (found.can, found.needed, found.advice) == (False, False, "")


def tokens(count: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": count, "completion_tokens": 1}}


BOTH = llm(extra_models=[{"model": "model-b", "prices": llm().prices}])


def client(url: str, folder: Path) -> ChatClient:
    return chat_client(BOTH, url, Secret("sandbox"), folder)


def test_a_part_that_is_taken_and_not_understood_is_no_reason_to_stop(tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        endpoint.plays(says(PLAIN, **tokens(10)), says({"text": "", "beeps": 7}, **tokens(90)))
        refuse_untaken(client(endpoint.url, tmp_path), BOTH, ["model-a"], ("sound",))
    assert not endpoint.script


def test_a_guess_does_not_hide_that_a_part_was_dropped(tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        endpoint.plays(*[says(PLAIN, **tokens(10)), says(SAW, **tokens(10))] * 2)
        with pytest.raises(
            BadSettings, match=r"does not take the video that llm\.sees names: dropped in silence"
        ):
            refuse_untaken(client(endpoint.url, tmp_path), BOTH, ["model-a"], ("frames", "video"))


def test_frames_alone_ask_nothing(tmp_path: Path) -> None:
    refuse_untaken(client("http://127.0.0.1:9/v1", tmp_path), BOTH, ["model-a"], ("frames", "caption"))


def test_it_is_paid_for_once_a_model_and_a_host_that_has_learnt_it_is_believed(tmp_path: Path) -> None:
    taken = [says(PLAIN, **tokens(10)), says(SAW, **tokens(90))]
    dropped = [says(PLAIN, **tokens(10)), says(SAW, **tokens(10))]
    with Endpoint() as endpoint:
        asking = client(endpoint.url, tmp_path)
        endpoint.plays(*dropped, *dropped)
        with pytest.raises(BadSettings):
            refuse_untaken(asking, BOTH, ["model-a"], ("video",))
        endpoint.plays(*taken)
        for _ in range(3):
            refuse_untaken(asking, BOTH, ["model-a"], ("video",))
        assert len(endpoint.asked) == 6
        endpoint.plays(*taken)
        refuse_untaken(asking, BOTH, ["model-a", "model-b"], ("video",))
    assert [asked["model"] for asked in endpoint.asked[6:]] == ["model-b"] * 2
