"""How far two readings of a screen differ: errors count, and differences in notation do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance.Levenshtein import distance

from gettok.ocr.error_rate import cer, distinct
from gettok.text.tokens import normalise

WORDS = st.text(alphabet="aábcdeñopqrst", min_size=1, max_size=8)
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), max_size=8)
ANYTHING = st.text(max_size=60)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Castillo corrupto"], "¡CASTILLO CORRUPTO!"),  # capitals and punctuation
        (["Castillo corrupto", "Lima"], "Lima\nCastillo corrupto"),  # another order
        (["Apoyo total al", "presidente", "legítimo"], "Apoyo total al presidente legítimo"),  # other breaks
        (["Apoyo total al presidente"], "Apoyo total\nal presidente"),
        (["Castillo corrupto", "Lima", "Castillo corrupto", "Cusco"], "Castillo corrupto. Lima. Cusco"),
        (["Lima"], "Lima\nLima"),  # given for each frame
        (["■", "Lima"], "Lima"),  # no words
        ([], ""),
        (["■"], "…"),
    ],
)
def test_two_readings_of_the_same_words_agree(lines, text):
    assert cer(lines, text) == 0


@pytest.mark.parametrize(
    ("lines", "text", "rate"),
    [
        (["restitucion ya"], "Restitución ya", 1 / 14),  # one letter of fourteen
        (["7 de diciembre"], "8 de diciembre", 1 / 14),
        (["presidentelegitimo"], "presidente legitimo", 1 / 18),  # a space that OCR lost
        (["Lima", "Cusco"], "Lima", 5 / 9),  # the model left a line out
        (["Lima"], "Lima Cusco", 5 / 9),  # the model has a word more
        (["Lima"], "", 1),
        ([], "Lima", 1),
        (["perro"], "gatos azules", 1),  # less than half is found: one is missing, the other is made up
        (["Castillo golpista", "Castillo golpist"], "Castillo golpista", 1 / 33),  # a slip on a later frame
        (["el"], "pastel", 1),  # a word is a word, not a part of another
    ],
)
def test_what_only_one_of_them_has_is_counted_in_characters(lines, text, rate):
    assert cer(lines, text) == pytest.approx(rate, abs=5e-5)


@given(LINES)
def test_identical_lines_agree_wherever_they_are(lines):
    assert cer(lines, "\n".join(lines)) == 0
    assert cer(lines, "\n".join(reversed(lines))) == 0
    assert cer(lines * 2, "\n".join(lines)) == 0
    assert cer(lines, "\n".join(lines * 2)) == 0


@given(LINES, LINES)
def test_the_order_of_the_lines_changes_nothing(lines, others):
    text = "\n".join(others)
    assert cer(lines, text) == cer(sorted(lines), text) == cer(lines[::-1], text)


@given(st.lists(ANYTHING, max_size=5), ANYTHING)
def test_the_rate_is_between_0_and_1_in_both_directions(lines, text):
    assert 0 <= cer(lines, text) <= 1
    assert 0 <= cer([text], "\n".join(lines)) <= 1


@given(LINES)
def test_nothing_in_common_is_1_from_either_side(lines):
    strange = "xxxxxxxxxxxxxxxxxxxx yyyyyyyyyyyyyyyyyyyy"
    assert cer([strange], "\n".join(lines)) == 1
    assert cer(lines, strange) == 1


@given(LINES, WORDS)
def test_a_line_that_the_model_left_out_is_seen(lines, word):
    missing = f"zzzzzzzz{word}"
    assert cer([*lines, missing], "\n".join(lines)) > 0
    assert cer(lines, "\n".join([*lines, missing])) > 0


def plain_cer(lines, text):
    """The rate, by trying every run of words."""
    words = normalise(text)
    runs = [range(first, last + 1) for first in range(len(words)) for last in range(first, len(words))]
    unmatched, errors, characters = set(range(len(words))), 0, 0
    for line in filter(None, (" ".join(normalise(line)) for line in distinct(lines))):
        by_run = {run: distance(line, " ".join(words[place] for place in run)) for run in runs}
        smallest = min(by_run.values(), default=len(line))
        is_found = smallest <= len(line) // 2
        for run, errors_there in by_run.items():
            if is_found and errors_there == smallest:
                unmatched -= {*run}
        errors += smallest if is_found else len(line)
        characters += len(line)
    extra = len(" ".join(words[place] for place in sorted(unmatched)))
    return round((errors + extra) / (characters + extra), 4) if characters + extra else 0.0


FEW_WORDS = st.lists(st.sampled_from(["a", "no", "al", "el", "pueblo", "puebla", "elpueblo"]), max_size=9)


@given(st.lists(FEW_WORDS.map(" ".join), max_size=4), FEW_WORDS.map(" ".join))
def test_the_best_match_is_the_best_of_all_runs_of_words(lines, text):
    assert cer(lines, text) == plain_cer(lines, text)


@given(LINES, LINES)
def test_the_best_match_of_any_words_is_the_best_of_all_runs(lines, others):
    text = "\n".join([*others, *lines[1:]])
    assert cer(lines, text) == plain_cer(lines, text)


def test_each_line_is_listed_once_as_it_first_appeared():
    assert distinct(["Hola", "Lima", "¡HOLA!", "■", "■", "Lima 2"]) == ["Hola", "Lima", "■", "Lima 2"]
