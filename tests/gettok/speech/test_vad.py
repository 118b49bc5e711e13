"""Speech is found in sound of any length, and put into as few chunks as possible."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from corpus_speech import spoken
from hypothesis import given
from hypothesis import strategies as st
from sound_files import chords, noise, silence

from gettok.media.audio import decode_audio
from gettok.media.recording import RATE_HZ, Recording
from gettok.speech import vad as module
from gettok.speech.vad import Chunk, Pyannote, Silero, SpeechSegment, detect_speech, merge_segments


@pytest.fixture(scope="module")
def speech():
    """Some ten seconds of speech, with the file's own silence around it."""
    (media, _), *_ = spoken("es")
    return decode_audio(media.path, 60)


def hundredths(segments, seconds):
    """Whether there is speech, a hundred times a second."""
    speaks = np.zeros(round(seconds * 100), bool)
    for segment in segments:
        speaks[round(segment.start_s * 100) : round(segment.end_s * 100)] = True
    return speaks


gaps_and_lengths = st.lists(st.tuples(st.floats(0, 20), st.floats(0.05, 40)), max_size=12)


def laid_out(gaps_and_lengths):
    segments, at_s = [], 0.0
    for gap_s, length_s in gaps_and_lengths:
        segments.append(SpeechSegment(at_s + gap_s, at_s + gap_s + length_s))
        at_s = segments[-1].end_s
    return segments


@given(gaps_and_lengths, st.integers(1, 30))
def test_chunks_hold_every_segment_once_in_order_and_are_never_too_long(laid, max_s):
    segments = laid_out(laid)
    chunks = merge_segments(segments, max_s)
    assert all(chunk.end_s - chunk.start_s <= max_s + 1e-6 for chunk in chunks)
    flat = [moment for chunk in chunks for moment in (chunk.start_s, chunk.end_s)]
    assert flat == sorted(flat)
    spoken_s = sum(segment.end_s - segment.start_s for segment in segments)
    assert sum(chunk.speech_s for chunk in chunks) == pytest.approx(spoken_s, abs=1e-6)
    for segment in segments:
        inside = [min(c.end_s, segment.end_s) - max(c.start_s, segment.start_s) for c in chunks]
        assert sum(max(0, s) for s in inside) == pytest.approx(segment.end_s - segment.start_s, abs=1e-6)


@given(gaps_and_lengths, st.integers(1, 30))
def test_two_chunks_that_fit_into_one_are_one(laid, max_s):
    segments = [segment for segment in laid_out(laid) if segment.end_s - segment.start_s <= max_s]
    ends = {segment.start_s: segment.end_s for segment in segments}
    for left, right in pairwise(merge_segments(segments, max_s)):
        assert ends[right.start_s] - left.start_s > max_s


def test_no_speech_gives_no_chunk():
    assert merge_segments([], 30) == []


def test_pauses_stay_inside_a_chunk_and_are_not_counted_as_speech():
    first, second, third = SpeechSegment(1, 2), SpeechSegment(4, 5), SpeechSegment(9, 10)
    chunks = merge_segments([first, second, third], 5)
    assert chunks == [Chunk((first, second)), Chunk((third,))]
    assert (chunks[0].start_s, chunks[0].end_s, chunks[0].speech_s) == (1, 5, 2)


@pytest.mark.parametrize(("end_s", "count"), [(6.0, 1), (6.1, 2)])
def test_a_chunk_may_be_exactly_as_long_as_asked_for(end_s, count):
    segments = [SpeechSegment(1.0, 3.0), SpeechSegment(4.0, end_s)]
    assert len(merge_segments(segments, 5.0)) == count
    assert len(merge_segments([SpeechSegment(1.0, end_s)], 5.0)) == count
    assert merge_segments([SpeechSegment(1.0, 1.0)], 5.0) == [Chunk((SpeechSegment(1.0, 1.0),))]


class Heard:
    """Finds the given speech in each piece."""

    def __init__(self, *pieces):
        self.pieces = [*pieces]
        self.asked = []

    def detect(self, sound, _):
        self.asked.append(sound.size / RATE_HZ)
        return self.pieces.pop(0)


@pytest.mark.parametrize(
    ("last", "asked"),
    [
        (SpeechSegment(8.0, 9.0), [10, 5]),
        (SpeechSegment(8.0, 9.1), [10, 7]),
        (SpeechSegment(0.0, 10.0), [10, 5]),
        (SpeechSegment(0.1, 10.0), [10, 10, 4.9]),
    ],
)
def test_speech_that_ends_within_a_second_of_the_piece_is_looked_at_again(monkeypatch, last, asked):
    monkeypatch.setattr(module, "PIECE_S", 10.0)
    heard = Heard([SpeechSegment(1.0, 2.0), last] if last.start_s > 2 else [last], [], [])
    detect_speech(Recording.of(np.zeros(15 * RATE_HZ, np.float32)), heard, 30)
    assert heard.asked == asked


def test_the_last_piece_is_never_looked_at_again():
    heard = Heard([SpeechSegment(1.0, 15.0)])
    found = detect_speech(Recording.of(np.zeros(15 * RATE_HZ, np.float32)), heard, 30)
    assert found == [SpeechSegment(1.0, 15.0)]
    assert heard.asked == [15]


def test_a_chunk_falls_into_its_segments_and_long_ones_into_equal_parts():
    short, long = SpeechSegment(1, 2), SpeechSegment(4, 13)
    halves = [Chunk((SpeechSegment(4, 8.5),)), Chunk((SpeechSegment(8.5, 13),))]
    assert Chunk((short, long)).stretches(6) == [Chunk((short,)), *halves]


@pytest.mark.parametrize("made", [silence, noise, chords])
def test_f27_silero_finds_no_speech_in_silence_noise_and_chords(made):
    assert detect_speech(Recording.of(made(12)), Silero(), 30) == []


def test_silero_finds_where_the_speech_is(speech):
    around = [silence(5), speech.cut(0, speech.seconds), silence(5)]
    segments = detect_speech(Recording.of(np.concatenate(around)), Silero(), 30)
    assert segments[0].start_s > 4.8
    assert segments[-1].end_s < 5 + speech.seconds + 0.2
    assert sum(segment.end_s - segment.start_s for segment in segments) > 0.6 * speech.seconds


def test_no_segment_is_longer_than_asked_for(speech):
    without_pause = np.tile(speech.cut(1, 4), 5)
    segments = detect_speech(Recording.of(without_pause), Silero(), 4)
    assert len(segments) > 3
    assert all(segment.end_s - segment.start_s <= 4 for segment in segments)


def test_a_long_recording_gives_the_same_segments_piece_by_piece_as_in_one_go(speech, monkeypatch):
    once = np.concatenate([speech.cut(0, speech.seconds), silence(1.5)])
    recording = Recording.of(np.tile(once, 6))
    whole = detect_speech(recording, Silero(), 10)
    monkeypatch.setattr(module, "PIECE_S", 25.0)
    pieces = detect_speech(recording, Silero(), 10)
    in_pieces, in_one_go = (hundredths(segments, recording.seconds) for segments in (pieces, whole))
    assert in_one_go.mean() > 0.5
    assert (in_pieces == in_one_go).mean() > 0.98


def test_speech_over_the_border_of_two_pieces_is_one_segment(monkeypatch):
    class Always:
        """Finds speech from the 8th to the 12th second of the recording, however it is cut."""

        def __init__(self):
            self.asked = []

        def detect(self, sound, _):
            numbers = np.flatnonzero(sound)
            self.asked.append(sound.size / RATE_HZ)
            return [SpeechSegment(numbers[0] / RATE_HZ, (numbers[-1] + 1) / RATE_HZ)] if numbers.size else []

    marked = np.zeros(20 * RATE_HZ, np.float32)
    marked[8 * RATE_HZ : 12 * RATE_HZ] = 0.5
    monkeypatch.setattr(module, "PIECE_S", 10.0)
    always = Always()
    assert detect_speech(Recording.of(marked), always, 30) == [SpeechSegment(8, 12)]
    assert always.asked == [10, 10, 2]


def test_speech_that_never_stops_is_found_to_the_end(monkeypatch):
    class Everywhere:
        def detect(self, sound, _):
            return [SpeechSegment(0, sound.size / RATE_HZ)]

    monkeypatch.setattr(module, "PIECE_S", 10.0)
    segments = detect_speech(Recording.of(np.zeros(34 * RATE_HZ, np.float32)), Everywhere(), 30)
    assert segments[0].start_s == 0
    assert segments[-1].end_s == 34
    assert all(left.end_s <= right.start_s for left, right in pairwise(segments))


@pytest.mark.slow
def test_f28_half_an_hour_is_processed_in_the_memory_of_a_piece(speech):
    recording = Recording.of(np.tile(np.concatenate([speech.cut(0, 10), silence(20)]), 60))
    recording.cut(0, 1)
    tracemalloc.start()
    try:
        segments = detect_speech(recording, Silero(), 30)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert recording.seconds == 1800
    assert segments[-1].end_s > 1770
    assert peak < 6 * module.PIECE_S * RATE_HZ * 4


@pytest.mark.slow
def test_pyannote_finds_the_same_speech_as_silero(speech):
    pyannote, silero = (detect_speech(speech, kind, 30) for kind in (Pyannote("cpu"), Silero()))
    spoken_s = [
        sum(segment.end_s - segment.start_s for segment in segments) for segments in (pyannote, silero)
    ]
    assert spoken_s[0] == pytest.approx(spoken_s[1], rel=0.15)
    assert detect_speech(Recording.of(chords(5)), Pyannote("cpu"), 30) == []
