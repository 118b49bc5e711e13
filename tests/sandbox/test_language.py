"""The demo's language: its guarantees for the corpus, for the speech model and for measuring stance."""

import re

import pytest

from sandbox.corpus import language
from sandbox.corpus.language import STANCES, english, sentences, split_of, words

SUPPORT = r"fuerza|libertad|viva|vuelva|apoy|defend|defiend|respald|restitución|cree|confía|inocente"
OPPOSE = r"golp|corrup|dictador|preso|cárcel|prisión|vacancia|rechaz|repudi|nunca más|fuera castillo|mintió"


def _vocabulary(texts: list[str]) -> set[str]:
    return {word for text in texts for word in words(text)}


def test_the_same_seed_gives_the_same_sentences() -> None:
    assert sentences(3, 50, "train") == sentences(3, 50, "train")
    assert sentences(3, 50, "train") != sentences(4, 50, "train")


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert sentences(3, 80, "held_out")[:50] == sentences(3, 50, "held_out")


def test_no_sentence_is_repeated_even_with_other_punctuation() -> None:
    drawn = [" ".join(words(sentence.text)) for sentence in sentences(1, 5000, "train")]
    assert len(set(drawn)) == 5000


def test_the_split_ignores_capitals_and_punctuation() -> None:
    for sentence in sentences(1, 300, "held_out"):
        assert split_of(sentence.text.upper().strip("¡!¿?.")) == "held_out"
    assert all(split_of(sentence.text) == "train" for sentence in sentences(1, 300, "train"))


def test_about_a_tenth_is_held_out() -> None:
    texts = [sentence.text for sentence in sentences(1, 9000, "train")]
    changed = [text + " sí" for text in texts]
    assert 0.08 < sum(split_of(text) == "held_out" for text in changed) / 9000 < 0.12


def test_every_held_out_word_occurs_in_training() -> None:
    trained = _vocabulary([s.text for s in sentences(0, 8000, "train") + english(0, 800, "train")])
    used = _vocabulary([s.text for s in sentences(9, 1500, "held_out") + english(9, 150)])
    assert used <= trained
    assert 400 < len(trained) < 800


@pytest.mark.parametrize("stance", STANCES)
def test_a_requested_stance_is_the_only_one(stance: str) -> None:
    drawn = sentences(5, 200, "held_out", stance)
    assert {sentence.stance for sentence in drawn} == {stance}
    assert len(drawn) == 200


def test_without_a_stance_all_three_come_about_equally() -> None:
    drawn = [sentence.stance for sentence in sentences(5, 3000, "train")]
    assert all(800 < drawn.count(stance) < 1200 for stance in STANCES)


def test_neutral_sentences_contain_no_word_of_either_side() -> None:
    both = re.compile(f"{SUPPORT}|{OPPOSE}")
    taken = [s.text for s in sentences(2, 6000, "train", "neutral") if both.search(s.text.lower())]
    assert taken == []


def test_support_never_uses_the_words_of_the_other_side() -> None:
    taken = [s.text for s in sentences(2, 6000, "train", "support") if re.search(OPPOSE, s.text.lower())]
    assert taken == []


def test_the_other_side_never_uses_the_words_of_support() -> None:
    taken = [s.text for s in sentences(2, 6000, "train", "no support") if re.search(SUPPORT, s.text.lower())]
    assert taken == []


def test_every_sentence_is_written_as_a_person_would() -> None:
    shape = re.compile(r"(¡[A-ZÁÉÍÓÚÑ].*!|¿[A-ZÁÉÍÓÚÑ].*\?|[A-ZÁÉÍÓÚÑ].*\.)")
    for sentence in sentences(6, 3000, "train") + english(6, 100):
        assert shape.fullmatch(sentence.text), sentence.text
        assert "{" not in sentence.text
        assert "  " not in sentence.text


def test_every_slot_is_used_and_every_used_slot_exists() -> None:
    texts = [text for group in (*language.TEMPLATES.values(), *language.SLOTS.values()) for text in group]
    named = set(re.findall(r"\{(\w+)\}", " ".join(texts)))
    assert named == set(language.SLOTS)


def test_english_is_not_taken_for_spanish() -> None:
    spoken = english(1, 100)
    assert len({sentence.text for sentence in spoken}) == 100
    assert not _vocabulary([s.text for s in spoken]) & {"el", "la", "los", "de", "que", "y"}
