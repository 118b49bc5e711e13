import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.speech.quality_flags import (
    QUALITY_FLAGS,
    TranscriptQuality,
    compression_ratio,
    is_language_doubtful,
    measure,
    repeats,
)
from gettok.text.tokens import normalise

#: Common words, about as many as people mostly use.
COMMON = (
    "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre"
    " este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué sólo han"
    " yo hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora cada vida otro después te"
    " otros aunque esa eso hace otra gobierno tan durante siempre día tanto ella tres sí dijo sido gran país según"
)
TEXT = "Esta tarde los taxistas votan temprano desde Piura, dicen los vecinos."


def flags(text=TEXT, speech_s=5.0, language="es", **numbers):
    return measure([text], language, speech_s, **numbers).flags


def spoken_at_random(words, segments=1):
    """So many common words, the same number of them in each segment."""
    dice = random.Random(7)
    each = words // segments
    return [" ".join(dice.choices(COMMON.split(), k=each)) for _ in range(segments)]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("", 0),
        ("… ¡! 👍", 0),
        ("hola", 1),
        ("uno dos tres cuatro", 1),
        ("uno dos uno tres uno", 1),
        ("Castillo, Castillo, ¡CASTILLO!", 3),
        ("no no no no no no", 6),
        ("dijo que no, no, no y se fue", 3),
        ("el pueblo unido el pueblo unido el pueblo", 2),
        ("sí claro, sí claro; sí claro. Sí claro", 4),
        ("a b c d e f g h " * 5, 5),
        ("a b c d e f g h i " * 5, 1),
        ("a a b b b a a", 3),
    ],
)
def test_repeats_are_counted_by_their_longest_row(text, times):
    assert repeats(text) == times


def slowly(words):
    """The same count by comparing every run with the next one."""
    best = min(len(words), 1)
    for length in range(1, 9):
        for start in range(len(words)):
            times = 1
            while (
                words[start : start + length] == words[start + times * length : start + (times + 1) * length]
            ):
                times += 1
            best = max(best, times if start + length <= len(words) else 0)
    return best


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_repeats_are_what_a_plain_search_finds(words):
    assert repeats(" ".join(words)) == slowly(words)


@given(st.text(max_size=80))
def test_any_text_has_repeats_flags_and_a_compression(text):
    assert (repeats(text) == 0) == (not normalise(text))
    assert set(flags(text)) <= set(QUALITY_FLAGS)
    assert compression_ratio(text) >= 0


def test_twenty_thousand_words_take_a_moment_whatever_they_are():
    assert repeats("no " * 20_000) == 20_000
    assert repeats(" ".join(map(str, range(20_000)))) == 1
    assert repeats("no no " + " ".join(f"w{n} si si" for n in range(7_000))) == 2


def test_compression_is_of_bytes_to_two_places():
    assert compression_ratio("") == 0
    text = "¡Fuera, fuera! " * 9
    assert compression_ratio(text) == round(len(text.encode()) / len(zlib.compress(text.encode())), 2)


def test_plain_speech_has_no_flags():
    assert flags(avg_logprob=-0.3, doubtful_language_share=0.0, no_speech_prob=0.02) == ()
    assert flags() == ()


@pytest.mark.parametrize("shout", ["¡Castillo, Castillo, Castillo! ", "no, no, no, no, no: "])
def test_a_shout_is_not_a_loop(shout):
    assert flags(shout + TEXT) == ()


def test_looping_is_six_of_one_word_or_four_of_more():
    one, two = "Piura y ", "el pueblo "
    assert flags(TEXT + " vamos" * 5, 9) == ()
    assert flags(TEXT + " vamos" * 6, 9) == ("looping",)
    assert flags(f"{TEXT} {two * 3}", 9) == ()
    assert flags(f"{TEXT} {two * 4}", 9) == ("looping",)
    assert flags(f"{TEXT} {one * 4}{two * 3}", 9) == ("looping",)


def test_compression_is_flagged_above_whispers_own_threshold():
    repeated = "los maestros de Puno marchan hoy por la plaza y no se cansan nunca. "
    assert compression_ratio(repeated * 2) < 2.4 < compression_ratio(repeated * 3)
    assert flags(repeated * 2, 20) == ()
    assert flags(repeated * 3, 20) == ("compression",)


def test_a_long_transcript_is_not_a_loop_for_its_length():
    segments = spoken_at_random(3_000, segments=40)
    assert compression_ratio(" ".join(segments)) > 2.4
    found = measure(segments, "es", 1200.0)
    assert found.compression_ratio == max(map(compression_ratio, segments)) < 2.4
    assert found.flags == ()


def test_a_loop_in_one_segment_of_many_is_seen():
    stuck = "a las dos en la plaza los maestros de Puno marchan " * 3
    first, *others = spoken_at_random(150, segments=10)
    segments = [first, stuck, *others]
    assert compression_ratio(" ".join(segments)) < 2.4 < compression_ratio(stuck)
    assert measure(segments, "es", 80.0).flags == ("compression",)


def test_pace_is_flagged_where_no_one_could_speak_so_fast_or_would_so_slowly():
    assert flags("¡Fuerza, presidente Castillo!!", 1.0) == ()  # 30 characters
    assert flags("¡Fuerza, presidente Castillo!!!", 1.0) == ("pace",)
    assert flags("hola", 10.0) == ()
    assert flags("hola", 10.1) == ("pace",)
    assert flags("hola amigos", 10.1) == ()


def test_text_without_speech_is_too_fast_and_no_text_is_not():
    assert flags("hola", 0.0) == ("pace",)
    assert measure([], "es", 0.0).chars_per_s == 0
    assert flags("", 0.0) == ()
    assert flags("", 11.0) == ("pace",)


def test_the_models_own_doubts_are_flagged():
    assert flags(avg_logprob=-1.0) == ()
    assert flags(avg_logprob=-1.01) == ("improbable",)
    assert flags(doubtful_language_share=0.2) == ()
    assert flags(doubtful_language_share=0.21) == ("language",)


def test_a_language_is_in_doubt_if_it_is_unlikely_or_another_is_nearly_as_likely():
    assert not is_language_doubtful(0.5, 0.2)
    assert is_language_doubtful(0.49, 0.0)
    assert is_language_doubtful(0.6, 0.31)
    assert not is_language_doubtful(0.6, 0.3)


def test_a_hallucination_is_flagged_once_the_model_is_in_doubt():
    assert flags("¡Gracias por ver el video!") == ()
    assert flags("¡Gracias por ver el video!", no_speech_prob=0.7) == ("hallucination",)
    assert flags("Subtítulos realizados por la comunidad de Amara.org") == ("hallucination",)


def test_credits_beside_real_words_are_flagged():
    credit = "Subtítulos realizados por la comunidad de Amara.org"
    assert flags(f"{TEXT} {credit}", 9) == ("hallucination",)
    assert measure([TEXT, credit, TEXT], "es", 13.0).flags == ("hallucination",)
    assert flags(f"{TEXT} Gracias.", 9, no_speech_prob=0.7) == ()


def test_flags_are_in_one_order():
    found = flags(
        "Thank you. " * 40, 1.0, "en", avg_logprob=-2.0, doubtful_language_share=1.0, is_demo_model=True
    )
    assert (
        found
        == QUALITY_FLAGS
        == ("looping", "compression", "pace", "improbable", "language", "hallucination", "demo_model")
    )


PLAIN = {
    "compression_ratio": 1.5,
    "word_repeats": 1,
    "phrase_repeats": 1,
    "chars": 100,
    "speech_s": 20.0,
    "avg_logprob": -0.3,
    "doubtful_language_share": 0.0,
    "is_hallucination": False,
}


@pytest.mark.parametrize(
    ("sound", "flagged", "flag"),
    [
        ({"word_repeats": 5}, {"word_repeats": 6}, "looping"),
        ({"phrase_repeats": 3}, {"phrase_repeats": 4}, "looping"),
        ({"compression_ratio": 2.4}, {"compression_ratio": 2.41}, "compression"),
        ({"chars": 20}, {"chars": 19}, "pace"),
        ({"chars": 600}, {"chars": 601}, "pace"),
        ({"chars": 1, "speech_s": 10.0}, {"chars": 1, "speech_s": 10.1}, "pace"),
        ({"avg_logprob": -1.0}, {"avg_logprob": -1.01}, "improbable"),
        ({"avg_logprob": None}, {"avg_logprob": -9.0}, "improbable"),
        ({"doubtful_language_share": 0.2}, {"doubtful_language_share": 0.21}, "language"),
        ({}, {"is_hallucination": True}, "hallucination"),
        ({}, {"is_demo_model": True}, "demo_model"),
    ],
)
def test_each_number_alone_is_flagged_just_beyond_its_limit(sound, flagged, flag):
    assert TranscriptQuality(**PLAIN | sound).flags == ()
    assert TranscriptQuality(**PLAIN | flagged).flags == (flag,)


def test_two_languages_are_compared_to_two_places():
    assert not is_language_doubtful(0.6, 0.304)
    assert is_language_doubtful(0.6, 0.306)
