"""The sandbox's model sees videos and hears sounds: it decodes what it is sent, and counts its tokens."""

import base64
import io
import json
import wave
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from codebook_caller import group_of
from model_caller import picture, schema, text_part
from PIL import Image

from gettok.media import MediaFile
from gettok.media.clip import ClipSource
from gettok.media.clip_encoding import write_mp4
from gettok.media.probing import probe
from gettok.settings import ClipSettings
from sandbox.model.hearing import count_beeps
from sandbox.videos import CORPUS

#: A film in which a voice says "Esta tarde los taxistas votan temprano", and whose screen says "Clima en Cusco".
SPOKEN = CORPUS / "media" / "7173732723132936103.mp4"
FORM = ClipSettings(
    max_side=480, fps=1.0, max_s=6, with_sound=False, tokens_per_frame=258, tokens_per_s_of_sound=32
)
RATE = 16_000
_STRICT = {"required": ["frame", "text"], "additionalProperties": False}


def video_part(content: bytes) -> dict[str, Any]:
    return {
        "type": "video_url",
        "video_url": {"url": f"data:video/mp4;base64,{base64.b64encode(content).decode()}"},
    }


def sound_part(content: bytes, kind: str = "wav") -> dict[str, Any]:
    return {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(content).decode(), "format": kind},
    }


@pytest.fixture(scope="module")
def clips() -> dict[str, bytes]:
    """The first six seconds of a film of the demo, as the product sends them."""
    facts = probe(SPOKEN)
    source = ClipSource(MediaFile.of(SPOKEN), facts.duration_s, has_video=True, has_sound=True)
    return {clip.kind: clip.data for clip in source.clips(["video", "sound"], FORM)}


@pytest.fixture
def completion(sandbox: Any) -> Any:
    """A completion about some parts."""
    with openai.OpenAI(base_url=sandbox.model, api_key="sandbox", max_retries=0) as client:

        def ask(*parts: Any, system: str = "Answer in JSON.", **settings: Any) -> Any:
            messages = [{"role": "system", "content": system}, {"role": "user", "content": list(parts)}]
            return client.chat.completions.create(model="sandbox-vision", messages=messages, **settings)

        yield ask


def content(reply: Any) -> Any:
    return json.loads(reply.choices[0].message.content)


def film(tmp_path: Path, text: str, pictures: int) -> bytes:
    shown = Image.open(io.BytesIO(picture(text)))
    write_mp4(tmp_path / "v.mp4", repeat(shown, pictures), Fraction(2), None)
    return (tmp_path / "v.mp4").read_bytes()


def tones(*lengths_s: float) -> np.ndarray[Any, Any]:
    pause = np.zeros(RATE // 4)
    beeps = (np.sin(np.arange(int(RATE * length)) * 0.3) for length in lengths_s)
    return np.concatenate([pause, *(part for beep in beeps for part in (beep, pause))]).astype(np.float32)


def test_it_hears_the_words_that_are_spoken(completion: Any, clips: dict[str, bytes]) -> None:
    form = schema(description={"type": "string"})
    heard = content(completion(text_part("What is said?"), sound_part(clips["sound"]), response_format=form))
    assert "taxistas votan temprano" in heard["description"]
    again = content(completion(text_part("What is said?"), sound_part(clips["sound"]), response_format=form))
    assert again == heard


def test_it_reads_the_text_in_a_video_which_has_no_number(completion: Any, tmp_path: Path) -> None:
    text = {"type": "object", "properties": {"frame": {"type": "integer"}, "text": {"type": "string"}}}
    form = schema(on_screen_text={"type": "array", "items": text | _STRICT})
    shown = completion(
        text_part("What is written?"), video_part(film(tmp_path, "PARO EN PUNO", 4)), response_format=form
    )
    assert {(each["frame"], each["text"]) for each in content(shown)["on_screen_text"]} == {
        (0, "PARO EN PUNO")
    }


@pytest.mark.parametrize("kind", ["video", "sound"])
def test_a_variable_is_judged_by_what_is_seen_or_heard_alone(
    completion: Any, clips: dict[str, bytes], kind: str
) -> None:
    question = {
        "question": "What is it about?",
        "kind": "one_of",
        "labels": [
            {"label": "weather", "definition": "The weather: clima en Cusco."},
            {"label": "votes", "definition": "People vote: los taxistas votan."},
            {"label": "none"},
        ],
        "inputs": [kind],
    }
    group = group_of({"topic": question})
    form = {"name": "answer", "strict": True, "schema": group.schema}
    part = video_part(clips["video"]) if kind == "video" else sound_part(clips["sound"])
    answer = content(
        completion(
            text_part("The video's mark is c0ffee."),
            part,
            system=group.instructions(),
            response_format={"type": "json_schema", "json_schema": form},
        )
    )
    assert answer["label"] == ("weather" if kind == "video" else "votes")
    assert answer["missing"] == ""


def test_tokens_grow_with_pictures_and_seconds(completion: Any, tmp_path: Path) -> None:
    def count(*parts: Any) -> int:
        return int(completion(text_part("What is it?"), *parts).usage.prompt_tokens)

    plain = count()
    assert [count(video_part(film(tmp_path, "A", pictures))) - plain for pictures in (1, 5)] == [258, 5 * 258]
    sounds = [sound_part(_wav(np.zeros(int(RATE * seconds), np.float32))) for seconds in (1.0, 10.5)]
    assert [count(sound) - plain for sound in sounds] == [32, 336]


def test_beeps_are_counted_by_how_loud_it_is() -> None:
    assert [count_beeps(tones(*[0.2] * number)) for number in range(5)] == [0, 1, 2, 3, 4]
    assert count_beeps(tones(0.2, 0.01, 0.3)) == 2, "a click is no beep"
    assert count_beeps(np.zeros(0, np.float32)) == 0


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (video_part(b"no video"), "The video cannot be decoded"),
        (sound_part(b"no sound"), "The sound cannot be decoded"),
        (sound_part(b"x", "ogg"), "Supported values are: 'wav' and 'mp3'"),
        ({"type": "video_url", "video_url": {"url": "https://x/v.mp4"}}, "none is fetched"),
        ({"type": "input_audio"}, "Missing required parameter"),
    ],
)
def test_what_does_not_decode_is_refused(completion: Any, part: dict[str, Any], why: str) -> None:
    with pytest.raises(openai.BadRequestError, match=why):
        completion(text_part("What is it?"), part)


def _wav(samples: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return buffer.getvalue()
