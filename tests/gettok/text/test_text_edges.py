"""Batches of texts, what a vector counts, and the marks that do not make a difference."""

import numpy as np
import pytest

from gettok.text.embedders.charngram import CharNgrams
from gettok.text.embeddings import BATCH, cosine
from gettok.text.tokens import align, cer, errors, jaccard, normalise, wer, words


class Numbers:
    """A text is its numbers."""

    files = None
    description = ""

    def embed(self, texts):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 1])
def test_each_text_is_compared_with_its_own_counterpart_in_any_batch(count):
    left = [f"{place} 1" for place in range(count)]
    right = [f"1 {place}" for place in range(count)]
    expected = [2 * place / (place**2 + 1) for place in range(count)]
    assert cosine(Numbers(), left, right) == pytest.approx(expected)


def test_a_cosine_has_a_sign_and_is_0_for_a_vector_of_zeros():
    found = cosine(Numbers(), ["1 0", "0 0", "3 4", "1 1"], ["-2 0", "1 1", "0 0", "2 2"])
    assert found == pytest.approx([-1, 0, 0, 1])


def test_a_vector_counts_3_to_5_letters_and_has_length_1():
    vector = CharNgrams().embed(["abcde", "ABCDE"]).toarray()
    assert vector.shape == (2, 65_536)
    assert np.count_nonzero(vector[0]) == 5 + 4 + 3, "of ` abcde `"
    assert float(np.linalg.norm(vector[0])) == pytest.approx(1)
    assert (vector[0] == vector[1]).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u200bb", ["ab"]),
        ("a\ufe00b a\ufe0fb a\ufe10b", ["ab", "ab", "a", "b"]),
        ("1\ufe0f\u20e3", ["1"]),
        ("d'accord d’accord d´accord d`accord", ["daccord"] * 4),
        ("rock 'n' roll", ["rock", "n", "roll"]),
        ("10.000 1,5 1.a a.1 a.b 1'2", ["10000", "15", "1", "a", "a", "1", "a", "b", "1", "2"]),
        ("a1b2", ["a1b2"]),
        ("e\u0301' x", ["é", "x"]),
        ("e\u0301'x", ["éx"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("a-b_c/d", ["a", "b", "c", "d"]),
    ],
)
def test_what_ends_a_word_and_what_does_not(text, expected):
    assert normalise(text) == expected


def test_punctuation_without_a_space_belongs_to_the_word_before_it():
    assert [(word.before, word.core, word.after) for word in words("«¡Hola»,mundo (¿ sí?) …")] == [
        ("«¡", "Hola", "»,"),
        ("", "mundo", "(¿"),
        ("", "sí", "?)…"),
    ]


def test_rates_of_unlike_lengths():
    assert (wer("a b c d", "a x"), cer("abcd", "ax")) == (0.75, 0.75)
    assert (wer("a", "a b c"), cer("ab", "abcdef")) == (2.0, 2.0)
    assert [wer("", text) for text in ("", "¡!", "a b")] == [0, 0, 1]
    assert [cer("", text) for text in ("", "¡!", "a b")] == [0, 0, 1]
    found = errors("uno dos", "uno tres cuatro")
    assert (found.words, found.wrong_words, found.characters) == (2, 2, 7)


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [("a b c", "b c d e", 2 / 5), ("a a a b", "a", 1 / 2), ("", "", 1), ("", "a", 0), ("A", "a!", 1)],
)
def test_jaccard_counts_each_word_once(left, right, value):
    assert jaccard(left, right) == value


@pytest.mark.parametrize(
    ("left", "right", "flags"),
    [
        ("Lima", "Lima", (False, False, False)),
        ("Lima", "lima", (True, False, False)),
        ("Lima.", "Lima", (False, True, False)),
        ("lima,", "Lima", (True, True, False)),
        ("Lima", "Limas", (False, False, True)),
        ("Lima", "lemas", (True, False, True)),
        ("liMa", "leMAs", (False, False, True)),
        ("¡Lima", "Limas", (False, True, True)),
        ("d'accord", "daccord", (False, True, False)),
    ],
)
def test_each_flag_of_a_difference_alone_and_together(left, right, flags):
    (place,) = align(left, right)
    assert (place.capitalisation, place.punctuation, place.spelling) == flags
