import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import CANARY, Endpoint, Scripted, completion, fails, jpeg, llm, says

from gettok.errors import BadCredentials, BadSettings, BudgetSpent, NotNow, Stop, Unusable
from gettok.llm import CallLog, ChatClient, Conversation, ModelCall, Question, pause_s, replies_to
from gettok.llm.rate_limit import Clock, RetryBudget
from gettok.llm.response import AnswerSchema, CleanText, Reply, parse_answer, usage
from gettok.media.images import Picture
from gettok.settings.secrets import Secret
from gettok.step import Answer
from sandbox.server import Sandbox

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}
SHOWN = b64encode(jpeg()).decode()
QUESTION = Question("keep to it", ("which colour?", Picture(3, 0.1, jpeg())), "colour", SCHEMA)


class Colour(AnswerSchema):
    colour: CleanText


def colour(reply: Reply) -> str:
    return parse_answer(reply, Colour).colour


@dataclass
class Bench:
    """An endpoint and its clients, with the pauses that they would have made."""

    endpoint: Endpoint
    folder: Path
    pauses: list[float] = field(default_factory=list)
    clients: list[ChatClient] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(self.pauses.append, lambda: sum(self.pauses))

    def ask(self, *script: Scripted, vote: int = 0, **changes: Any) -> list[Reply]:
        """Ask with an empty call log."""
        self.endpoint.plays(*script)
        call_log = CallLog(self.folder / str(len(self.clients)), changes.get("budget_usd"))
        client = ChatClient(llm(**changes), self.endpoint.url, Secret(CANARY), call_log, self.clock)
        self.clients.append(client)
        return [Reply(**reply) for reply in client.run(conversation(vote)).body["replies"]]


def conversation(vote: int = 0) -> Conversation:
    (replies,) = yield from replies_to([ModelCall(QUESTION, vote)], colour)
    return Answer({"replies": [reply.stored() for reply in replies]})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Endpoint() as endpoint:
        bench = Bench(endpoint, tmp_path)
        yield bench
        for client in bench.clients:
            client.close()


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


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_f47_trouble_that_may_pass_is_asked_again(bench: Bench, status: int) -> None:
    replies = bench.ask(fails(status, "rate_limit_exceeded"), fails(status), says({"colour": "red"}))
    assert colour(replies[0]) == "red"
    assert len(bench.pauses) == 2
    assert bench.endpoint.asked[0] == bench.endpoint.asked[2]


@pytest.mark.parametrize("does", ["hang_up", "cut"])
def test_f09_a_connection_that_breaks_is_asked_again(bench: Bench, does: str) -> None:
    broken = Scripted(body=completion({"colour": "red"}), does=does)
    assert colour(bench.ask(broken, says({"colour": "blue"}))[0]) == "blue"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Maintenance</html>",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        b'{"error": {"message": "upstream"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_f15_a_200_without_an_answer_is_not_an_answer(bench: Bench, body: bytes) -> None:
    with pytest.raises(NotNow, match="200 without an answer"):
        bench.ask(Scripted(body=body), Scripted(body=body), max_attempts=2)


def test_f47_a_silent_server_is_given_up_after_the_time_limit_and_the_last_attempt(bench: Bench) -> None:
    with pytest.raises(NotNow, match="silent for more than 1 s") as caught:
        bench.ask(Scripted(does="hang"), timeout_s=1, max_attempts=1)
    assert (caught.value.exit_code, caught.value.did) == (75, "asked 1 time; every earlier answer is kept")


def test_f47_trouble_without_end_is_not_now_after_the_last_attempt(bench: Bench) -> None:
    with pytest.raises(NotNow, match="503 server_error"):
        bench.ask(*[fails(503, "server_error")] * 4)
    assert len(bench.endpoint.asked) == 4  # the last is a tiny one, to see whether the host fails on all
    assert len(bench.pauses) == 2


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After_Ms": "2500", "Retry_After": "9"}, 2.5),
        ({"Retry_After": "120"}, 120),
        ({"Retry_After": "600"}, 600),
        ({"Retry_After": "Wed, 15 Mar 2023 12:00:09 GMT", "Date": "Wed, 15 Mar 2023 12:00:00 GMT"}, 9),
    ],
)
def test_f47_the_pause_is_as_the_server_asks_up_to_ten_minutes(
    bench: Bench, headers: dict[str, str], least: float
) -> None:
    bench.ask(fails(429, "rate_limit_exceeded", **headers), says({"colour": "red"}))
    bench.ask(fails(503, **headers), says({"colour": "red"}))
    assert bench.pauses[0] == least
    assert least <= bench.pauses[1] <= least + 1


@pytest.mark.parametrize(
    "nonsense", ["soon", "-5", "nan", "1e400", "²", "0", "Wed, 15 Mar 1995 11:00:00 GMT"]
)
def test_f47_a_retry_after_that_makes_no_sense_falls_back_to_our_own_pause(
    bench: Bench, nonsense: str
) -> None:
    bench.ask(fails(429, Retry_After=nonsense.encode().decode("latin-1")), says({"colour": "red"}))
    assert 2 <= bench.pauses[0] <= 4  # four seconds, spread: most hosts count by the minute


def test_pauses_double_and_stay_under_a_minute() -> None:
    assert all(2**tried / 4 <= pause_s(tried, None) <= 2**tried / 2 for tried in range(1, 7))
    assert 30 <= pause_s(500, None) <= 60


def test_f47_an_empty_account_stops_at_once_and_says_to_top_up(bench: Bench) -> None:
    with pytest.raises(Stop, match="top up") as caught:
        bench.ask(fails(429, "insufficient_quota", Retry_After="1"))
    assert not isinstance(caught.value, NotNow)
    with pytest.raises(Stop, match="top up"):
        bench.ask(fails(402, "", "Insufficient Balance"))
    assert bench.pauses == []


@pytest.mark.parametrize("status", [401, 403])
def test_f50_a_refused_key_names_the_variable_and_never_the_key(bench: Bench, status: int) -> None:
    with pytest.raises(BadCredentials, match="GETTOK_TEST_KEY") as caught:
        bench.ask(fails(status, "invalid_api_key", f"Incorrect API key provided: {CANARY}"))
    assert caught.value.__cause__ is None
    assert "canary" not in str(caught.value)


def test_an_unknown_model_is_a_wrong_setting(bench: Bench) -> None:
    with pytest.raises(BadSettings, match=r"correct llm\.model"):
        bench.ask(fails(404, "model_not_found"))


def test_a_request_that_the_server_does_not_take_is_a_wrong_setting_with_its_message(bench: Bench) -> None:
    with pytest.raises(BadSettings, match=r"'temperature' does not support 0\.0"):
        bench.ask(fails(400, "unsupported_value", "'temperature' does not support 0.0"))


@pytest.mark.parametrize("address", ["sandbox:", "models.example/v1", "file:///etc/passwd", "http://"])
def test_an_address_that_is_not_a_url_is_refused_before_any_request(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"llm\.base_url"):
        ChatClient(llm(), address, Secret(CANARY), CallLog(tmp_path, None))


def test_a_proxy_of_the_environment_is_not_used_for_loopback(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert colour(bench.ask(says({"colour": "red"}), max_attempts=1)[0]) == "red"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("content_filter", "The response was filtered"),
        ("invalid_prompt", "Your prompt was flagged: usage policy"),
    ],
)
def test_f44_a_filtered_prompt_is_kept_and_is_a_reason(bench: Bench, code: str, message: str) -> None:
    scripted = fails(400, code, message)
    replies = bench.ask(scripted)
    assert replies == [Reply(400, scripted.body.decode())]
    with pytest.raises(Unusable, match=f"^filtered: the prompt: {message}$"):
        colour(replies[0])


def test_f44_a_filter_that_was_down_is_reported_with_the_answer(bench: Bench) -> None:
    """Azure then returns 200, with the error in the choice."""
    down = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}
    body = json.loads(completion({"colour": "red"}))
    body["choices"][0]["content_filter_results"] = down
    replies = bench.ask(Scripted(body=json.dumps(body).encode()))
    assert colour(replies[0]) == "red"
    assert len(bench.endpoint.asked) == 1
    assert usage(replies, None)["filter_failed"] is True


@pytest.mark.parametrize("code", ["context_length_exceeded", "string_above_max_length"])
def test_a_prompt_that_is_too_long_is_about_its_video_and_does_not_stop_the_run(
    bench: Bench, code: str
) -> None:
    replies = bench.ask(fails(400, code, "This model's maximum context length is 8192 tokens."))
    with pytest.raises(Unusable, match=r"^too_long: the prompt: This model's maximum"):
        colour(replies[0])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "This model's maximum context length is 32768 tokens. However, …", "code": 400}),
        (400, {"error": {"message": "the request exceeds …", "type": "exceed_context_size_error"}}),
        (413, "<html><title>413 Request Entity Too Large</title></html>"),
    ],
)
def test_f46_other_hosts_word_it_differently_that_a_prompt_is_too_long(
    bench: Bench, status: int, body: Any
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    (reply,) = bench.ask(Scripted(status, text.encode()))
    with pytest.raises(Unusable, match=r"^too_long"):
        colour(reply)


def test_f47_a_question_that_fails_alone_is_left_for_the_next_run(bench: Bench) -> None:
    """What is answered during its pauses shows that the host works."""

    def pause(_: float) -> None:
        bench.endpoint.plays(says({"colour": "blue"}), fails(500))
        client.run(conversation(vote=bench.endpoint.asked[-1]["seed"] + 100))

    client = ChatClient(
        llm(max_attempts=2), bench.endpoint.url, Secret(CANARY), CallLog(bench.folder, None), Clock(pause)
    )
    bench.clients.append(client)
    for vote in range(6):
        bench.endpoint.plays(fails(500))
        with pytest.raises(Unusable, match=r"^unanswered: 2 times: 500"):
            client.run(conversation(vote=vote))


def test_f47_the_last_question_that_fails_is_distinguished_from_a_host_that_fails(bench: Bench) -> None:
    bench.endpoint.plays(fails(500), fails(500), says("yes"))
    client = new_client(bench, "log", max_attempts=2)
    with pytest.raises(Unusable, match=r"^unanswered"):
        client.run(conversation())
    tiny = bench.endpoint.asked[-1]
    assert len(json.dumps(tiny)) < 500
    assert tiny["model"] == "model-a"


def test_f47_a_strict_host_takes_the_tiny_question(tmp_path: Path) -> None:
    (tmp_path / "videos.json").write_text("[]")
    with Sandbox(corpus=tmp_path) as sandbox, CallLog(tmp_path / "log", None) as call_log:
        sandbox.play([{"do": "500", "match": "chat/completions", "times": 3}])
        chosen = llm(model="sandbox-vision", max_attempts=3)
        client = ChatClient(chosen, sandbox.model, Secret("sandbox"), call_log, Clock(lambda _: None))
        with closing(client), pytest.raises(Unusable, match=r"^unanswered: 3 times: 500"):
            client.reply(ModelCall(QUESTION))
        assert [entry["status"] for entry in sandbox.requests()] == [500, 500, 500, 200]


def test_f47_a_tiny_question_that_is_filtered_is_not_answered(bench: Bench) -> None:
    bench.endpoint.plays(fails(500), fails(400, "content_filter"))
    with pytest.raises(NotNow):
        new_client(bench, "log", max_attempts=1).run(conversation())


def test_f47_after_five_in_a_row_it_is_the_host_whatever_else_it_answers(bench: Bench) -> None:
    client = new_client(bench, "log", max_attempts=1)
    for vote in range(5):
        bench.endpoint.plays(fails(500), says("yes"))
        with pytest.raises(Unusable):
            client.run(conversation(vote=vote))
    retries = RetryBudget()
    assert [retries.give_up(-1) for _ in range(6)] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "invalid_image_format: the picture is no JPEG", "not_taken"),
        (422, "unsupported value", "not_taken"),
        (403, "Your input was flagged by a moderation model", "filtered"),
    ],
)
def test_f46_what_a_host_does_not_take_while_it_takes_others_is_about_its_video(
    bench: Bench, status: int, message: str, reason: str
) -> None:
    bench.endpoint.plays(says({"colour": "red"}), fails(status, "", message), says({"colour": "red"}))
    client = new_client(bench, "log")
    client.run(conversation())
    body = client.run(conversation(vote=1)).body
    with pytest.raises(Unusable, match=f"^{reason}: the prompt"):
        colour(Reply(**body["replies"][0]))
    client.run(conversation(vote=2))


def test_a_limit_that_the_server_s_context_cannot_hold_is_a_wrong_setting(bench: Bench) -> None:
    message = "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096"
    with pytest.raises(BadSettings, match="too large: 4000"):
        bench.ask(fails(400, "", message))


@pytest.mark.parametrize(
    "body", ["null", '"too large"', "[]", '[{"error": {"code": 413, "message": "too large"}}]', "{}", "7"]
)
def test_f46_an_error_of_any_shape_can_be_kept_and_read_again(bench: Bench, body: str) -> None:
    bench.endpoint.plays(Scripted(413, body.encode()))
    new_client(bench, "log").run(conversation())
    (stored,) = new_client(bench, "log").run(conversation()).body["replies"]
    with pytest.raises(Unusable, match=r"^too_long"):
        colour(Reply(**stored))
    assert usage([Reply(**stored)], None)["finish_reason"] is None


def test_f47_questions_that_fail_one_after_the_other_are_the_hosts_fault(bench: Bench) -> None:
    bench.endpoint.plays(*[fails(500)] * 6)
    client = new_client(bench, "log", max_attempts=2)
    for vote in range(2):
        with pytest.raises(NotNow):
            client.run(conversation(vote=vote))


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


def new_client(bench: Bench, folder: str, **changes: Any) -> ChatClient:
    """A client with the call log in this folder."""
    call_log = CallLog(bench.folder / folder, changes.get("budget_usd"))
    client = ChatClient(llm(**changes), bench.endpoint.url, Secret(CANARY), call_log, bench.clock)
    bench.clients.append(client)
    return client


def test_a_stored_reply_is_not_asked_for_again(bench: Bench) -> None:
    bench.endpoint.plays(says({"colour": "red"}), says({"colour": "blue"}))
    first = new_client(bench, "log").run(conversation())
    assert new_client(bench, "log", timeout_s=9, max_attempts=1).run(conversation()) == first
    assert len(bench.endpoint.asked) == 1
    assert new_client(bench, "log").run(conversation(vote=1)) != first
    assert len(bench.endpoint.asked) == 2


def test_another_host_model_or_length_is_another_question(bench: Bench) -> None:
    changes: list[dict[str, Any]] = [{}, {"base_url": "https://x/v1"}, {"model": "b"}, {"max_tokens": 9}]
    for change in changes:
        bench.endpoint.plays(says({"colour": "red"}))
        new_client(bench, "log", **change).run(conversation())
    assert len(bench.endpoint.asked) == len(changes)


def test_votes_that_were_answered_before_the_server_failed_are_not_paid_for_twice(bench: Bench) -> None:
    def votes() -> Conversation:
        replies = yield from replies_to([ModelCall(QUESTION, vote) for vote in range(3)], colour)
        return Answer({"votes": [colour(given[-1]) for given in replies]})

    bench.endpoint.plays(says({"colour": "red"}), says({"colour": "blue"}), fails(500), fails(500))
    with pytest.raises(NotNow):
        new_client(bench, "log", max_attempts=1).run(votes())
    bench.endpoint.plays(says({"colour": "green"}))
    assert new_client(bench, "log").run(votes()).body == {"votes": ["red", "blue", "green"]}
    assert len(bench.endpoint.asked) == 5  # one of them is tiny


def test_f48_the_cost_of_a_call_is_logged_by_its_own_token_count(bench: Bench) -> None:
    bench.endpoint.plays(fails(429), says({"colour": "red"}))
    new_client(bench, "log").run(conversation())
    with CallLog(bench.folder / "log", None) as call_log:
        assert call_log.spent_usd() == Decimal("0.002")  # 1,000 tokens at $1 and 100 at $10 a million
        assert [(spent.calls, spent.unknown) for spent in call_log.by_model()] == [(2, 0)]


def test_f48_a_spent_budget_stops_before_the_call(bench: Bench) -> None:
    bench.endpoint.plays(says({"colour": "red"}))
    with pytest.raises(BudgetSpent, match="budget"):
        new_client(bench, "log", budget_usd=0.001).run(conversation())
    assert bench.endpoint.asked == []


def test_f48_without_a_price_nothing_is_asked(bench: Bench) -> None:
    with pytest.raises(BadSettings, match="no price is set for model-a"):
        new_client(bench, "log", prices=None)
    assert bench.endpoint.asked == []


def test_f47_a_silent_try_counts_in_full_and_is_asked_again(bench: Bench) -> None:
    bench.endpoint.plays(Scripted(does="hang"), says({"colour": "red"}))
    new_client(bench, "log", timeout_s=1).run(conversation())
    with CallLog(bench.folder / "log", None) as call_log:
        ((_, made, unknown, usd),) = call_log.by_model()
    assert (made, unknown) == (2, 1)
    assert usd > Decimal("0.004")  # the longest answer alone, which may have been made, is 0.003
