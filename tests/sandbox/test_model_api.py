"""The model endpoint: it behaves as OpenAI's does, and its answers follow from the requests alone."""

import io
import json

import openai
import pytest
from model_caller import AGAINST, LABELS, SUPPORT, block, image_part, picture, schema, text_part
from PIL import Image
from pydantic import BaseModel

from sandbox.model.vision import Vision


def test_the_openai_client_itself_lists_and_finds_the_model(client):
    assert [model.id for model in client.models.list()] == [
        "sandbox-vision",
        "sandbox-vision-small",
    ]
    assert client.models.retrieve("sandbox-vision").owned_by == "sandbox"


def test_a_wrong_key_and_an_unknown_model_have_different_errors(sandbox, client):
    stranger = openai.OpenAI(base_url=sandbox.model, api_key="other", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "hi"}])
    assert missing.value.code == "model_not_found"


def test_the_same_question_has_the_same_answer_and_another_has_another_id(ask):
    first, again, other = (
        ask.whole(text_part(text)) for text in ("Classify:\nviva", "Classify:\nviva", "Classify:\npreso")
    )
    assert first == again
    assert first.id.startswith("chatcmpl-")
    assert first.id != other.id
    assert first.created == 1678881600


def test_text_in_pictures_is_read_with_its_place(ask):
    shown = picture("Libertad ya", "Marcha en Puno", colour="darkred")
    answer = ask(text_part("Describe the video and give its text."), image_part(shown))
    description, _, text = answer.partition("\n\n")
    assert "dark red" in description
    assert "at the top and at the bottom" in description
    assert "Libertad ya" in text
    assert "Marcha en Puno" in text


def test_frames_are_compared(ask):
    blue, red = picture(colour="navy"), picture(colour="red")
    changing = ask(text_part("Describe these frames."), image_part(blue), image_part(red), image_part(red))
    still = ask(text_part("Describe these frames."), image_part(blue), image_part(blue))
    assert "3 frames" in changing
    assert "scene changes at frame 2, which is mostly red" in changing
    assert "scene changes" not in still
    assert "Hardly anything moves" in still
    assert "There is no text in the video." in still


def test_a_schema_is_filled_by_its_names(ask):
    shape = schema(
        description={"type": "string"},
        on_screen_text={"type": "array", "items": {"type": "string"}},
        language={"type": "string", "enum": ["en", "es", "other"]},
        confidence={"type": "number"},
        evidence={"type": "array", "items": {"type": "string"}},
        stance={"type": "string", "enum": LABELS},
        note={"anyOf": [{"type": "string", "description": "a summary of the picture"}, {"type": "null"}]},
    )
    frames = [
        image_part(picture("Fuerza Castillo", kind="JPEG"), "jpeg"),
        image_part(picture(kind="JPEG"), "jpeg"),
    ]
    answer = json.loads(
        ask(
            text_part("Look."),
            block("Transcript", "no es un golpista, es el presidente"),
            *frames,
            response_format=shape,
        )
    )
    assert list(answer) == [
        "description",
        "on_screen_text",
        "language",
        "confidence",
        "evidence",
        "stance",
        "note",
    ]
    assert answer["on_screen_text"] == ["Fuerza Castillo", ""]
    assert answer["description"] == answer["note"]
    assert answer["evidence"] == ["no es un golpista", "Fuerza Castillo"]
    assert (answer["language"], answer["stance"], answer["confidence"]) == ("es", "support", 0.88)


BY_PICTURE = schema(
    on_screen_text={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"frame": {"type": "integer"}, "text": {"type": "string"}},
            "required": ["frame", "text"],
            "additionalProperties": False,
        },
    },
    language={"type": "string", "description": "Language of the text in the pictures."},
    pictures={"type": "integer"},
)


def test_texts_have_the_number_of_their_picture_and_their_own_language(ask):
    pictures = [
        image_part(picture(colour="red")),
        image_part(picture("La marcha de hoy")),
        image_part(picture("Lima", "ya")),
    ]
    numbered = [
        part
        for n, part_of_picture in enumerate(pictures, 1)
        for part in (text_part(f"Frame {n}"), part_of_picture)
    ]
    answer = json.loads(
        ask(
            text_part("What is in these frames, and what is the text?"), *numbered, response_format=BY_PICTURE
        )
    )
    assert answer == {
        "on_screen_text": [
            {"frame": 2, "text": "La marcha de hoy"},
            {"frame": 3, "text": "Lima\nya"},
        ],
        "language": "es",
        "pictures": 3,
    }


def test_pictures_without_text_have_no_texts_and_no_language(ask):
    answer = json.loads(
        ask(text_part("What is the text of it?"), image_part(picture()), response_format=BY_PICTURE)
    )
    assert answer == {"on_screen_text": [], "language": "", "pictures": 1}


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ([block("Transcript", "hola")], "description, on-screen text, caption, frame"),
        (
            [block("Transcript", "hola\nCaption:\nnone"), image_part(picture())],
            "description, on-screen text, caption",
        ),
        ([text_part("Caption:"), text_part("hola")], "transcript, description, on-screen text, frame"),
        (
            [
                *(block(name, "x") for name in ("Transcript", "Description", "On-screen text", "Caption")),
                image_part(picture()),
            ],
            "",
        ),
    ],
)
def test_missing_lists_the_usual_inputs_that_were_not_sent(ask, parts, missing):
    shape = schema(missing={"type": "string"})
    answer = json.loads(
        ask(text_part("Judge by transcript, caption and frame."), *parts, response_format=shape)
    )
    assert answer == {"missing": missing}


def test_a_pydantic_model_is_a_schema(client):
    class Part(BaseModel):
        ocr: str

    class Answer(BaseModel):
        summary: str
        part: Part
        maybe: Part | None

    messages = [{"role": "user", "content": [text_part("Look."), image_part(picture("Hola Lima"))]}]
    parsed = client.chat.completions.parse(model="sandbox-vision", messages=messages, response_format=Answer)
    answer = parsed.choices[0].message.parsed
    assert answer.part.ocr == "Hola Lima"
    assert answer.maybe == answer.part
    assert "one frame" in answer.summary


def test_without_a_schema_the_label_comes_in_a_sentence(ask):
    answer = ask(
        text_part("Classify the input as 'pro', 'against' or 'neutral'."),
        block("Transcript", AGAINST),
        image_part(picture()),
    )
    assert answer.startswith("The input is classified as 'against': it says “golpista”")


def test_a_json_object_needs_no_schema(ask):
    answer = json.loads(
        ask(text_part("Classify."), block("Transcript", SUPPORT), response_format={"type": "json_object"})
    )
    assert answer["label"] == "support"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_is_too_long_is_cut_with_the_finish_reason_length(ask, name):
    free = ask.whole(text_part("Describe."), image_part(picture()))
    cut = ask.whole(text_part("Describe."), image_part(picture()), **{name: 5})
    assert (free.choices[0].finish_reason, cut.choices[0].finish_reason) == ("stop", "length")
    assert cut.choices[0].message.content == free.choices[0].message.content[:20]
    assert cut.usage.completion_tokens == 5


def test_usage_counts_text_pictures_and_choices(ask):
    alone = ask.whole(text_part("x" * 41))
    assert alone.usage.prompt_tokens == 11
    both = ask.whole(text_part("x" * 41), image_part(picture()), image_part(picture(), detail="low"), n=2)
    assert both.usage.prompt_tokens == 11 + (85 + 2 * 170) + 85
    assert both.usage.total_tokens == both.usage.prompt_tokens + both.usage.completion_tokens
    assert len(both.choices) == 2
    length = len(both.choices[0].message.content.encode())
    assert both.usage.completion_tokens == 2 * -(-length // 4)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://127.0.0.1/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}},
        image_part(b"no picture at all"),
        image_part(picture()[:400]),
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAA"}},
        {"type": "image_url"},
        {"type": "video_url", "video_url": {"url": "x"}},
        "text",
    ],
)
def test_only_complete_jpeg_and_png_data_is_accepted(ask, part):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(text_part("Describe."), part)
    assert refused.value.type == "invalid_request_error"


def test_f30_a_picture_with_too_many_pixels_is_refused_without_decoding(ask):
    buffer = io.BytesIO()
    Image.new("1", (7_000, 7_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 20_000
    with pytest.raises(openai.BadRequestError, match="too many"):
        ask(text_part("Describe."), image_part(buffer.getvalue()))


STRING = {"type": "string"}


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "yaml"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "string"}}},
        {
            "type": "json_schema",
            "json_schema": {
                "name": "a",
                "schema": {"type": "object", "properties": {"a": {"type": "colour"}}},
            },
        },
        {
            "type": "json_schema",
            "json_schema": {
                "name": "a",
                "strict": True,
                "schema": {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
            },
        },
        {
            "type": "json_schema",
            "json_schema": {
                "name": "a",
                "strict": True,
                "schema": {
                    "type": "object",
                    "properties": {"a": STRING},
                    "required": [],
                    "additionalProperties": False,
                },
            },
        },
        schema(a={"type": "array"}),
        schema(a={"$ref": "#/$defs/Missing"}),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused(ask, shape):
    with pytest.raises(openai.BadRequestError):
        ask(text_part("Describe."), response_format=shape)


@pytest.mark.parametrize(
    "settings", [{"temperature": 3}, {"max_tokens": 0}, {"n": 0}, {"n": 9}, {"extra_body": {"messages": []}}]
)
def test_a_setting_out_of_range_is_refused(ask, settings):
    with pytest.raises(openai.BadRequestError):
        ask(text_part("hi"), **settings)


@pytest.mark.parametrize(
    ("word", "status", "kind"),
    [
        ("429_rate", 429, openai.RateLimitError),
        ("insufficient_quota", 429, openai.RateLimitError),
        ("500", 500, openai.InternalServerError),
        ("401", 401, openai.AuthenticationError),
        ("503_html", 503, openai.InternalServerError),
    ],
)
def test_f47_a_scripted_error_reaches_the_real_client(sandbox, ask, word, status, kind):
    sandbox.play([{"do": word, "match": "chat/completions"}])
    with pytest.raises(kind) as raised:
        ask(text_part("hi"))
    assert raised.value.status_code == status
    assert (raised.value.code == word) == (word == "insufficient_quota")
    assert ask(text_part("hi"))


def test_f43_f44_f45_the_model_can_give_bad_answers(sandbox, ask):
    sandbox.play([{"do": word, "match": "chat"} for word in ("refusal", "content_filter", "malformed")])
    refused, filtered, malformed = (
        ask.whole(block("Transcript", SUPPORT), response_format=schema(stance={"enum": LABELS})).choices[0]
        for _ in range(3)
    )
    assert refused.message.content is None
    assert refused.message.refusal
    assert (filtered.finish_reason, filtered.message.content) == ("content_filter", "")
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(malformed.message.content)


def test_a_picture_is_read_once(ask, monkeypatch):
    reads = []
    real = Vision._read
    monkeypatch.setattr(Vision, "_read", lambda self, pixels: reads.append(1) or real(self, pixels))
    for question in ("Describe.", "Describe again."):
        ask(text_part(question), image_part(picture("Una vez")), image_part(picture("Una vez")))
    assert len(reads) == 1
