"""A recording in two languages is heard in both, and a stretch that sounds like a third changes nothing."""

import numpy as np
import pytest

from gettok.media.recording import RATE_HZ, Recording
from gettok.speech.language_changes import likeliest_path, may_change, narrowed, parts_by_language
from gettok.speech.recognizer import Result, likeliest
from gettok.speech.transcriber import Transcriber
from gettok.speech.vad import Chunk, SpeechSegment


def odds(**likely):
    """These, and little for the others of five languages."""
    return {code: likely.get(code, 0.004) for code in ("en", "es", "fr", "it", "qu")}


ENGLISH, SPANISH = odds(en=0.95), odds(es=0.8, it=0.1)


@pytest.mark.parametrize(
    ("stretches", "path"),
    [
        ([ENGLISH, ENGLISH, SPANISH, SPANISH], "en en es es"),
        ([SPANISH, ENGLISH, SPANISH], "es en es"),
        ([SPANISH, odds(it=0.66, es=0.18), SPANISH], "es es es"),
        ([odds(it=0.31, es=0.2), SPANISH, SPANISH], "es es es"),
        ([ENGLISH], "en"),
    ],
)
def test_a_language_changes_where_the_detector_says_so_clearly(stretches, path):
    assert likeliest_path(stretches, [3.0] * len(stretches)) == path.split()


def test_a_short_stretch_counts_less():
    assert likeliest_path([SPANISH, ENGLISH, SPANISH], [3.0, 0.8, 3.0]) == ["es"] * 3
    assert likeliest_path([SPANISH, odds(en=0.4, es=0.1), SPANISH], [3.0, 6.0, 3.0]) == ["es"] * 3
    assert likeliest_path([SPANISH, odds(en=0.9), SPANISH], [3.0, 6.0, 3.0]) == ["es", "en", "es"]


def test_a_language_that_the_whole_chunk_lacks_is_not_in_a_stretch_of_it():
    assert narrowed(odds(fr=0.8, en=0.1), odds(es=0.6, en=0.3)) == {
        **dict.fromkeys(odds(), 0.0),
        "en": 0.1,
        "es": 0.004,
    }
    assert narrowed({"th": 0.1, "hi": 0.5}, {"th": 0.04, "hi": 0.03}) == {"th": 0.1, "hi": 0.0}


def test_a_language_with_just_enough_of_the_chunk_is_in_it():
    chunk = {"es": 0.9, "en": 0.05, "fr": 0.049}
    assert narrowed(dict.fromkeys(chunk, 0.3), chunk) == {"es": 0.3, "en": 0.3, "fr": 0.0}


def test_a_change_must_raise_the_log_probability_by_one_and_a_half_for_three_seconds():
    surely, rather, hardly = (
        odds(es=0.9),
        odds(es=0.2, en=0.2 * np.exp(1.6)),
        odds(es=0.2, en=0.2 * np.exp(1.4)),
    )
    assert likeliest_path([surely, rather], [3.0, 3.0]) == ["es", "en"]
    assert likeliest_path([surely, hardly], [3.0, 3.0]) == ["es", "es"]
    assert likeliest_path([surely, hardly], [3.0, 3.6]) == ["es", "en"]
    assert likeliest_path([surely, rather], [3.0, 2.6]) == ["es", "es"]


def test_a_path_is_followed_back_from_each_of_its_own_languages():
    stretches = [odds(en=0.5, es=0.4), odds(es=0.9), odds(fr=0.9)]
    assert likeliest_path(stretches, [3.0] * 3) == ["es", "es", "fr"]


def test_a_stretch_of_more_than_six_seconds_counts_as_one_of_six():
    surely, slightly = odds(es=0.9), odds(es=0.3, en=0.3 * np.exp(0.7))
    assert likeliest_path([surely, slightly], [3.0, 6.0]) == ["es", "es"]
    assert likeliest_path([surely, slightly], [3.0, 60.0]) == ["es", "es"]


def test_odds_of_nothing_count_as_one_in_a_thousand():
    spanish, nothing = odds(es=0.98) | {"en": 0.0}, odds(es=0.0, en=0.004)
    assert likeliest_path([spanish, nothing, spanish], [3.0] * 3) == ["es"] * 3
    assert likeliest_path([spanish, odds(es=0.0, en=0.9), spanish], [3.0] * 3) == ["es", "en", "es"]


def test_a_chunk_is_looked_into_unless_its_language_is_sure():
    assert not may_change({"en": 0.95, "es": 0.03})
    assert may_change({"en": 0.94, "es": 0.03})


def segments(*lengths_s, pause_s=0.5):
    ends = np.cumsum([length_s + pause_s for length_s in lengths_s]).tolist()
    return tuple(
        SpeechSegment(end - pause_s - length_s, end - pause_s)
        for end, length_s in zip(ends, lengths_s, strict=True)
    )


def test_a_chunk_is_divided_where_its_language_changes_and_only_there():
    chunk = Chunk(segments(2, 2, 2))
    stretches = chunk.stretches(6)
    assert parts_by_language(chunk, stretches, ["es", "es", "es"]) == [(chunk, "es")]
    first, second, third = chunk.segments
    assert parts_by_language(chunk, stretches, ["es", "en", "en"]) == [
        (Chunk((first,)), "es"),
        (Chunk((second, third)), "en"),
    ]


class TwoLanguages:
    """A recogniser of sound whose samples are 1 where English is spoken and 2 for Spanish; notes what it is asked."""

    languages = frozenset({"en", "es"})
    concurrency = 1
    workers = 1

    def __init__(self):
        self.written, self.detected = [], 0

    def detect(self, sounds):
        self.detected += len(sounds)
        return [self._odds(sound) for sound in sounds]

    def transcribe(self, batch):
        results = []
        for request in batch:
            found = self._odds(request.sound)
            language = request.language or likeliest(found)
            self.written.append((round(request.sound.size / RATE_HZ, 1), language))
            results.append(Result(f"{language} words", language, found, -0.3, 0.0))
        return results

    @staticmethod
    def _odds(sound):
        spoken = np.round(sound * 2**15)
        share = float(np.mean(spoken[spoken > 0] == 1))
        return {"en": 0.01 + 0.98 * share, "es": 0.99 - 0.98 * share}


def transcribed(*spoken, language=None):
    """The texts of chunks, each given as (seconds, 1 or 2) for each of its segments; and the recogniser."""
    samples, chunks, at_s = [], [], 0.0
    for chunk in spoken:
        made = []
        for length_s, kind in chunk:
            made.append(SpeechSegment(at_s, at_s + length_s))
            samples += [np.full(int(length_s * RATE_HZ), kind, np.int16), np.zeros(RATE_HZ, np.int16)]
            at_s += length_s + 1
        chunks.append(Chunk(tuple(made)))
    recognizer = TwoLanguages()
    transcriber = Transcriber(detector=None, recognizer=recognizer, batch_size=4)
    found = transcriber.transcribe(Recording(np.concatenate(samples)), chunks, language)
    return [(round(part.speech_s), result.text[:2]) for part, result in found], recognizer


def test_a_chunk_in_two_languages_is_written_in_both():
    found, recognizer = transcribed([(4, 1), (3, 1), (5, 2)])
    assert found == [(7, "en"), (5, "es")]
    assert recognizer.detected == 3
    assert recognizer.written[1:] == [(8.0, "en"), (5.0, "es")]


def test_chunks_in_one_language_each_are_heard_once():
    found, recognizer = transcribed([(4, 1), (3, 1)], [(5, 2)], [(2, 1)])
    assert found == [(7, "en"), (5, "es"), (2, "en")]
    assert recognizer.detected == 0
    assert len(recognizer.written) == 3


def test_only_the_mixed_chunk_is_written_again():
    found, recognizer = transcribed([(4, 1), (3, 1)], [(4, 1), (5, 2)])
    assert found == [(7, "en"), (4, "en"), (5, "es")]
    assert recognizer.detected == 2
    assert len(recognizer.written) == 4


def test_a_language_that_is_set_is_not_looked_for():
    found, recognizer = transcribed([(4, 1), (5, 2)], language="es")
    assert found == [(9, "es")]
    assert recognizer.detected == 0
