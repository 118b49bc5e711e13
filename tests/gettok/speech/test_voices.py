"""Voices are found in sound of any length, and put into as few stretches as can be."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from corpus_speech import spoken
from hypothesis import given
from hypothesis import strategies as st
from sound_files import chords, noise, silence

from gettok.media.audio import RATE_HZ, Recording, decode_audio
from gettok.speech import vad as module
from gettok.speech.vad import Chunk, Pyannote, Silero, SpeechSegment, chunks_of, voices_in


@pytest.fixture(scope="module")
def speech():
    """Some ten seconds of a voice, with the file's own silence around it."""
    (media, _), *_ = spoken("es")
    return decode_audio(media.path, 60)


def hundredths(voices, seconds):
    """Whether somebody speaks, a hundred times a second."""
    speaks = np.zeros(round(seconds * 100), bool)
    for voice in voices:
        speaks[round(voice.start_s * 100) : round(voice.end_s * 100)] = True
    return speaks


gaps_and_lengths = st.lists(st.tuples(st.floats(0, 20), st.floats(0.05, 40)), max_size=12)


def laid_out(gaps_and_lengths):
    voices, at_s = [], 0.0
    for gap_s, length_s in gaps_and_lengths:
        voices.append(SpeechSegment(at_s + gap_s, at_s + gap_s + length_s))
        at_s = voices[-1].end_s
    return voices


@given(gaps_and_lengths, st.integers(1, 30))
def test_chunks_hold_every_voice_once_in_order_and_are_never_too_long(laid, longest_s):
    voices = laid_out(laid)
    chunks = chunks_of(voices, longest_s)
    assert all(chunk.end_s - chunk.start_s <= longest_s + 1e-6 for chunk in chunks)
    flat = [moment for chunk in chunks for moment in (chunk.start_s, chunk.end_s)]
    assert flat == sorted(flat)
    spoken_s = sum(voice.end_s - voice.start_s for voice in voices)
    assert sum(chunk.speech_s for chunk in chunks) == pytest.approx(spoken_s, abs=1e-6)
    for voice in voices:
        inside = [min(c.end_s, voice.end_s) - max(c.start_s, voice.start_s) for c in chunks]
        assert sum(max(0, s) for s in inside) == pytest.approx(voice.end_s - voice.start_s, abs=1e-6)


@given(gaps_and_lengths, st.integers(1, 30))
def test_two_chunks_that_fit_into_one_are_one(laid, longest_s):
    voices = [voice for voice in laid_out(laid) if voice.end_s - voice.start_s <= longest_s]
    ends = {voice.start_s: voice.end_s for voice in voices}
    for left, right in pairwise(chunks_of(voices, longest_s)):
        assert ends[right.start_s] - left.start_s > longest_s


def test_no_voice_gives_no_chunk():
    assert chunks_of([], 30) == []


def test_pauses_stay_inside_a_chunk_and_are_not_counted_as_speech():
    assert chunks_of([SpeechSegment(1, 2), SpeechSegment(4, 5), SpeechSegment(9, 10)], 5) == [
        Chunk(1, 5, 2),
        Chunk(9, 10, 1),
    ]


@pytest.mark.parametrize("made", [silence, noise, chords])
def test_f27_silero_hears_no_voice_in_silence_noise_and_chords(made):
    assert voices_in(Recording.of(made(12)), Silero(), 30) == []


def test_silero_hears_where_somebody_speaks(speech):
    around = [silence(5), speech.cut(0, speech.seconds), silence(5)]
    voices = voices_in(Recording.of(np.concatenate(around)), Silero(), 30)
    assert voices[0].start_s > 4.8
    assert voices[-1].end_s < 5 + speech.seconds + 0.2
    assert sum(voice.end_s - voice.start_s for voice in voices) > 0.6 * speech.seconds


def test_no_voice_is_longer_than_asked_for(speech):
    without_pause = np.tile(speech.cut(1, 4), 5)
    voices = voices_in(Recording.of(without_pause), Silero(), 4)
    assert len(voices) > 3
    assert all(voice.end_s - voice.start_s <= 4 for voice in voices)


def test_a_long_recording_is_heard_piece_by_piece_as_in_one_go(speech, monkeypatch):
    once = np.concatenate([speech.cut(0, speech.seconds), silence(1.5)])
    recording = Recording.of(np.tile(once, 6))
    whole = voices_in(recording, Silero(), 10)
    monkeypatch.setattr(module, "PIECE_S", 25.0)
    pieces = voices_in(recording, Silero(), 10)
    in_pieces, in_one_go = (hundredths(voices, recording.seconds) for voices in (pieces, whole))
    assert in_one_go.mean() > 0.5
    assert (in_pieces == in_one_go).mean() > 0.98


def test_a_voice_over_the_border_of_two_pieces_is_one_voice(monkeypatch):
    class Always:
        """Hears a voice from the 8th to the 12th second of the recording, however it is cut."""

        def __init__(self):
            self.asked = []

        def voices(self, sound, _):
            numbers = np.flatnonzero(sound)
            self.asked.append(sound.size / RATE_HZ)
            return [SpeechSegment(numbers[0] / RATE_HZ, (numbers[-1] + 1) / RATE_HZ)] if numbers.size else []

    marked = np.zeros(20 * RATE_HZ, np.float32)
    marked[8 * RATE_HZ : 12 * RATE_HZ] = 0.5
    monkeypatch.setattr(module, "PIECE_S", 10.0)
    always = Always()
    assert voices_in(Recording.of(marked), always, 30) == [SpeechSegment(8, 12)]
    assert always.asked == [10, 10, 2]


def test_someone_who_never_stops_is_heard_to_the_end(monkeypatch):
    class Everywhere:
        def voices(self, sound, _):
            return [SpeechSegment(0, sound.size / RATE_HZ)]

    monkeypatch.setattr(module, "PIECE_S", 10.0)
    voices = voices_in(Recording.of(np.zeros(34 * RATE_HZ, np.float32)), Everywhere(), 30)
    assert voices[0].start_s == 0
    assert voices[-1].end_s == 34
    assert all(left.end_s <= right.start_s for left, right in pairwise(voices))


def test_f28_half_an_hour_is_listened_to_in_the_memory_of_a_piece(speech):
    recording = Recording.of(np.tile(np.concatenate([speech.cut(0, 10), silence(20)]), 60))
    recording.cut(0, 1)
    tracemalloc.start()
    try:
        voices = voices_in(recording, Silero(), 30)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert recording.seconds == 1800
    assert voices[-1].end_s > 1770
    assert peak < 6 * module.PIECE_S * RATE_HZ * 4


def test_pyannote_hears_the_same_voices_as_silero(speech):
    pyannote, silero = (voices_in(speech, kind, 30) for kind in (Pyannote("cpu"), Silero()))
    spoken_s = [sum(voice.end_s - voice.start_s for voice in voices) for voices in (pyannote, silero)]
    assert spoken_s[0] == pytest.approx(spoken_s[1], rel=0.15)
    assert voices_in(Recording.of(chords(5)), Pyannote("cpu"), 30) == []
