import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.speech.hallucinations import _CREDITS, _GOODBYES, holds_credits, is_hallucination
from gettok.text.tokens import normalise


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Subtítulos realizados por la comunidad de Amara.org", "es"),
        ("Subtítulos por la comunidad de Amara.org.", "es"),
        ("Sous-titrage Société Radio-Canada", "fr"),
        ("Untertitel der Amara.org-Community", "de"),
        ("Legendas pela comunidade Amara.org", "pt"),
        ("Sottotitoli creati dalla comunità Amara.org", "it"),
        ("Субтитры сделал DimaTorzok", "ru"),
        ("字幕由Amara.org社区提供", "zh"),
        ("한글자막 by 한효정", "ko"),
        ("Altyazı M.K.", "tr"),
        ("ترجمة نانسي قنقر", "ar"),
    ],
)
def test_credits_are_hallucinations_however_sure_the_model_is(text, language):
    assert is_hallucination(text, language)
    assert is_hallucination(text.lower() + " !!!", language, no_speech_prob=0.0, avg_logprob=-0.01)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¡Gracias por ver el video!", "es"),
        ("Gracias.", "es"),
        ("like y suscríbete", "es"),
        ("Thanks for watching!", "en"),
        ("Thank you.", "en"),
        ("ご視聴ありがとうございました。", "ja"),
        ("시청해 주셔서 감사합니다", "ko"),
        ("Obrigada por assistir!", "pt"),
        ("Продолжение следует...", "ru"),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "zh"),
    ],
)
def test_what_people_do_say_is_a_hallucination_only_where_the_model_is_in_doubt(text, language):
    assert not is_hallucination(text, language)
    assert not is_hallucination(text, language, no_speech_prob=0.3, avg_logprob=-1.0)
    assert is_hallucination(text, language, no_speech_prob=0.31, avg_logprob=-0.1)
    assert is_hallucination(text, language, no_speech_prob=0.0, avg_logprob=-1.01)
    assert is_hallucination(text, language, avg_logprob=-1.01)


@pytest.mark.parametrize(
    "text",
    [
        "Gracias, presidente.",
        "Castillo dice gracias por ver el video de la marcha",
        "Los subtítulos realizados por la comunidad de Amara.org son malos",
        "youth",
        "Amara.org",
        "",
        "...",
        "2017",
        "👏👏",
    ],
)
def test_a_phrase_among_other_words_is_kept_and_so_is_an_empty_text(text):
    assert not is_hallucination(text, "es", no_speech_prob=0.99, avg_logprob=-9.0)


@pytest.mark.parametrize("times", [2, 3, 50])
@pytest.mark.parametrize(
    ("phrase", "language"),
    [
        ("Untertitel der Amara.org-Community ", "de"),
        ("ご視聴ありがとうございました", "ja"),
        ("Thank you. ", "es"),
    ],
)
def test_several_in_a_row_are_as_good_as_one(phrase, language, times):
    assert is_hallucination(phrase * times, language, no_speech_prob=0.9)


@pytest.mark.parametrize(
    "text",
    [
        "Marchan esta tarde. Subtítulos realizados por la comunidad de Amara.org",
        "Untertitel im Auftrag des ZDF, 2020 und dann",
        "Merci. Sous-titrage FR?",
        "大家好字幕由Amara.org社区提供谢谢",
        "안녕하세요. 한글자막 by 한효정",
    ],
)
def test_credits_are_found_among_other_words(text):
    assert holds_credits(text)
    assert not is_hallucination(text, "es")


@pytest.mark.parametrize(
    "text", ["", "2017", "Le sous-titrage français", "Gracias por ver el video", "Amara.org", "la comunidad"]
)
def test_other_words_and_parts_of_words_are_not_credits(text):
    assert not holds_credits(text)


def test_two_different_phrases_are_not_one_of_them():
    assert not is_hallucination("Gracias. ¡Suscríbete!", "es", no_speech_prob=0.9)


def test_years_in_credits_do_not_count_and_numbers_elsewhere_do():
    for year in ("2017", "2020", "2031", ""):
        assert is_hallucination(f"Untertitel im Auftrag des ZDF, {year}", "de")
    assert not is_hallucination("Gracias 20", "es", no_speech_prob=0.9)


def test_credits_count_in_any_language_and_goodbyes_in_that_of_the_sound_or_english():
    assert is_hallucination("Sous-titrage Société Radio-Canada", "es")
    assert is_hallucination("Thanks for watching!", "es", no_speech_prob=0.9)
    assert is_hallucination("Thanks for watching!", "qu", no_speech_prob=0.9)
    assert not is_hallucination("Merci.", "es", no_speech_prob=0.9)


def test_each_phrase_that_is_listed_is_found():
    for group in _CREDITS.values():
        assert all(is_hallucination(credit, "es") and holds_credits(credit) for credit in group)
    for language, phrases in _GOODBYES.items():
        assert all(is_hallucination(phrase, language, no_speech_prob=0.9) for phrase in phrases)
        assert not any(is_hallucination(phrase, language) for phrase in phrases)


def test_no_phrase_is_lost_from_the_lists():
    assert sum(map(len, _CREDITS.values())) == 40
    assert " ".join(f"{language} {len(phrases)}" for language, phrases in _GOODBYES.items()) == (
        "ar 4 de 6 el 1 en 19 es 15 fr 10 id 2 it 4 ja 8 ko 5 nl 2 pl 2 pt 7 ru 5 sv 3 tr 5 vi 1 zh 8"
    )


def test_no_phrase_is_listed_twice():
    listed = [credit for group in _CREDITS.values() for credit in group]
    listed += [phrase for phrases in _GOODBYES.values() for phrase in phrases]
    keys = [tuple(normalise(phrase)) for phrase in listed]
    assert len(keys) == len(set(keys))


@given(st.text(max_size=40), st.sampled_from(["es", "en", "xx"]))
def test_an_unlisted_word_saves_any_text(text, language):
    assert not is_hallucination(text + " Huancayo", language, no_speech_prob=1.0, avg_logprob=-9.0)
