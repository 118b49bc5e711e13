"""The prompt cache counts as the hosts document it: an equal beginning, in whole blocks, of the same model."""

import pytest
from model_caller import image_part, picture, schema, text_part

#: 4,400 bytes and so 1,100 tokens.
RULES = "rule " * 880
FORM = schema(label={"type": "string", "enum": ["support", "neutral"]})


@pytest.fixture
def cached(client):
    """The cached tokens of a prompt with these rules before the question."""

    def count(*parts, rules=RULES, model="sandbox-vision", form=FORM):
        messages = [{"role": "system", "content": rules}, {"role": "user", "content": list(parts)}]
        reply = client.chat.completions.create(model=model, messages=messages, response_format=form)
        details = reply.usage.prompt_tokens_details
        return details and details.cached_tokens

    return count


def test_without_the_switch_nothing_is_reported_and_null_is_no_number(cached, switch):
    assert cached(text_part("one")) is None
    switch(prompt_cache="null")
    assert cached(text_part("one")) is None


def test_openai_s_counts_an_equal_beginning_of_1024_tokens_and_more_in_steps_of_128(cached, switch):
    switch(prompt_cache="openai")
    assert cached(text_part("one")) == 0, "the first of its kind"
    assert cached(text_part("two")) == 1024, "of 1,100 equal tokens"
    long = text_part("x" * 4000)
    assert cached(long) == 1024
    assert cached(long) == 2048, "of 2,100"
    assert cached(text_part("one"), rules="Rule" + RULES[4:]) == 0, "the first token is another"
    assert cached(text_part("one"), rules=RULES[:3600]) == 0, "too short"
    assert cached(text_part("one"), model="sandbox-vision-small") == 0
    other = schema(label={"type": "string", "enum": ["yes", "no"]})
    assert cached(text_part("one"), form=other) == 0, "the form comes first"


def test_vllm_s_counts_blocks_of_16_and_computes_the_last_token(cached, switch):
    switch(prompt_cache="vllm")
    short = "rule " * 64  # 80 tokens
    assert cached(text_part("four"), rules=short) == 0
    assert cached(text_part("more"), rules=short) == 80
    whole = text_part(
        "x" * 60
    )  # 15 more tokens and one of the role's message: a multiple of 16 with the rules
    assert cached(whole, rules=short) == 80
    assert cached(whole, rules=short) == 80, "95 tokens are five blocks and a part"
    even = text_part("x" * 64)
    cached(even, rules=short)
    assert cached(even, rules=short) == 80, "of 96, the last block has the token that is computed"


def test_a_picture_is_part_of_the_beginning(cached, switch):
    switch(prompt_cache="vllm")
    red, blue = (image_part(picture("LIMA", colour=colour), detail="low") for colour in ("red", "blue"))
    cached(red, text_part("one"), rules="rule")
    assert cached(red, text_part("two"), rules="rule") == 80
    assert cached(blue, text_part("two"), rules="rule") == 0


def test_a_small_model_reads_the_beginning_of_a_text_and_is_less_sure(client):
    long = "Hoy hubo noticias en la plaza de la ciudad y hablaron muchos vecinos. Fuerza presidente Castillo."
    prompt = "Classify the text below as 'support', 'no support' or 'neutral'.\n\nTranscript:\n"
    labels = {
        model: client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": prompt + long}], response_format=FORM
        )
        .choices[0]
        .message.content
        for model in ("sandbox-vision", "sandbox-vision-small")
    }
    assert '"support"' in labels["sandbox-vision"]
    assert '"neutral"' in labels["sandbox-vision-small"]
