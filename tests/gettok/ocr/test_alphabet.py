"""What OCR cannot read is no fault of the model: which letters a recogniser knows, and what follows from it."""

import pytest

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
