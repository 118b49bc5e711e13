"""The numbers of a transcript from segments of unequal length, and which of them count as words."""

import numpy as np
import pytest
from demo_model import DEMO
from sound_files import RATE, chords, noise

from gettok.errors import Unusable
from gettok.media.recording import Recording
from gettok.speech.music import Evidence
from gettok.speech.step import TranscribeStep, _kind
from gettok.speech.vad import Chunk, SpeechSegment
from gettok.step import Answer

STEP = TranscribeStep(DEMO)
MODEL = {"repository": "r", "revision": "v", "sha256": "d"}
LOOP = "los maestros de Puno marchan hoy por la plaza y no se cansan nunca. " * 3


def segment(text="la marcha sigue", speech_s=1.0, **changes):
    numbers = {
        "language": "es",
        "language_probability": 0.9,
        "rival_probability": 0.05,
        "avg_logprob": -0.3,
        "no_speech_prob": 0.1,
    }
    return {"start_s": 0.0, "end_s": 9.0, "speech_s": speech_s, "text": text} | numbers | changes


def row(*segments, **changes):
    body = {
        "model": MODEL,
        "compute_type": "float32",
        "sound_s": 40.0,
        "speech_s": sum(each["speech_s"] for each in segments),
        "heard": "voice",
        "language": "es",
        "segments": list(segments),
    }
    (read,) = STEP.read(Answer(body | changes))
    return read


def test_every_mean_counts_a_segment_by_how_long_there_is_speech_in_it():
    found = row(
        segment(speech_s=1.0, avg_logprob=-0.2, no_speech_prob=0.1, language_probability=0.9),
        segment(speech_s=3.0, avg_logprob=-0.6, no_speech_prob=0.3, language_probability=0.7),
    )
    assert (found["avg_logprob"], found["no_speech_prob"], found["language_probability"]) == (
        -0.5,
        0.25,
        0.75,
    )
    assert found["chars_per_s"] == round(len("la marcha sigue la marcha sigue") / 4, 2)
    assert found["speech_ratio"] == 0.1


def test_a_segment_without_length_counts_for_a_millisecond():
    found = row(segment(speech_s=0.0, avg_logprob=-0.2), segment(speech_s=0.0, avg_logprob=-0.6))
    assert found["avg_logprob"] == -0.4
    assert row(segment(speech_s=0.0, avg_logprob=-0.9), segment(speech_s=1.0))["avg_logprob"] == -0.3


@pytest.mark.parametrize(("doubtful_s", "flags"), [(2.0, []), (2.1, ["language"])])
def test_the_share_in_a_doubtful_language_is_of_the_speech_and_not_of_the_segments(doubtful_s, flags):
    doubtful = segment(speech_s=doubtful_s, language_probability=0.4, no_speech_prob=0.0)
    found = row(doubtful, segment("y no se cansan nunca", speech_s=10.0 - doubtful_s))
    assert found["quality_flags"] == flags
    assert found["speech"] == ("suspect" if flags else "speech")


@pytest.mark.parametrize(
    ("spoken", "language", "share"),
    [
        ([("es", 1.0), ("en", 3.0)], "en", 0.75),
        ([("es", 3.0), ("en", 2.0), ("es", 1.0)], "es", 0.67),
        ([("es", 2.0), ("en", 3.0), ("es", 1.5)], "es", 0.54),
        ([("qu", 2.0), ("es", 2.0)], "qu", 0.5),
        ([("qu", 2.0), ("es", 2.0004)], "qu", 0.5),
        ([("qu", 2.0), ("es", 2.001)], "es", 0.5),
    ],
)
def test_the_language_is_the_one_that_is_spoken_longest(spoken, language, share):
    found = row(*(segment(speech_s=speech_s, language=code) for code, speech_s in spoken))
    assert (found["language"], found["language_share"]) == (language, share)


SILENT = {"no_speech_prob": 0.31}


@pytest.mark.parametrize(
    ("changes", "is_spoken"),
    [
        ({"no_speech_prob": 0.3, "avg_logprob": -1.01}, True),
        (SILENT, True),
        (SILENT | {"avg_logprob": -1.0}, True),
        (SILENT | {"avg_logprob": -1.01}, False),
        (SILENT | {"text": LOOP}, False),
        ({"text": LOOP}, True),
        (SILENT | {"language_probability": 0.5, "rival_probability": 0.2}, True),
        (SILENT | {"language_probability": 0.49}, False),
        (SILENT | {"rival_probability": 0.61}, False),
        (SILENT | {"text": "Gracias."}, False),
        ({"text": "Gracias."}, True),
        ({"text": "Subtítulos por la comunidad de Amara.org"}, False),
        ({"text": " … ¡! "}, False),
    ],
)
def test_each_sign_alone_decides_whether_a_segment_is_spoken(changes, is_spoken):
    plain = segment("Huancayo despierta", speech_s=4.0)
    changed = segment(speech_s=4.0) | changes
    found = row(plain, changed)
    assert (changed["text"].strip() in found["text"]) is is_spoken
    assert changed["text"].strip() in found["raw_text"]
    assert found["no_speech_prob"] == (round((0.1 + changed["no_speech_prob"]) / 2, 2) if is_spoken else 0.1)
    assert len(found["segments"]) == 1 + is_spoken
    if not is_spoken:
        with pytest.raises(Unusable, match=r"no_speech: a voice for 4\.0 s, but no words"):
            row(changed)


def test_a_row_counts_the_known_hallucinations():
    credit = segment("Subtítulos por la comunidad de Amara.org")
    assert row(segment(), credit, segment(), credit)["hallucinations"] == 2
    assert row(segment(), segment("Gracias."))["hallucinations"] == 0


def test_words_with_times_are_those_of_the_spoken_segments_in_order():
    first, second = ({"text": text, "start_s": 0.0, "end_s": 1.0, "score": None} for text in ("la", "marcha"))
    unspoken = segment("Gracias.", words=[first], avg_logprob=-1.5)
    assert row(segment(words=[first]), unspoken, segment(words=[second]))["words"] == [first, second]
    assert row(segment(words=[first]), segment())["words"] == [first]
    assert row(segment())["words"] is None


@pytest.mark.parametrize("heard", ["silence", "noise", "music"])
def test_a_sound_without_speech_has_the_reason_of_its_kind(heard):
    with pytest.raises(Unusable) as caught:
        row(heard=heard, speech_s=4.0)
    assert caught.value.reason == ("music" if heard == "music" else "no_speech")
    assert caught.value.detail == f"{heard}; a voice in 10.0% of 40.0 s"


@pytest.mark.parametrize(
    ("speech_s", "sound_s", "share", "is_enough"),
    [
        (5.0, 50.0, 0.5, True),
        (4.9, 50.0, 0.5, False),
        (4.0, 8.0, 0.5, True),
        (3.9, 8.0, 0.5, False),
        (0.0, 8.0, 0.0, False),
    ],
)
def test_five_seconds_or_the_share_of_the_settings_is_enough_speech(speech_s, sound_s, share, is_enough):
    step = TranscribeStep(DEMO.model_copy(update={"min_speech_ratio": share}))
    recording = Recording.of(np.zeros(int(sound_s * RATE), np.float32))
    parts = (SpeechSegment(0.0, speech_s / 4), SpeechSegment(1.0, 1.0 + speech_s * 3 / 4))
    chunks = [Chunk((part,)) for part in parts] if speech_s else []
    assert step._has_speech(recording, chunks) is is_enough


def test_of_a_long_sound_the_middle_five_minutes_are_looked_at():
    played, hiss = np.tile(chords(10), 30), np.tile(noise(10), 20)
    assert _kind(Recording.of(np.concatenate([hiss, played, hiss]).astype(np.float32))) == "music"
    hiss, played = np.tile(noise(10), 30), np.tile(chords(10), 20)
    assert _kind(Recording.of(np.concatenate([played, hiss, played]).astype(np.float32))) == "noise"


@pytest.mark.parametrize(
    ("notes", "note_share", "chord_share", "beat", "is_music"),
    [
        (3, 0.0, 0.6, 0.0, True),
        (3, 0.0, 0.59, 0.0, False),
        (2, 1.0, 1.0, 1.0, False),
        (3, 0.6, 0.0, 0.4, True),
        (3, 0.59, 0.0, 0.4, False),
        (3, 0.6, 0.0, 0.39, False),
    ],
)
def test_three_notes_in_chords_or_in_time_are_music(notes, note_share, chord_share, beat, is_music):
    assert Evidence(notes, note_share, chord_share, beat).is_music is is_music


def test_a_row_has_its_segments_and_its_numbers_to_their_places():
    first = segment(" hola ", 1.0, start_s=0.5, end_s=1.5, language="en")
    found = row(first, segment("mundo", 2.0, start_s=2.0, end_s=4.0), sound_s=9.0)
    assert found["segments"] == [
        {"start_s": 0.5, "end_s": 1.5, "language": "en", "text": "hola"},
        {"start_s": 2.0, "end_s": 4.0, "language": "es", "text": "mundo"},
    ]
    assert found["text"] == found["raw_text"] == "hola mundo"
    assert (found["speech_ratio"], found["chars_per_s"]) == (0.3333, 3.33)


@pytest.mark.parametrize(
    ("text", "repeats"), [("no no no sí", 3), ("a b a b a b c", 3), ("no no a b a b a b", 3), ("a b c", 1)]
)
def test_repeats_are_those_of_a_word_or_of_a_phrase_whichever_are_more(text, repeats):
    assert row(segment(text))["repeats"] == repeats
