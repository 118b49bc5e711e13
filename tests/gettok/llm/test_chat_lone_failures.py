"""A question that fails alone is about its video; questions that all fail are about the host."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chat_bench import QUESTION, Bench, colour, conversation, new_client
from scripted_endpoint import CANARY, Scripted, completion, fails, llm, says

from gettok.errors import BadSettings, NotNow, Unusable
from gettok.llm import CallLog, ModelCall
from gettok.llm.client import ChatClient
from gettok.llm.rate_limit import Clock, RetryBudget
from gettok.llm.response import Reply, usage
from gettok.settings.secrets import Secret
from sandbox.server import Sandbox


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
