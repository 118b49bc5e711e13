"""Each way to write a value is read by a stated rule, or is malformed; none is guessed."""

import math

import pytest
from codebook_steps import variable
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.annotate.values import as_text, plain, read_value
from gettok.errors import Unusable

MALFORMED = "malformed"


def read(of, written):
    """The value, or the reason why there is none."""
    try:
        return read_value(of, written)
    except Unusable as problem:
        return problem.reason


NUMBER = variable("number")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (3, 3), (3.5, 3.5), (-2, -2), (-0.0, 0), ("3", 3), (" 3 ", 3), ("-3", -3), ("+3", 3), ("−3", -3), ("0012", 12),
        ("2.5", 2.5), ("2,5", 2.5), ("0.125", 0.125), ("0,125", 0.125), ("1234.567", 1234.567), ("2.5000", 2.5),
        ("1.234.567", 1234567), ("1,234,567", 1234567), ("1,234.5", 1234.5), ("1.234,5", 1234.5),
        ("1 234", 1234), ("1\u202f234,5", 1234.5), ("1'234.5", 1234.5), ("12 345 678", 12345678),
        ("three", 3), ("Twenty-one", 21), ("tres", 3), ("vingt et un", 21), ("elf", 11), ("dos mil", 2000),
        (2**53, 2.0**53), (10**22, 1e22), ("1,23", 1.23),
    ],
)  # fmt: skip
def test_a_number_that_can_be_read_in_one_way_only_is_that_number(written, number):
    value = read(NUMBER, written)
    assert value == number
    assert isinstance(value, float)
    assert math.copysign(1, value) == (1 if number >= 0 else -1)


@pytest.mark.parametrize(
    "written",
    [
        "1.234", "1,234", "-1.234", "999,999",  # thousands, or decimals
        "1-3", "2 to 3", "two or three", "~5", "about 5", "5+", "> 5", "5 %", "5 people", "3.", ".5", "1e5", "1/2",
        "second", "quart", "half", "a dozen", "tens", "1.23.456", "12,34,567",
        True, False, None, "", " ", "none", "unknown", [], [3], {}, "²", "٣",
        float("nan"), float("inf"), 10**400, "9" * 400, 2**53 + 1, str(2**53 + 1), "9007199254740993.5",
    ],
)  # fmt: skip
def test_a_number_that_could_be_another_is_malformed(written):
    assert read(NUMBER, written) == MALFORMED


PARTY = variable(
    labels=["PT", {"label": "Nao sei", "synonyms": ["I don't know", "none"]}, "C", "C++", "-1", "1"]
)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("PT", "PT"), ("pt", "PT"), (" Pt. ", "PT"), ("**PT**", "PT"), ("NÃO SEI", "Nao sei"), ("nao_sei", "Nao sei"),
        ("i don’t know", "Nao sei"), ("None", "Nao sei"), ("C", "C"), ("c", "C"), ("c++", "C++"), ("C++", "C++"),
        ("-1", "-1"), ("−1", "-1"), (-1, "-1"), (1, "1"), ("1", "1"), ("1.", "1"),
        ("P", MALFORMED), ("PT or C", MALFORMED), ("", MALFORMED), (".", MALFORMED), ("unknown", MALFORMED),
        (None, MALFORMED), (["PT"], MALFORMED), (1.0, MALFORMED), (True, MALFORMED), ("\ud800", MALFORMED),
    ],
)  # fmt: skip
def test_a_label_is_known_by_its_words_and_its_synonyms(written, label):
    assert read(PARTY, written) == label


@pytest.mark.parametrize(
    ("labels", "written", "label"),
    [
        (["мой", "мои"], "МОЙ", "мой"),  # a letter of its own, not и with an accent
        (["мои", "его"], "мой", MALFORMED),
        (["支持", "反对"], "支持。", "支持"),
        (["はい", "ばい"], "はい", "はい"),
        (["كتب", "كُتُب"], "كُتُب", "كُتُب"),
        (["हाँ", "हा"], "हा", "हा"),
        (["Θετικό", "Αρνητικό"], "ΘΕΤΙΚΟ", "Θετικό"),
        (["año", "mes"], "ano", "año"),
        (["naïve", "clever"], "nai\u0308ve", "naïve"),
        (["Straße", "Weg"], "STRASSE", "Straße"),
        (["👍", "👎"], "👍", "👍"),
        (["👍", "👎"], "👍🏽", MALFORMED),
        (["<18", "18 or more"], ">18", MALFORMED),
        (["5 €", "5 $"], "5$", MALFORMED),
        (["a.b", "a b"], "A B", MALFORMED),  # either
        (["a.b", "a b"], "a b", "a b"),
        (["true", "false", "unknown"], True, "true"),
        (["true", "false", "unknown"], "Unknown", "unknown"),
        (["true", "false", "unknown"], None, MALFORMED),
    ],
)
def test_labels_of_any_script_are_read_and_what_fits_two_is_malformed(labels, written, label):
    assert read(variable(labels=labels), written) == label


@pytest.mark.parametrize(
    ("written", "label"),
    [
        (True, "yes"), (False, "no"), ("true", "yes"), ("FALSE", "no"), ("Sí", "yes"), ("sim", "yes"), ("oui", "yes"),
        ("Ja!", "yes"), ("não", "no"), ("Nein", "no"), ("nee", "no"), ("non", "no"), ("No.", "no"), ("yes", "yes"),
        ("y", MALFORMED), (1, MALFORMED), (0, MALFORMED), ("yes and no", MALFORMED), ("maybe", MALFORMED),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_in_six_languages_and_as_json_writes_them(written, label):
    assert read(variable("yes_no"), written) == label


TOPICS = variable("any_of", labels=["protest", "congress", "justice"])


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (["justice", "protest"], ("protest", "justice")), (["Protest", "protest"], ("protest",)),
        ("protest", ("protest",)),
        ([], ()), (["none"], ()), ("None", ()), ("", ()), ([""], ()),
        (["none", "protest"], MALFORMED), (["protest", ""], MALFORMED), (["protest", "war"], MALFORMED),
        ("protest, justice", MALFORMED), ([["protest"]], MALFORMED), (None, MALFORMED), (["unknown"], MALFORMED),
        ({"protest": True}, MALFORMED), (False, MALFORMED),
    ],
)  # fmt: skip
def test_several_labels_are_in_the_codebook_s_order_and_none_is_an_empty_list(written, labels):
    assert read(TOPICS, written) == labels


@pytest.mark.parametrize("label", ["None", {"label": "other", "synonyms": ["none"]}])
def test_none_is_a_label_where_the_codebook_has_one(label):
    topics = variable("any_of", labels=["protest", label])
    name = topics.label_names[1]
    assert [read(topics, written) for written in ("none", ["NONE"], ["none", "protest"])] == [
        (name,), (name,), ("protest", name),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["one_of", "ordinal", "yes_no", "any_of", "number", "text"])
def test_only_where_it_may_a_model_says_that_it_cannot_tell(kind):
    for written in (None, "null", "Unknown.", "cannot tell", "unclear"):
        assert read(variable(kind), written) == MALFORMED
        assert read(variable(kind, abstain=True), written) is None
    # may mean that nothing holds, or that the question does not apply
    for written in ("none", "n/a", "not applicable", ""):
        assert read(variable(kind, abstain=True), written) is not None


def test_texts_and_quotations_are_as_they_were_written():
    assert read(variable("text"), " No al golpe \n") == "No al golpe"
    assert read(variable("text"), "none") == "none"
    assert read(variable("text"), "\ud800x") == "\ufffdx"
    assert [read(variable("text"), written) for written in (3, "", " ", ["a"], None)] == [MALFORMED] * 5
    span = variable("span")
    assert read(span, ["Lima", "Cusco", "Lima"]) == ("Lima", "Cusco")
    assert [read(span, written) for written in ("Lima", [], "", "none", ["none"])] == [
        ("Lima",),
        (),
        (),
        (),
        (),
    ]
    assert [read(span, written) for written in (["Lima", ""], [3], None, {})] == [MALFORMED] * 4
    assert read(variable("span", abstain=True), None) is None


def test_values_as_text_are_short_and_whole():
    assert [as_text(value) for value in (3.0, 0.1, 2.0**53, "a", ("a", "ñ"))] == [
        "3", "0.1", "9007199254740992", "a", '["a", "ñ"]',
    ]  # fmt: skip


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["PT", "c", "none"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
_OF_EACH_KIND = [
    variable(kind, abstain=abstain)
    for kind in ("one_of", "ordinal", "yes_no", "any_of", "number", "text", "span")
    for abstain in (True, False)
]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(_JSON, st.sampled_from(_OF_EACH_KIND))
def test_whatever_is_written_is_a_value_of_its_kind_or_malformed(written, of):
    value = read(of, written)
    if value in (None, MALFORMED):
        assert value == MALFORMED or of.abstain
    elif of.kind == "number":
        assert math.isfinite(value)
    elif of.kind == "text":
        assert value.strip() == value
        assert value.encode()
    else:
        given_labels = value if isinstance(value, tuple) else (value,)
        assert of.kind == "span" or set(given_labels) <= set(of.label_names)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.text(max_size=20))
def test_the_plain_form_of_a_text_is_its_own_plain_form(text):
    assert plain(plain(text)) == plain(text)
