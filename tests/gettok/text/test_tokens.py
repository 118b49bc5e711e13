import unicodedata
from itertools import zip_longest

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.text.caseless import caseless
from gettok.text.tokens import (
    KINDS,
    Errors,
    agreement,
    align,
    cer,
    differences,
    errors,
    jaccard,
    normalise,
    wer,
    words,
)

texts = st.text(max_size=60)
#: Letters, marks and signs that meet each other in words, and some that a text in Latin-1 does not have.
SIGNS = "aAñÉßſΣς9².,'’´ -_\t\u00ad\u0301\u0308\u200b\ufe0f👍🇵🇪भिกİ日カ한"
near_texts = st.one_of(st.text(SIGNS, max_size=40), st.text(SIGNS[:16], max_size=40), texts)


def plain_words(text):
    """What `normalise` means, character by character and word by word."""
    visible = (c for c in text if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f")
    found, word, text = [], "", unicodedata.normalize("NFC", "".join(visible))
    for place, sign in enumerate([*text, " "]):
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        kind = unicodedata.category(sign)
        if kind[0] in "LN" or (word and kind in ("Mn", "Mc")):
            word += sign
        elif not (word and _is_within(before, sign, after)):
            found += [word] if word else []
            word = ""
    return [caseless(word) for word in found]


def _is_within(before, sign, after):
    kinds = [unicodedata.category(letter) if letter else " " for letter in (before, after)]
    if sign in "'’`´":
        return (kinds[0][0] == "L" or kinds[0] in ("Mn", "Mc")) and kinds[1][0] == "L"
    return sign in ".," and kinds[0][0] == kinds[1][0] == "N"


@given(near_texts)
def test_words_are_found_as_if_character_by_character(text):
    assert normalise(text) == plain_words(text)
    assert [word.key for word in words(text)] == plain_words(text)


def test_no_letter_digit_or_mark_folds_into_another_word():
    signs = (chr(code) for code in range(0x110000))
    for sign in (sign for sign in signs if unicodedata.category(sign)[0] in "LNM"):
        word = f"x{sign}"
        assert " " not in caseless(word)
        assert caseless(f"a {word} {word}") == f"a {caseless(word)} {caseless(word)}"
        assert caseless(f"a {sign}") == f"a {caseless(sign)}"


@given(near_texts, near_texts)
def test_all_measures_of_a_pair_come_from_one_alignment_and_are_jiwers(left, right):
    found = agreement(left, right)
    kinds = [difference.kind for difference in differences(left, right)]
    assert found.differences == {kind: kinds.count(kind) for kind in KINDS}
    assert found.right_words == len(normalise(right))
    assert found.jaccard == jaccard(left, right)
    assert found.errors == errors(left, right)
    joined = [" ".join(normalise(text)) for text in (left, right)]
    for counted, wrong in (
        (jiwer.process_words(*joined), found.errors.wrong_words),
        (jiwer.process_characters(*joined), found.errors.wrong_characters),
    ):
        assert wrong == counted.substitutions + counted.deletions + counted.insertions


@given(near_texts, near_texts)
def test_texts_are_aligned_as_jiwer_does(left, right):
    joined = [" ".join(normalise(text)) for text in (left, right)]
    (chunks,) = jiwer.process_words(*joined).alignments
    expected = []
    for chunk in chunks:
        sides = (chunk.ref_start_idx, chunk.ref_end_idx), (chunk.hyp_start_idx, chunk.hyp_end_idx)
        lefts, rights = (
            side[first:last] for side, (first, last) in zip(map(normalise, (left, right)), sides, strict=True)
        )
        expected += zip_longest(lefts, rights)
    assert [(d.left and d.left.key, d.right and d.right.key) for d in align(left, right)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¡Fuerza, Presidente CASTILLO!", ["fuerza", "presidente", "castillo"]),
        ("¿Qué pasó?", ["qué", "pasó"]),
        ("#GolpeDeEstado #perú", ["golpedeestado", "perú"]),
        ("golpe-de-estado", ["golpe", "de", "estado"]),
        ("10.000 personas, 1,5 km a las 12:30.", ["10000", "personas", "15", "km", "a", "las", "12", "30"]),
        ("d'accord ’nada’ don’t", ["daccord", "nada", "dont"]),
        ("vamos 👨‍👩‍👧 Perú 🇵🇪 1️⃣", ["vamos", "perú", "1"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("pasó", ["pasó"]),
        ("uno\u200bdos tres\u00adcuatro", ["unodos", "trescuatro"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("snake_case @user_name", ["snake", "case", "user", "name"]),
        ("... — ¿? 👍", []),
        ("", []),
    ],
)
def test_words_are_letters_and_digits_case_folded_and_composed(text, expected):
    assert normalise(text) == [unicodedata.normalize("NFC", word) for word in expected]


@given(texts)
def test_normalised_words_stay_the_same_when_normalised_again(text):
    once = normalise(text)
    assert normalise(" ".join(once)) == once


@given(texts)
def test_no_word_is_empty_or_has_a_space(text):
    assert all(word.split() == [word] for word in normalise(text))


@given(texts)
def test_composed_and_decomposed_text_are_the_same_words(text):
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


def test_punctuation_belongs_to_the_word_that_it_touches():
    found = words("—Hola , «mundo». ¿Golpe-bajo? 👍 ¡Sí")
    assert [(word.before, word.core, word.after) for word in found] == [
        ("—", "Hola", ","),
        ("«", "mundo", "»."),
        ("¿", "Golpe", "-"),
        ("", "bajo", "?👍"),
        ("¡", "Sí", ""),
    ]


def test_every_difference_says_how_its_words_differ():
    found = differences(
        "¿Qué pasó, Presidente Castillo? Fuerza Perú", "¿Qué pasó presidente castiyo Fuerza, Perú ya"
    )
    assert [
        (
            d.left and d.left.text,
            d.right and d.right.text,
            d.capitalisation,
            d.punctuation,
            d.spelling,
            d.kind,
        )
        for d in found
    ] == [
        ("pasó,", "pasó", False, True, False, "punctuation"),
        ("Presidente", "presidente", True, False, False, "capitalisation"),
        ("Castillo?", "castiyo", True, True, True, "spelling"),
        ("Fuerza", "Fuerza,", False, True, False, "punctuation"),
        (None, "ya", False, False, True, "spelling"),
    ]


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ("Perú", "perú", ["capitalisation"]),
        ("ÁNIMO", "ánimo", ["capitalisation"]),
        ("Ñuñoa", "ñuñoa", ["capitalisation"]),
        ("pasó", "paso", ["spelling"]),
        ("año", "ano", ["spelling"]),
        ("él", "el", ["spelling"]),
        ("cigüeña", "cigueña", ["spelling"]),
        ("paso\u0301", "pasó", []),
        ("¿Qué pasó?", "¿Qué pasó", ["punctuation"]),
        ("¿Qué pasó?", "que paso", ["spelling", "spelling"]),
        ("¿Qué pasó?", "qué pasó", ["punctuation", "punctuation"]),
        ("¡Fuera!", "Fuera", ["punctuation"]),
        ("¡¿Cómo?!", "¿¡Cómo!?", ["punctuation"]),
        ("«No», dijo", "No dijo", ["punctuation"]),
        ("Fuerza ✊🏽", "Fuerza", ["punctuation"]),
        ("Fuerza ✊🏽 Perú", "Fuerza ✊🏿 Perú", ["punctuation"]),
        ("🇵🇪 Perú", "Perú", ["punctuation"]),
        ("👩🏽‍🌾 el campo", "El campo", ["punctuation"]),
        ("❤️ sí", "❤ sí", []),
        ("sí no", "sí no", []),
        ("golpe-bajo", "golpe bajo", ["punctuation"]),
        ("10 000 personas", "10.000 personas", ["spelling", "spelling"]),
        ("#PedroCastillo", "Pedro Castillo", ["spelling", "spelling"]),
        ("EE.UU.", "EEUU", ["spelling", "spelling"]),
    ],
)
def test_figure_5_s_kinds_on_pairs_made_by_hand(left, right, kinds):
    assert [difference.kind for difference in differences(left, right)] == kinds
    assert [difference.kind for difference in differences(right, left)] == kinds


def test_capitals_and_punctuation_in_one_word_count_as_punctuation():
    (difference,) = differences("Castillo.", "castillo")
    assert (difference.capitalisation, difference.punctuation, difference.kind) == (True, True, "punctuation")


def test_an_opening_mark_that_one_side_lacks_is_punctuation():
    assert [difference.kind for difference in differences("¿Qué pasó", "Qué pasó")] == ["punctuation"]


def test_of_words_spelled_differently_only_the_first_letters_capitals_count():
    (loud,) = differences("Castillo", "CASTIYO")
    (small,) = differences("Castillo", "castiyo")
    assert (loud.capitalisation, small.capitalisation) == (False, True)


def test_a_missing_accent_is_spelling():
    assert [difference.kind for difference in differences("pasó", "paso")] == ["spelling"]


def test_a_dot_within_a_number_is_punctuation():
    assert [difference.kind for difference in differences("10.000", "10000")] == ["punctuation"]


def test_a_word_missing_on_either_side_is_spelling():
    assert [(d.left is None, d.right is None, d.kind) for d in differences("a b c", "a c")] == [
        (False, True, "spelling")
    ]
    assert [(d.left is None, d.right is None, d.kind) for d in differences("a c", "a b c")] == [
        (True, False, "spelling")
    ]


def test_a_text_without_words_lacks_every_word():
    assert [difference.kind for difference in differences("", "uno dos")] == ["spelling", "spelling"]
    assert differences("", "...") == []


@given(texts)
def test_a_text_does_not_differ_from_itself(text):
    assert differences(text, text) == []
    assert jaccard(text, text) == 1
    assert wer(text, text) == 0


@given(texts, texts)
def test_an_alignment_keeps_every_word_of_both_sides_in_order(left, right):
    places = align(left, right)
    assert [place.left for place in places if place.left] == words(left)
    assert [place.right for place in places if place.right] == words(right)


@given(texts, texts)
def test_texts_with_the_same_words_never_differ_in_spelling(left, right):
    spelled = any(difference.spelling for difference in differences(left, right))
    assert spelled == (normalise(left) != normalise(right))


def test_jaccard_is_shared_words_over_all_words():
    assert jaccard("El pueblo, el voto", "el voto NO") == pytest.approx(2 / 4)
    assert jaccard("sí", "no") == 0
    assert jaccard("", "no") == 0
    assert jaccard("", "¿?") == 1


def test_wer_counts_wrong_missing_and_added_words_against_the_reference():
    assert wer("uno dos tres cuatro", "Uno, dos seis cuatro cinco") == pytest.approx(2 / 4)
    assert wer("uno", "") == 1
    assert wer("", "uno dos") == 1
    assert wer("", "") == 0


def test_errors_are_counted_in_words_and_in_characters_of_normalised_words():
    assert errors("¿Qué pasó?", "que pasó") == Errors(
        words=2, wrong_words=1, characters=8, wrong_characters=1
    )
    assert errors("uno", "") == Errors(words=1, wrong_words=1, characters=3, wrong_characters=3)
    assert errors("", "uno") == Errors(words=0, wrong_words=1, characters=0, wrong_characters=3)
    assert errors("…", "¿?") == Errors(0, 0, 0, 0)


def test_cer_counts_wrong_missing_and_added_characters_against_the_reference():
    assert cer("uno dos", "Uno, tos") == pytest.approx(1 / 7)
    assert cer("uno", "") == 1
    assert cer("", "uno dos") == 1
    assert cer("", "👍") == 0


@given(texts, texts)
def test_rates_are_those_of_jiwer_on_normalised_words(reference, hypothesis):
    expected, actual = " ".join(normalise(reference)), " ".join(normalise(hypothesis))
    if expected:
        assert wer(reference, hypothesis) == pytest.approx(jiwer.wer(expected, actual))
        assert cer(reference, hypothesis) == pytest.approx(jiwer.cer(expected, actual))


@given(texts, texts)
def test_wrong_words_are_the_places_that_differ_in_spelling(left, right):
    spelled = sum(difference.spelling for difference in differences(left, right))
    assert errors(left, right).wrong_words == spelled
