import base64
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import (
    CANARY,
    CONF,
    Endpoint,
    Scripted,
    conf,
    conf_files,
    fails,
    jpeg,
    llm,
    new_folder,
    pictures,
    says,
)

from gettok.describe.inputs import DescribeInputs
from gettok.describe.step import DescribeStep
from gettok.errors import NotNow, Unusable
from gettok.llm.client import chat_client
from gettok.media.images import GivenPictures, Picture, thin_out
from gettok.settings import Llm, Prompt
from gettok.settings.secrets import Secret
from gettok.step import Answer
from gettok.store.keys import Key
from gettok.tables import DESCRIPTIONS
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

PAPER = (
    "These are frames from a video. Please generate an objective description of what is happening in the video and, "
    "in a separate paragraph, provide any text that appears in the video."
)


SEEN = {
    "description": "A crowd walks.",
    "on_screen_text": [{"frame": 1, "text": "¡Fuerza!"}],
    "language": "es",
}


def reads(*texts: tuple[int, str], language: str = "es") -> Scripted:
    """An answer with these texts, each with the number of its frame."""
    shown = [{"frame": frame, "text": text} for frame, text in texts]
    return says({**SEEN, "on_screen_text": shown, "language": language})


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
        chat_client.cache_clear()


def step(url: str, **changes: Any) -> DescribeStep:
    return DescribeStep(
        llm(**changes), Prompt(name="test", text="What is in it?"), url, Secret(CANARY), new_folder()
    )


def test_a_description_is_read_from_the_kept_answer_without_the_endpoint(endpoint: Endpoint) -> None:
    endpoint.plays(says(SEEN))
    answer = step(endpoint.url).ask(DescribeInputs(GivenPictures(pictures(3))))
    stored = Answer(json.loads(json.dumps(answer.body)))
    assert step("http://127.0.0.1:9/v1").read(stored) == [
        {
            "description": "A crowd walks.",
            "on_screen_text": "¡Fuerza!",
            "on_screen_by_frame": [{"frame_index": 0, "text": "¡Fuerza!"}],
            "on_screen_language": "es",
            "frame_indices": [0, 300, 600],
            "clip_s": None,
            "model": "model-a-2026-09",
            "finish_reason": "stop",
            "prompt_tokens": 1000,
            "cached_tokens": None,
            "completion_tokens": 100,
            "cost_usd": 0.002,
            "filter_failed": False,
        }
    ]
    DESCRIPTIONS.frame([{"video_id": "1", **step(endpoint.url).read(stored)[0]}])


def test_frames_are_sent_after_the_prompt_evenly_thinned_out_and_in_order(endpoint: Endpoint) -> None:
    endpoint.plays(says(SEEN))
    answer = step(endpoint.url, max_frames=3).ask(DescribeInputs(GivenPictures(pictures(9))))
    first, *shown = endpoint.asked[0]["messages"][1]["content"]
    names, images = shown[::2], shown[1::2]
    assert first == {"type": "text", "text": "What is in it?"}
    assert [name["text"] for name in names] == [
        "Frame 1, at 0.0 s",
        "Frame 2, at 40.0 s",
        "Frame 3, at 80.0 s",
    ]
    sent = [
        base64.b64decode(image["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        for image in images
    ]
    assert sent == [pictures(9)[number].jpeg for number in (0, 4, 8)]
    assert answer.body["frame_indices"] == [0, 1200, 2400]


def test_a_photo_of_a_slideshow_is_named_without_a_time(endpoint: Endpoint) -> None:
    endpoint.plays(says(SEEN))
    photos = tuple(Picture(place, None, jpeg(str(place))) for place in range(2))
    step(endpoint.url).ask(DescribeInputs(GivenPictures(photos)))
    content = endpoint.asked[0]["messages"][1]["content"]
    assert [part["text"] for part in content[1::2]] == ["Photo 1", "Photo 2"]


def row_of(endpoint: Endpoint, *script: Scripted, count: int = 4, **changes: Any) -> dict[str, Any]:
    endpoint.plays(*script)
    chosen = step(endpoint.url, **changes)
    (row,) = chosen.read(chosen.ask(DescribeInputs(GivenPictures(pictures(count)))))
    DESCRIPTIONS.frame([{"video_id": "1", **row}])
    return row


def test_texts_get_the_index_of_the_frame_that_was_sent_under_their_number(endpoint: Endpoint) -> None:
    texts = (3, " LIMA "), (1, "¡Fuerza!"), (2, "¡Fuerza!"), (2, " \n"), (2, "CUSCO\nPUNO")
    row = row_of(endpoint, reads(*texts), count=9, max_frames=3)
    assert row["frame_indices"] == [0, 1200, 2400]
    assert row["on_screen_by_frame"] == [
        {"frame_index": 0, "text": "¡Fuerza!"},
        {"frame_index": 1200, "text": "¡Fuerza!"},
        {"frame_index": 1200, "text": "CUSCO\nPUNO"},
        {"frame_index": 2400, "text": "LIMA"},
    ]
    assert row["on_screen_text"] == "¡Fuerza!\nCUSCO\nPUNO\nLIMA", "each once, as they appear"


@pytest.mark.parametrize("wrong", [0, 5, -1, 300])
def test_f45_a_frame_that_was_not_sent_is_asked_for_once_more(endpoint: Endpoint, wrong: int) -> None:
    row = row_of(endpoint, reads((1, "LIMA"), (wrong, "LIMA")), reads((4, "LIMA")))
    assert f"frame {wrong} was not sent, only 1 to 4" in endpoint.asked[1]["messages"][-1]["content"]
    assert row["on_screen_by_frame"] == [{"frame_index": 900, "text": "LIMA"}]
    with pytest.raises(Unusable, match=r"^malformed"):
        row_of(endpoint, reads((wrong, "LIMA")), reads((wrong, "LIMA")), model="stubborn")


@pytest.mark.parametrize(
    ("language", "texts", "column"),
    [
        ("es", [(1, "LIMA")], "es"),
        ("quy", [(1, "LLAQTA")], "quy"),
        ("und", [(1, "2022")], None),
        ("ES", [(1, "LIMA")], "es"),
        ("es-PE", [(1, "LIMA")], "es"),
        ("spa", [(1, "LIMA")], "es"),
        ("Spanish", [(1, "LIMA")], "spanish"),
        ("", [(1, "2022")], None),
        ("", [], None),
        ("en", [], None),
        ("en", [(1, " ")], None),
    ],
)
def test_the_language_is_that_of_the_text_and_empty_without_any(
    endpoint: Endpoint, language: str, texts: list[tuple[int, str]], column: str | None
) -> None:
    row = row_of(endpoint, reads(*texts, language=language))
    assert row["on_screen_language"] == column
    assert (
        (row["on_screen_text"] == "")
        == (row["on_screen_by_frame"] == [])
        == (not texts or texts[0][1] == " ")
    )


@pytest.mark.parametrize("most", range(1, 12))
@pytest.mark.parametrize("count", range(12))
def test_thinning_out_keeps_order_both_ends_and_even_steps(count: int, most: int) -> None:
    chosen = [picture.frame_index // 300 for picture in thin_out(pictures(count), most)]
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    if most > 1 and count:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
        steps = [after - before for before, after in pairwise(chosen)]
        assert not steps or max(steps) - min(steps) <= 1


def test_a_single_frame_is_the_middle_one() -> None:
    assert [thin_out(pictures(count), 1)[0].frame_index // 300 for count in (2, 3, 9)] == [1, 1, 4]


def test_no_frames_is_a_reason_and_no_question(endpoint: Endpoint) -> None:
    with pytest.raises(Unusable, match=r"^no_frames"):
        step(endpoint.url).ask(DescribeInputs(GivenPictures(())))
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("scripted", "reason"),
    [
        ([says(None, refusal="no")], "refused"),
        ([fails(400, "content_filter")], "filtered"),
        ([says("", finish="content_filter")], "filtered"),
        ([says("{", finish="length")], "cut_short"),
        ([says("no JSON"), says("still none")], "malformed"),
        ([says({**SEEN, "description": ""}), says({"description": "x"})], "malformed"),
        ([says("no JSON"), says(None, refusal="no")], "refused"),
    ],
)
def test_f43_to_f45_an_answer_that_is_not_a_description_is_kept_whole_and_read_as_its_reason(
    endpoint: Endpoint, scripted: list[Any], reason: str
) -> None:
    endpoint.plays(*scripted)
    answer = step(endpoint.url).ask(DescribeInputs(GivenPictures(pictures(1))))
    assert [reply["text"] for reply in answer.body["replies"]] == [line.body.decode() for line in scripted]
    with pytest.raises(Unusable) as caught:
        step(endpoint.url).read(answer)
    assert caught.value.reason == reason


def test_f45_a_repaired_answer_is_read_and_both_are_paid_for(endpoint: Endpoint) -> None:
    endpoint.plays(says("no JSON"), says(SEEN))
    (row,) = step(endpoint.url).read(step(endpoint.url).ask(DescribeInputs(GivenPictures(pictures(1)))))
    assert (row["description"], row["cost_usd"]) == (SEEN["description"], 0.004)


@pytest.mark.parametrize(("taken", "structured_output"), [("object_only", "object"), ("refused", "none")])
def test_a_host_that_takes_no_schema_can_describe_all_the_same(
    tmp_path: Path, taken: str, structured_output: str
) -> None:
    (tmp_path / "videos.json").write_text("[]")
    profile = replace(profile_named("clean"), schemas=taken)
    with Sandbox(corpus=tmp_path, profile=profile) as sandbox:
        chosen = step(sandbox.model, model="sandbox-vision", structured_output=structured_output)
        chosen = replace(chosen, key=Secret("sandbox"), call_log_dir=tmp_path / "calls")
        (row,) = chosen.read(chosen.ask(DescribeInputs(GivenPictures(pictures(2)))))
    assert [text["text"] for text in row["on_screen_by_frame"]] == ["0", "1"]


def test_a_failure_is_not_an_answer(endpoint: Endpoint) -> None:
    endpoint.plays(fails(503))
    with pytest.raises(NotNow):
        step(endpoint.url, max_attempts=1).ask(DescribeInputs(GivenPictures(pictures(1))))


def test_the_key_of_an_answer_depends_on_what_changes_it_and_on_nothing_else() -> None:
    def key(asked: DescribeStep) -> str:
        return Key.of(asked.stage, asked.version, asked.settings, {}).digest

    start = step("http://127.0.0.1:1/v1")
    same = [
        step(
            "http://127.0.0.1:2/v1",
            timeout_s=1,
            max_attempts=9,
            max_concurrency=9,
            votes=3,
            api_key_env="OTHER",
        ),
        step("http://127.0.0.1:1/v1", prices={"input_usd_per_million": 9.0, "output_usd_per_million": 9.0}),
        DescribeStep(
            start.llm, Prompt(name="renamed", text=start.prompt.text), "http://x/v1", Secret("other"), Path()
        ),
    ]
    assert {key(other) for other in same} == {key(start)}
    assert "structured_output" not in start.settings  # answers that are older than this setting are found
    changes: dict[str, Any] = {
        "structured_output": "object",
        "model": "b",
        "temperature": None,
        "max_tokens": 9,
        "max_frames": 9,
        "image_detail": "high",
    }
    other = [step("x", **{name: value}) for name, value in ({"base_url": "sandbox:"} | changes).items()]
    reworded = DescribeStep(start.llm, Prompt(name="test", text="Else?"), start.base_url, start.key, Path())
    assert len({key(start), key(reworded), *map(key, other)}) == 2 + len(other)


def test_f50_neither_the_step_nor_its_answer_shows_the_key(endpoint: Endpoint) -> None:
    endpoint.plays(says({**SEEN, "on_screen_text": [{"frame": 1, "text": CANARY}]}))
    asked = pickle.loads(pickle.dumps(step(endpoint.url)))
    answer = asked.ask(DescribeInputs(GivenPictures(pictures(1))))
    assert endpoint.keys == [f"Bearer {CANARY}"]
    assert CANARY not in repr(asked) + json.dumps(dict(asked.settings)) + repr(answer) + repr(
        asked.read(answer)
    )


def test_the_papers_prompt_is_verbatim() -> None:
    assert Prompt.model_validate(conf("prompts/describe/paper.yaml")).text == PAPER


@pytest.mark.parametrize("file", sorted((CONF / "prompts").glob("*/*.yaml")), ids=lambda file: file.stem)
def test_a_prompts_name_is_its_files(file: Path) -> None:
    prompt = conf(str(file.relative_to(CONF)))
    assert prompt["name"] == file.stem
    texts = prompt["texts"].values() if "texts" in prompt else [prompt["text"]]
    assert [text for text in texts if text != text.strip()] == []


@pytest.mark.parametrize("file", sorted((CONF / "llm").glob("[!_]*.yaml")), ids=lambda file: file.stem)
def test_each_endpoints_settings_are_complete_and_quoted(file: Path) -> None:
    chosen = Llm.model_validate(conf(str(file.relative_to(CONF))))
    written = "".join(path.read_text("utf-8") for path in conf_files(file))
    for name in ("base_url", "api_key_env", "model", "image_detail"):
        assert f'{name}: "{getattr(chosen, name)}"' in written


def test_the_sandboxs_model_really_sees_the_frames(tmp_path: Path) -> None:
    (tmp_path / "videos.json").write_text("[]")
    with Sandbox(corpus=tmp_path) as sandbox:
        chosen = Llm.model_validate(conf("llm/sandbox.yaml"))
        prompt = Prompt.model_validate(conf("prompts/describe/by_frame.yaml"))
        asked = DescribeStep(chosen, prompt, sandbox.model, Secret("sandbox"), tmp_path)
        asked.open()
        shown = (
            Picture(0, 0.0, jpeg(ground="red")),
            Picture(300, 10.0, jpeg("NOTICIAS DE LIMA")),
            Picture(600, 20.0, jpeg("NOTICIAS DE LIMA", "HOY")),
        )
        (row,) = asked.read(asked.ask(DescribeInputs(GivenPictures(shown))))
        again = asked.ask(DescribeInputs(GivenPictures(shown)))
    chat_client.cache_clear()
    assert row["on_screen_by_frame"] == [
        {"frame_index": 300, "text": "NOTICIAS DE LIMA"},
        {"frame_index": 600, "text": "NOTICIAS DE LIMA\nHOY"},
    ]
    assert row["on_screen_language"] == "es"
    assert "red" in row["description"].lower()
    assert row["model"] == "sandbox-vision"
    assert row["cost_usd"] > 0
    assert asked.read(again) == [row]
