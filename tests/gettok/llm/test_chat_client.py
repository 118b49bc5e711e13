"""A question is sent as documented, and its answer is checked and repaired once."""

import json
import logging
from base64 import b64encode
from typing import Any

import pytest
from chat_bench import SCHEMA, Bench, colour
from scripted_endpoint import CANARY, Scripted, completion, fails, jpeg, says

from gettok.errors import BadSettings, NotNow, Unusable
from gettok.llm.response import Reply

SHOWN = b64encode(jpeg()).decode()


def test_the_request_holds_rule_text_pictures_schema_and_limits_in_the_documented_places(
    bench: Bench,
) -> None:
    bench.ask(says({"colour": "red"}), vote=2)
    assert bench.endpoint.asked == [
        {
            "model": "model-a",
            "messages": [
                {"role": "system", "content": "keep to it"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "which colour?"},
                        {
                            "type": "image_url",
                            "image_url": {"url": f"data:image/jpeg;base64,{SHOWN}", "detail": "low"},
                        },
                    ],
                },
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "colour", "strict": True, "schema": SCHEMA},
            },
            "max_completion_tokens": 300,
            "seed": 2,
            "temperature": 0.0,
        }
    ]


def test_no_temperature_is_sent_to_a_model_that_takes_none(bench: Bench) -> None:
    bench.ask(says({"colour": "red"}), temperature=None)
    assert "temperature" not in bench.endpoint.asked[0]


def test_the_limit_is_sent_under_the_name_that_the_server_knows(bench: Bench) -> None:
    bench.ask(says({"colour": "red"}), max_tokens_param="max_tokens")
    assert bench.endpoint.asked[0]["max_tokens"] == 300
    assert "max_completion_tokens" not in bench.endpoint.asked[0]


@pytest.mark.parametrize(("structured_output", "sent"), [("object", {"type": "json_object"}), ("none", None)])
def test_if_no_schema_is_taken_the_format_is_described_after_the_question(
    bench: Bench, structured_output: str, sent: Any
) -> None:
    bench.ask(says({"colour": "red"}), structured_output=structured_output)
    (asked,) = bench.endpoint.asked
    assert asked.get("response_format") == sent
    assert asked["messages"][1]["content"][-1]["text"].endswith(json.dumps(SCHEMA))
    with pytest.raises(Unusable, match=r"^malformed"):
        colour(
            bench.ask(says({"color": "red"}), says({"color": "red"}), structured_output=structured_output)[-1]
        )


def test_the_body_is_kept_verbatim(bench: Bench) -> None:
    body = completion({"colour": "rot"}, unknown_field={"b": 1, "a": [1.50]}).replace(b'"b"', b'  "b"')
    assert bench.ask(Scripted(body=body)) == [Reply(200, body.decode())]


MALFORMED = [
    "The colour is red.",
    "",
    '{"colour": "red"',
    '["red"]',
    "null",
    {"colour": 7},
    {"colour": None},
    {"colour": "red", "note": "more"},
    "[" * 100_000,
]


@pytest.mark.parametrize("content", MALFORMED)
def test_f45_a_malformed_answer_gets_one_request_to_repair_it(bench: Bench, content: Any) -> None:
    replies = bench.ask(says(content), says({"colour": "red"}))
    with pytest.raises(Unusable, match=r"^malformed"):
        colour(replies[0])
    assert colour(replies[1]) == "red"
    asked_first, asked_again = (request["messages"] for request in bench.endpoint.asked)
    assert asked_again[:2] == asked_first
    assert [message["role"] for message in asked_again[2:]] == ["assistant", "user"]


def test_f45_a_second_malformed_answer_is_the_last(bench: Bench) -> None:
    replies = bench.ask(says("red"), says("I said red"))
    assert len(bench.endpoint.asked) == 2
    with pytest.raises(Unusable, match=r"^malformed: not JSON.*I said red"):
        colour(replies[-1])


def test_f17_half_a_character_in_an_answer_becomes_a_whole_one(bench: Bench) -> None:
    replies = bench.ask(says('{"colour": "a\\ud83d"}'))
    assert "ud83d" in replies[0].text
    assert [colour(reply) for reply in replies] == ["a\ufffd"]
    repaired = bench.ask(
        Scripted(body=completion("X").replace(b'"X"', b'"red \\ud83d"')), says({"colour": "red"})
    )
    assert colour(repaired[1]) == "red"
    assert bench.endpoint.asked[-1]["messages"][2]["content"] == "red \ufffd"


def test_f50_a_key_that_the_server_repeats_reaches_no_body_no_error_and_no_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    replies = bench.ask(fails(500, CANARY, f"bad {CANARY}"), says({"colour": CANARY}))
    assert bench.endpoint.keys == [f"Bearer {CANARY}"] * 2  # it was sent, so it could have leaked
    assert colour(replies[0]) == "***"
    for failing in (fails(400, "x", f"bad {CANARY}"), *[fails(500, "", f"bad {CANARY}")] * 3):
        with pytest.raises((BadSettings, NotNow)) as caught:
            bench.ask(failing, max_attempts=1)
        assert CANARY not in repr(caught.value) + str(caught.value)
    assert "try 1 of 3 failed" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps([reply.stored() for reply in replies])
