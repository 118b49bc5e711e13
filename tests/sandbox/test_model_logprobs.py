"""Log-probabilities: of all tokens, and of a label those of the verdict behind it."""

import json
import math

import openai
import pytest
from model_caller import AGAINST, LABELS, SUPPORT, block, said, schema

from sandbox.model.stance_lexicon import lexicon_score

STANCE = schema(stance={"type": "string", "enum": LABELS})


@pytest.fixture
def tokens(ask):
    """The text of an answer and its tokens."""

    def told(*parts, **settings):
        choice = ask.whole(*parts, logprobs=True, **settings).choices[0]
        return choice.message.content, choice.logprobs.content

    return told


def chances(token):
    return {other.token: math.exp(other.logprob) for other in token.top_logprobs}


def test_the_tokens_are_the_text(tokens):
    text, told = tokens(block("Transcript", "¡Fuerza Castillo! 🇵🇪 ñandú"), top_logprobs=20)
    assert "".join(token.token for token in told) == text
    assert b"".join(bytes(token.bytes) for token in told).decode() == text
    for token in told:
        assert len({other.token for other in token.top_logprobs}) == 20
        assert token.token in chances(token)
        assert 0.99 < sum(chances(token).values()) <= 1.0001
        logs = [other.logprob for other in token.top_logprobs]
        assert logs == sorted(logs, reverse=True)


@pytest.mark.parametrize(("text", "label"), [(SUPPORT, "support"), (AGAINST, "no support")])
def test_the_labels_stand_among_the_alternatives_with_the_verdicts_confidence(tokens, text, label):
    answer, told = tokens(block("Transcript", text), response_format=STANCE, top_logprobs=5)
    assert json.loads(answer) == {"stance": label}
    first = next(token for token in told if token.token == label.split()[0])
    sure = lexicon_score(text).confidence
    found = chances(first)
    assert found[first.token] == pytest.approx(sure, abs=0.01)
    for other in {"support", "no", "neutral"} - {first.token}:
        assert found[other] == pytest.approx((1 - sure) / 2, abs=0.01)


def test_labels_that_begin_alike_share_their_chance_until_they_part(tokens):
    shape = schema(stance={"type": "string", "enum": ["no", "no support", "support"]})
    answer, told = tokens(block("Transcript", AGAINST), response_format=shape, top_logprobs=3)
    label = json.loads(answer)["stance"]
    place = next(number for number, token in enumerate(told) if token.token == "no")
    sure = lexicon_score(AGAINST).confidence
    assert chances(told[place])["no"] == pytest.approx(sure + (1 - sure) / 2, abs=0.01)
    parting = chances(told[place + 1])
    mine, other = ('"', " support") if label == "no" else (" support", '"')
    assert parting[mine] == pytest.approx(sure / (sure + (1 - sure) / 2), abs=0.01)
    assert parting[other] == pytest.approx(1 - parting[mine], abs=0.01)


def test_a_label_in_a_sentence_has_its_alternatives_too(tokens):
    _, told = tokens(said("Classify as 'pro', 'anti' or 'neutral':"), said(AGAINST), top_logprobs=3)
    label = next(token for token in told if token.token == "anti")
    assert set(chances(label)) == {"pro", "anti", "neutral"}


def test_a_label_within_an_object_is_found(tokens):
    inner = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": LABELS}},
        "required": ["label"],
        "additionalProperties": False,
    }
    _, told = tokens(block("Transcript", SUPPORT), response_format=schema(answer=inner), top_logprobs=3)
    assert set(chances(next(token for token in told if token.token == "support"))) == {
        "support",
        "no",
        "neutral",
    }


def test_without_alternatives_each_token_tells_of_itself_only(tokens):
    text, told = tokens(block("Transcript", SUPPORT))
    assert all(token.top_logprobs == [] and token.logprob < 0 for token in told)
    assert tokens(block("Transcript", SUPPORT)) == (text, told), "the same question has the same numbers"


def test_a_cut_answer_has_the_tokens_that_are_there(tokens):
    text, told = tokens(block("Transcript", SUPPORT), response_format=STANCE, max_completion_tokens=3)
    assert "".join(token.token for token in told) == text == '{"stance": "'


@pytest.mark.parametrize(
    "settings",
    [{"top_logprobs": 2}, {"logprobs": True, "top_logprobs": 21}, {"logprobs": True, "top_logprobs": -1}],
)
def test_alternatives_want_logprobs_and_are_at_most_twenty(ask, settings):
    with pytest.raises(openai.BadRequestError, match="top_logprobs"):
        ask(said("hi"), **settings)
