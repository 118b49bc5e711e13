"""How videos and sounds are in a request, in its digest and in its price; requests without them are as they were."""

import json
from base64 import b64decode
from typing import Any, NoReturn

import pytest
from scripted_endpoint import CLIP, llm, pictures

from gettok.llm import ModelCall, Question, request_digest
from gettok.media.clip import Clip
from gettok.settings import ClipSettings

_SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def made(data: bytes) -> Any:
    return lambda: data


def never() -> NoReturn:
    raise AssertionError("encoded, where only a digest or a price is wanted")


def video(make: Any, **identity: Any) -> Clip:
    return Clip("video", {"kind": "video"} | identity, pictures=20, sound_s=10.0, make=make)


def sound(make: Any, **identity: Any) -> Clip:
    return Clip("sound", {"kind": "sound"} | identity, pictures=0, sound_s=9.5, make=make)


def call(*parts: Any) -> ModelCall:
    return ModelCall(Question("Judge.", ("What is it?", *parts), "word", _SCHEMA))


def test_a_video_is_sent_as_vllm_takes_it_and_a_sound_as_openai_does() -> None:
    body = call(*pictures(1), video(made(b"film")), sound(made(b"tone"))).body(llm())
    _, _, shown, heard = body["messages"][1]["content"]
    assert shown["type"] == "video_url"
    head, _, data = shown["video_url"]["url"].partition(",")
    assert (head, b64decode(data)) == ("data:video/mp4;base64", b"film")
    assert heard["type"] == "input_audio"
    assert (heard["input_audio"]["format"], b64decode(heard["input_audio"]["data"])) == ("wav", b"tone")


def test_a_digest_and_a_price_need_no_encoding() -> None:
    asked = call(video(never), sound(never))
    assert len(request_digest(asked, llm())) == 64
    without = call().size(llm()).typical_input_tokens
    assert asked.size(llm()).typical_input_tokens - without == 20 * 258 + 10 * 32 + 9.5 * 32
    counted = ClipSettings.model_validate(CLIP | {"tokens_per_frame": 1, "tokens_per_s_of_sound": 10})
    assert asked.size(llm(clip=counted)).max_input_tokens - call().size(llm()).max_input_tokens == 20 + 195


def test_the_digest_follows_what_a_clip_is_and_not_when_it_is_made() -> None:
    digests = {
        request_digest(call(*clips), llm())
        for clips in (
            (),
            (video(never),),
            (sound(never),),
            (video(never, media="a"),),
            (video(never, media="b"),),
        )
    }
    assert len(digests) == 5
    assert request_digest(call(video(made(b"x"))), llm()) == request_digest(call(video(never)), llm())


def test_a_clip_is_made_once_however_often_it_is_sent() -> None:
    times = []

    def make() -> bytes:
        times.append(1)
        return b"film"

    asked = call(video(make))
    assert asked.body(llm()) == asked.body(llm(votes=2))
    assert len(times) == 1


@pytest.mark.parametrize("structured", ["strict", "none"])
def test_without_clips_the_digest_is_that_of_the_very_request(structured: str) -> None:
    asked, chosen = call(*pictures(2)), llm(structured_output=structured)
    assert json.dumps(asked.identity(chosen)) == json.dumps(asked.body(chosen))
