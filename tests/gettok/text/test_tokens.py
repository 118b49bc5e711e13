import unicodedata

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.text.tokens import Errors, align, cer, differences, errors, jaccard, normalise, wer, words

texts = st.text(max_size=60)


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
