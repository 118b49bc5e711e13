"""Log-probabilities of all tokens; those of a label follow from the lexicon's score."""

import json
import math

import openai
import pytest
from model_caller import AGAINST, LABELS, SUPPORT, block, schema, text_part

from sandbox.model.stance_lexicon import lexicon_score

STANCE = schema(stance={"type": "string", "enum": LABELS})


@pytest.fixture
def tokens(ask):
    """The text of an answer and its tokens."""

    def ask_with_logprobs(*parts, **settings):
        choice = ask.whole(*parts, logprobs=True, **settings).choices[0]
        return choice.message.content, choice.logprobs.content

    return ask_with_logprobs


def chances(token):
    return {other.token: math.exp(other.logprob) for other in token.top_logprobs}


def test_the_tokens_are_the_text(tokens):
    text, entries = tokens(block("Transcript", "¡Fuerza Castillo! 🇵🇪 ñandú"), top_logprobs=20)
    assert "".join(token.token for token in entries) == text
    assert b"".join(bytes(token.bytes) for token in entries).decode() == text
    for token in entries:
        assert len({other.token for other in token.top_logprobs}) == 20
        assert token.token in chances(token)
        assert 0.99 < sum(chances(token).values()) <= 1.0001
        logs = [other.logprob for other in token.top_logprobs]
        assert logs == sorted(logs, reverse=True)


@pytest.mark.parametrize(("text", "label"), [(SUPPORT, "support"), (AGAINST, "no support")])
def test_the_labels_are_among_the_alternatives_with_the_lexicon_s_confidence(tokens, text, label):
    answer, entries = tokens(block("Transcript", text), response_format=STANCE, top_logprobs=5)
    assert json.loads(answer) == {"stance": label}
    first = next(token for token in entries if token.token == label.split()[0])
    confidence = lexicon_score(text).confidence
    found = chances(first)
    assert found[first.token] == pytest.approx(confidence, abs=0.01)
    for other in {"support", "no", "neutral"} - {first.token}:
        assert found[other] == pytest.approx((1 - confidence) / 2, abs=0.01)


def test_labels_with_a_common_beginning_share_its_probability(tokens):
    shape = schema(stance={"type": "string", "enum": ["no", "no support", "support"]})
    answer, entries = tokens(block("Transcript", AGAINST), response_format=shape, top_logprobs=3)
    label = json.loads(answer)["stance"]
    place = next(number for number, token in enumerate(entries) if token.token == "no")
    confidence = lexicon_score(AGAINST).confidence
    assert chances(entries[place])["no"] == pytest.approx(confidence + (1 - confidence) / 2, abs=0.01)
    parting = chances(entries[place + 1])
    mine, other = ('"', " support") if label == "no" else (" support", '"')
    assert parting[mine] == pytest.approx(confidence / (confidence + (1 - confidence) / 2), abs=0.01)
    assert parting[other] == pytest.approx(1 - parting[mine], abs=0.01)


def test_a_label_in_a_sentence_has_its_alternatives_too(tokens):
    _, entries = tokens(
        text_part("Classify as 'pro', 'anti' or 'neutral':"), text_part(AGAINST), top_logprobs=3
    )
    label = next(token for token in entries if token.token == "anti")
    assert set(chances(label)) == {"pro", "anti", "neutral"}


def test_a_label_within_an_object_is_found(tokens):
    inner = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": LABELS}},
        "required": ["label"],
        "additionalProperties": False,
    }
    _, entries = tokens(block("Transcript", SUPPORT), response_format=schema(answer=inner), top_logprobs=3)
    assert set(chances(next(token for token in entries if token.token == "support"))) == {
        "support",
        "no",
        "neutral",
    }


def test_without_alternatives_each_token_has_only_its_own_probability(tokens):
    text, entries = tokens(block("Transcript", SUPPORT))
    assert all(token.top_logprobs == [] and token.logprob < 0 for token in entries)
    assert tokens(block("Transcript", SUPPORT)) == (text, entries), "the same question has the same numbers"


def test_a_cut_answer_has_only_the_tokens_that_remain(tokens):
    text, entries = tokens(block("Transcript", SUPPORT), response_format=STANCE, max_completion_tokens=3)
    assert "".join(token.token for token in entries) == text == '{"stance": "'


@pytest.mark.parametrize(
    "settings",
    [{"top_logprobs": 2}, {"logprobs": True, "top_logprobs": 21}, {"logprobs": True, "top_logprobs": -1}],
)
def test_alternatives_require_logprobs_and_are_at_most_twenty(ask, settings):
    with pytest.raises(openai.BadRequestError, match="top_logprobs"):
        ask(text_part("hi"), **settings)
