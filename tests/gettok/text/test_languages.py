"""One language has one code, whoever names it, and never that of another language."""

import pytest
from whisperx.utils import LANGUAGES

from gettok.text.languages import language_code


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spa-ES", "es"),
        ("eng-US", "en"),
        ("por_BR", "pt"),
        ("es", "es"),
        ("ES", "es"),
        ("es-419", "es"),
        (" es ", "es"),
        ("es_ES.UTF-8", "es"),
        ("spa-ES-auto", "es"),
        ("uz-Cyrl-UZ", "uz"),
    ],
)
def test_regions_scripts_and_spellings_do_not_matter(name, expected):
    assert language_code(name) == expected


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_whisper_s_own_codes_stay(code):
    assert language_code(code) == code


@pytest.mark.parametrize(
    ("name", "expected"),
    [("iw", "he"), ("in", "id"), ("ji", "yi"), ("mo", "ro"), ("jw", "jw"), ("scc", "sr")],
)
def test_a_withdrawn_code_is_today_s(name, expected):
    assert language_code(name) == expected


def test_the_twenty_bibliographic_codes_are_those_of_their_languages():
    bibliographic = "alb arm baq bur chi cze dut fre geo ger gre ice mac mao may per rum slo tib wel"
    ours = " ".join(filter(None, map(language_code, bibliographic.split())))
    assert ours == "sq hy eu my zh cs nl fr ka de el is mk mi ms fa ro sk bo cy"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("nob-NO", "no"),
        ("nb", "no"),
        ("no-bok", "no"),
        ("nno", "nn"),  # Whisper has both
        ("zsm-MY", "ms"),
        ("ind-ID", "id"),  # of the macrolanguage ms, with a code of its own
        ("pes-IR", "fa"),
        ("prs-AF", "fa"),
        ("swh-KE", "sw"),
        ("arb", "ar"),
        ("arz-EG", "ar"),
        ("ary-MA", "ar"),
        ("cmn-Hans-CN", "zh"),
        ("zh-Hant", "zh"),
        ("zh-TW", "zh"),
        ("zh-HK", "zh"),
        ("wuu", "zh"),
        ("zh-min-nan", "zh"),
        ("yue-Hant-HK", "yue"),
        ("zh-yue", "yue"),
        ("lvs", "lv"),
        ("ekk", "et"),
        ("khk", "mn"),
        ("npi", "ne"),
        ("azb", "az"),
        ("hrv", "hr"),  # of the macrolanguage sh, with codes of their own
        ("bos", "bs"),
    ],
)
def test_members_of_macrolanguages_have_the_code_of_whisper(member, expected):
    assert language_code(member) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("fil-PH", "tl"), ("tgl", "tl"), ("jav-ID", "jw"), ("jv", "jw")]
)
def test_whisper_s_oddities_are_kept(name, expected):
    assert language_code(name) == expected


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("ay", "aym", "ayr-BO"), "ay"),
        (("qu", "que-PE", "quz-PE"), "qu"),
        (("quy", "quy-PE"), "quy"),
        (("gn", "grn-PY", "gug-PY"), "gn"),
        (("ku", "kmr-TR"), "ku"),
        (("ckb-IQ",), "ckb"),
        (("ga", "gle-IE"), "ga"),
        (("tw", "twi"), "tw"),
        (("ceb-PH", "ceb"), "ceb"),
        (("gsw-CH", "gsw"), "gsw"),
        (("nah", "nah-MX"), "nah"),
        (("pnb-PK",), "pnb"),
        (("sgn-US",), "ase"),
    ],
)
def test_a_language_that_whisper_lacks_keeps_its_own_code_and_never_has_a_neighbour_s(names, code):
    assert {language_code(name) for name in names} == {code}
    assert code not in LANGUAGES


@pytest.mark.parametrize("name", [None, "", " ", "und", "UND", "und-Latn", "mis", "mul", "zxx"])
def test_an_unknown_language_has_no_code(name):
    assert language_code(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Spanish", "spanish"),
        ("Español de Perú", "español de perú"),
        ("x-own", "x-own"),
        ("-", "-"),
    ],
)
def test_what_is_no_code_stays(name, expected):
    assert language_code(name) == expected


def test_a_code_stays_the_same_when_it_is_read_again():
    letters = "abcdefghijklmnopqrstuvwxyz"
    for name in [
        first + second + third for first in letters for second in letters for third in ("", *letters)
    ]:
        code = language_code(name)
        assert code is None or language_code(code) == code, name
