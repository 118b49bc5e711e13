"""What OCR cannot read is no fault of the model: which letters a recogniser knows, and what follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.ocr.alphabet import OcrAlphabet
from gettok.ocr.backends import rapidocr
from gettok.ocr.comparison import ocr_columns

RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
LATIN = "abcdefghijklmnopqrstuvwxyz"
SPANISH = OcrAlphabet(frozenset(LATIN + "áéíóúüñ¿?0123456789"))


@pytest.fixture(scope="module")
def installed() -> OcrAlphabet:
    return rapidocr.alphabet()


def test_the_wheel_s_recogniser_reads_latin_chinese_and_japanese(installed):
    """If this fails, the docs and the comment in conf/ocr/rapidocr.yaml are out of date."""
    assert list(installed.letters_by_script) == ["Han", "Latin", "Katakana", "Hiragana"]
    assert installed.letters_by_script["Latin"] > 300


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("¡Fuera Castillo! ¿Qué pasó? 2022 🇵🇪", []),
        ("Ñuqanchik, Perú llaqta ñawpaqman", []),
        ("Wybory, łódź, İstanbul, țară, Þetta", []),
        ("中文 日本語 カタカナ", []),
        ("ＬＩＭＡ 𝓛𝓲𝓶𝓪 ½ № ℓ ª º", []),
        ("", []),
        ("Мы требуем новых выборов", ["Cyrillic"]),
        ("الشعب يريد", ["Arabic"]),
        ("Θέλουμε εκλογές τώρα", ["Greek"]),
        ("ΕΚΛΟΓΕΣ ΤΩΡΑ", ["Greek"]),
        ("한국어", ["Hangul"]),
        ("हिन्दी", ["Devanagari"]),
        ("ქართული, שלום, ภาษาไทย", ["Georgian", "Hebrew", "Thai"]),
        ("Tôi muốn bầu cử mới", ["Latin"]),
        ("Ñande ñe'ẽ", ["Latin"]),
        ("LIMA Москва", ["Cyrillic"]),
        ("١٢٣ ४५६ ২০২২", ["Arabic", "Bengali", "Devanagari"]),
        ("LIMA 2022 1\ufe0f\u20e3 ❤\ufe0f", []),
    ],
)
def test_the_wheel_s_recogniser_says_which_scripts_it_cannot_read(installed, text, scripts):
    assert installed.unread_scripts(text) == scripts


def test_letters_beside_chinese_ones_are_symbols_and_letters_alone_are_an_alphabet():
    assert dict(OcrAlphabet(frozenset(RUSSIAN)).letters_by_script) == {"Cyrillic": 33}
    assert dict(OcrAlphabet(frozenset(GREEK)).letters_by_script) == {"Greek": 24}
    han = {chr(0x4E00 + place) for place in range(3000)}
    assert list(OcrAlphabet(frozenset(han | set(RUSSIAN + GREEK + LATIN))).letters_by_script) == [
        "Han",
        "Latin",
    ]
    assert list(OcrAlphabet(frozenset(LATIN + "αβγπΩ")).letters_by_script) == ["Latin"]
    assert not OcrAlphabet(frozenset("№㎏㏄ⅠⅡⅤⅩⅬⅭⅮⅯ㏑㎜℡")).letters_by_script


def test_case_and_form_of_a_letter_do_not_matter():
    capitals = OcrAlphabet(frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZÑ"))
    assert capitals.unread_scripts("mañana ｍａｎ̃ａｎａ") == []
    assert capitals.unread_scripts("qué") == ["Latin"]


ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى"
DEVANAGARI = "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहअआइईउऊएऐओऔ"


@pytest.mark.parametrize(
    ("characters", "text", "scripts"),
    [
        (ARABIC + "0123456789", "صفحة ٣", ["Arabic"]),
        (ARABIC + "٠١٢٣٤٥٦٧٨٩", "صفحة ٣", []),
        (ARABIC, "كَتَبَ", ["Arabic"]),
        (ARABIC + "\u064e", "كَتَبَ", []),
        (DEVANAGARI, "कमल", []),
        (DEVANAGARI, "काम", ["Devanagari"]),
        (DEVANAGARI + "ािीुूेैोौं्", "हिन्दी", []),
        (DEVANAGARI + "\u093c", "ज़", []),
        (LATIN, "g\u0303", ["Latin"]),
        (LATIN + "\u0303", "g\u0303 ñ", []),
        (LATIN + "\u0303", "é", ["Latin"]),
        (LATIN, "१", ["Devanagari"]),
    ],
)
def test_digits_and_marks_count_as_letters_do(characters, text, scripts):
    assert OcrAlphabet(frozenset(characters)).unread_scripts(text) == scripts


def test_digits_and_marks_are_no_letters_of_a_script():
    marked = OcrAlphabet(frozenset(LATIN + "٠١٢٣٤٥٦٧٨٩" + "ािीुूेैोौंः्"))
    assert dict(marked.letters_by_script) == {"Latin": 26}


@pytest.mark.parametrize(
    ("text", "lines", "alphabet", "columns"),
    [
        ("LIMA", ["Lima", "LIMA"], SPANISH, {"ocr_text": "Lima", "ocr_cer": 0.0}),
        ("LIMA", ["CUSCO"], SPANISH, {"ocr_text": "CUSCO", "ocr_cer": 1.0}),
        ("", [], SPANISH, {"ocr_text": "", "ocr_cer": 0.0}),
        (
            "LIMA Москва Αθήνα",
            ["LIMA", "Mockba"],
            SPANISH,
            {
                "ocr_text": "LIMA\nMockba",
                "ocr_cer_reason": "unknown_letters",
                "ocr_unread_scripts": ["Cyrillic", "Greek"],
            },
        ),
        ("LIMA", None, SPANISH, {"ocr_cer_reason": "unread"}),
        ("LIMA", None, None, {"ocr_cer_reason": "off"}),
        (None, ["LIMA"], SPANISH, {"ocr_text": "LIMA"}),
        (None, None, None, {}),
    ],
)
def test_a_description_has_a_rate_or_the_reason_why_it_has_none(text, lines, alphabet, columns):
    assert ocr_columns(text, lines, alphabet) == columns


@given(st.lists(st.text("añ²1. \u0301\u0303\u0345\u064bабخΑʼー日한ẽ", max_size=6), max_size=8))
def test_what_a_text_has_unread_does_not_depend_on_the_texts_before(texts):
    asked_before = OcrAlphabet(SPANISH.characters)
    together = [asked_before.unread_scripts(text) for text in texts]
    assert together == [OcrAlphabet(SPANISH.characters).unread_scripts(text) for text in texts]
    assert together == [asked_before.unread_scripts(f"{text} \u0301") for text in texts], (
        "a mark is looked at"
    )
