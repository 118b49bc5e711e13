"""Unsupported requests: each switch, with OpenAI's own client."""

import json
from datetime import date

import openai
import pytest
from model_caller import AGAINST, LABELS, SUPPORT, block, image_part, picture, schema, text_part

STANCE = schema(stance={"type": "string", "enum": LABELS}, why={"type": "string", "description": "evidence"})
OBJECT = {"type": "json_object"}
SHOWN = json.dumps(STANCE["json_schema"]["schema"])


@pytest.fixture
def refusal(ask):
    """The 400 with which a question is refused."""

    def refused(*parts, **settings):
        with pytest.raises(openai.BadRequestError) as raised:
            ask(*(parts or [text_part("hi")]), **settings)
        return raised.value

    return refused


@pytest.mark.parametrize(
    ("schemas", "shape", "kind"),
    [
        ("refused", STANCE, "json_schema"),
        ("refused", OBJECT, "json_object"),
        ("object_only", STANCE, "json_schema"),
    ],
)
def test_a_server_without_response_format_says_so(switch, refusal, schemas, shape, kind):
    switch(schemas=schemas)
    error = refusal(response_format=shape)
    assert (error.param, error.code) == ("response_format", None)
    assert f"'{kind}' is not supported" in error.message


def test_a_server_that_refuses_schemas_still_answers_without_one(switch, ask):
    switch(schemas="refused")
    assert "'no support'" in ask(block("Transcript", AGAINST))
    assert "'no support'" in ask(block("Transcript", AGAINST), response_format={"type": "text"})
    switch(schemas="object_only")
    assert json.loads(ask(block("Transcript", AGAINST), response_format=OBJECT))["label"] == "no support"


def test_a_schema_in_the_prompt_is_followed_if_the_request_has_none(switch, ask, client):
    switch(schemas="refused")
    answer = json.loads(ask(text_part(f"Answer with JSON alone, by {SHOWN}"), block("Transcript", SUPPORT)))
    assert answer["stance"] == "support"
    messages = [
        {"role": "system", "content": f"Answer by the schema {SHOWN}."},
        {"role": "user", "content": [block("Transcript", AGAINST)]},
    ]
    by_rule = client.chat.completions.create(model="sandbox-vision", messages=messages)
    assert json.loads(by_rule.choices[0].message.content)["stance"] == "no support"


def test_a_schema_in_the_text_to_be_judged_is_only_text(ask):
    assert ask(text_part("Judge."), block("Transcript", SHOWN)).startswith("The input is classified as")


@pytest.mark.parametrize(
    "properties",
    ['{"a": {"$ref": "#/none"}}', '{"a": 5}', '{"a": {"anyOf": [1]}}', '{"a": {"type": "x"}}', "7"],
)
def test_a_broken_schema_in_the_prompt_is_only_text(ask, properties):
    shown = text_part(f'Answer by {{"type": "object", "properties": {properties}}}.')
    assert ask(shown, block("Transcript", SUPPORT)).startswith("The input is classified as")


@pytest.mark.parametrize("switches", [{"schemas": "refused"}, {"fixed_temperature": True}])
def test_values_of_a_wrong_type_are_refused_too(switch, refusal, switches):
    switch(**switches)
    wrong = {"response_format": {"type": ["text"]}} if "schemas" in switches else {"temperature": [1]}
    assert refusal(extra_body=wrong).param == next(iter(wrong))


def test_f45_a_schema_that_is_ignored_gives_prose_or_fenced_json(switch, ask):
    switch(schemas="prose")
    assert "'support'" in ask(block("Transcript", SUPPORT), response_format=STANCE)
    switch(schemas="fenced")
    answer = ask(block("Transcript", SUPPORT), response_format=STANCE)
    before, fenced, after = answer.split("```")
    assert before == "Here is the answer:\n\n"
    assert json.loads(fenced.removeprefix("json\n"))["stance"] == "support"
    assert after == ""


BLIND = {
    "vllm": ("BadRequestError", "400", "sandbox-vision is not a multimodal model"),
    "ollama": ("invalid_request_error", None, "this model is missing data required for image input"),
}


@pytest.mark.parametrize("server", BLIND)
def test_a_text_only_model_refuses_pictures_with_its_server_s_message(switch, ask, refusal, server):
    switch(images=server)
    error = refusal(text_part("Look."), image_part(picture()))
    assert (error.type, error.code, error.body["message"]) == BLIND[server]
    assert ask(text_part("Hello."))


@pytest.mark.parametrize(
    ("known", "unknown"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
def test_the_token_limit_can_have_only_one_supported_name(switch, ask, refusal, known, unknown):
    switch(token_limit_name=known)
    error = refusal(**{unknown: 50})
    assert (error.code, error.param) == ("unsupported_parameter", unknown)
    assert f"Use '{known}' instead" in error.message
    assert ask(text_part("hi"), **{known: 50})


def test_a_reasoning_model_refuses_a_temperature(switch, ask, refusal):
    switch(fixed_temperature=True)
    error = refusal(temperature=0.0)
    assert (error.code, error.param) == ("unsupported_value", "temperature")
    assert "does not support 0.0 with this model" in error.message
    assert ask(text_part("hi"), temperature=1)
    assert ask(text_part("hi"))


def test_logprobs_can_be_refused_or_left_out(switch, ask, refusal):
    switch(logprobs="refused")
    assert refusal(logprobs=True).code == "unsupported_parameter"
    switch(logprobs="ignored")
    assert ask.whole(text_part("hi"), logprobs=True).choices[0].logprobs is None


def test_f48_usage_can_be_missing(switch, ask):
    switch(no_usage=True)
    assert ask.whole(text_part("hi")).usage is None


def test_f49_an_alias_can_answer_as_another_model(sandbox, switch, ask):
    assert ask.whole(text_part("hi")).model == "sandbox-vision"
    sandbox.play([{"do": "other_model", "match": "chat"}])
    assert [ask.whole(text_part("hi")).model for _ in range(2)] == ["sandbox-vision-2", "sandbox-vision"]
    switch(answers_as="sandbox-vision-2027")
    assert ask.whole(text_part("hi")).model == "sandbox-vision-2027"


def test_the_list_of_models_has_the_last_day_after_which_the_model_is_gone(sandbox, switch, client, ask):
    assert client.models.retrieve("sandbox-vision").shutdown_date is None
    switch(shutdown_date="2023-03-17")
    assert [str(model.shutdown_date) for model in client.models.list()] == 2 * [str(date(2023, 3, 17))]
    assert ask(text_part("hi"))
    sandbox.clock.advance(2 * 86400)
    for call in (lambda: ask(text_part("hi")), lambda: client.models.retrieve("sandbox-vision")):
        with pytest.raises(openai.NotFoundError, match="deprecated") as gone:
            call()
        assert gone.value.code == "model_not_found"
    assert list(client.models.list()) == []


def test_f44_a_prompt_filter_refuses_a_word_or_by_script(sandbox, switch, ask, refusal):
    switch(filtered_words=["Golpista"])
    error = refusal(block("Transcript", AGAINST))
    assert (error.code, error.param, error.type) == ("content_filter", "prompt", None)
    assert error.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert error.body["innererror"]["content_filter_result"]["violence"]["filtered"] is True
    assert ask(block("Transcript", SUPPORT))
    sandbox.play([{"do": "prompt_filter", "match": "chat"}])
    assert refusal().code == "content_filter"
    assert ask(text_part("hi"))


def test_f44_azure_answers_unfiltered_when_its_filter_is_down_and_says_so(sandbox, switch, ask):
    def flag():
        choice = ask.whole(text_part("hi")).choices[0]
        assert choice.message.content
        return (choice.model_extra.get("content_filter_results") or {}).get("error", {}).get("code")

    sandbox.play([{"do": "filter_unavailable", "match": "chat"}])
    assert [flag(), flag()] == ["content_filter_error", None]
    switch(filter_down=True)
    assert flag() == "content_filter_error"


def test_f47_an_overloaded_server_answers_529_by_script_or_by_chance(sandbox, switch, ask):
    sandbox.play([{"do": "529", "match": "chat"}])
    with pytest.raises(openai.InternalServerError) as raised:
        ask(text_part("hi"))
    assert (raised.value.status_code, raised.value.type, raised.value.code) == (529, "overloaded_error", None)
    switch(p_529=0.5)
    outcomes = []
    for _ in range(20):
        try:
            outcomes.append(bool(ask(text_part("hi"))))
        except openai.InternalServerError:
            outcomes.append(False)
    assert 4 <= outcomes.count(False) <= 16, "the same question may pass at the next try"


@pytest.mark.parametrize(
    "switches",
    [{"schemas": "maybe"}, {"images": ""}, {"gullible": True}, {"batch_polls": "many"}],
)
def test_a_switch_accepts_only_its_values(sandbox, session, switches):
    url = f"{sandbox.base}/__sandbox__/switches"
    assert session.post(url, json=switches, timeout=10).status_code == 400
