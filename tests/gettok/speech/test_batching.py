"""The batcher fills batches with the chunks of many clips, and gives each clip its own text back."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.errors import Stop, Unusable
from gettok.media.recording import RATE_HZ, Recording
from gettok.speech.batching import Batcher, oom_as_unusable
from gettok.speech.recognizer import Request, Result
from gettok.speech.vad import Chunk, SpeechSegment

TURN_S = 30


class Counting:
    """A recogniser whose text is the first sample of each chunk, and that notes the batches it was given.

    It holds `room` chunks at a time, and fails for good on the sample `broken`. While `gate` is closed it waits.
    """

    languages = frozenset({"es"})

    def __init__(self, room=99, broken=None, concurrency=1, workers=1):
        self.room, self.broken, self.concurrency, self.workers = room, broken, concurrency, workers
        self.batches, self.at_once, self.most_at_once = [], 0, 0
        self.detected = []
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        self._lock = threading.Lock()

    def transcribe(self, batch):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.batches.append([number_of(request.sound) for request in batch])
        self.began.release()
        assert self.gate.wait(TURN_S)
        with self._lock:
            self.at_once -= 1
        if len(batch) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        if self.broken in {number_of(request.sound) for request in batch}:
            raise RuntimeError("a bug")
        return [Result(f"{number_of(a.sound)} {a.language}", a.language, {}, -0.5, 0.0) for a in batch]

    def detect(self, sounds):
        self.transcribe([Request(sound, None) for sound in sounds])
        self.detected.append(len(sounds))
        return [{"es": float(number_of(sound))} for sound in sounds]


def number_of(sound):
    return round(float(sound[0]) * 2**15)


def clip(*numbers):
    """A recording whose chunks, one sample each, are these numbers; and where they are."""
    segments = [SpeechSegment(place / RATE_HZ, (place + 1) / RATE_HZ) for place in range(len(numbers))]
    chunks = [Chunk((segment,)) for segment in segments]
    return Recording(np.array(numbers, np.int16)), chunks


def numbers_in(results):
    return [int(result.text.split()[0]) for result in results]


def transcribe_all(batcher, clips):
    with ThreadPoolExecutor(max(1, len(clips))) as threads:
        return list(threads.map(lambda numbers: numbers_in(batcher.transcribe(*clip(*numbers), "es")), clips))


def until(batcher, count):
    """Wait until so many chunks are in the queue."""
    with batcher._changed:
        while sum(len(waiting.waiting) for waiting in batcher._clips) < count:
            batcher._changed.wait(0.01)


@settings(deadline=None)
@given(
    clips=st.lists(st.lists(st.integers(-(2**15), 2**15 - 1), max_size=7), max_size=8),
    batch_size=st.integers(1, 5),
    concurrency=st.integers(1, 2),
)
def test_every_clip_gets_its_own_text_whatever_else_is_in_the_batch(clips, batch_size, concurrency):
    recognizer = Counting(concurrency=concurrency)
    assert transcribe_all(Batcher(recognizer, batch_size), clips) == clips
    requested = Counter(number for batch in recognizer.batches for number in batch)
    assert requested == Counter(number for numbers in clips for number in numbers)
    assert all(0 < len(batch) <= batch_size for batch in recognizer.batches)
    assert recognizer.most_at_once <= concurrency


def test_short_clips_share_a_batch():
    recognizer = Counting()
    batcher = Batcher(recognizer, 4)
    recognizer.gate.clear()
    with ThreadPoolExecutor(7) as threads:
        futures = [threads.submit(batcher.transcribe, *clip(1), "es")]
        assert recognizer.began.acquire(timeout=TURN_S)
        futures += [threads.submit(batcher.transcribe, *clip(number), "es") for number in range(2, 8)]
        until(batcher, 6)
        recognizer.gate.set()
        assert [numbers_in(future.result(TURN_S)) for future in futures] == [
            [number] for number in range(1, 8)
        ]
    assert [len(batch) for batch in recognizer.batches] == [1, 4, 2]


def test_a_long_clip_does_not_keep_a_short_one_waiting():
    recognizer = Counting()
    batcher = Batcher(recognizer, 2)
    recognizer.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(batcher.transcribe, *clip(*range(100, 160)), "es")
        assert recognizer.began.acquire(timeout=TURN_S)
        short = threads.submit(batcher.transcribe, *clip(1, 2), "es")
        until(batcher, 60)
        recognizer.gate.set()
        assert numbers_in(short.result(TURN_S)) == [1, 2]
        assert numbers_in(long.result(TURN_S)) == list(range(100, 160))
    assert max(place for place, batch in enumerate(recognizer.batches) if set(batch) & {1, 2}) <= 3


def test_a_second_thread_waits_for_a_full_batch():
    recognizer = Counting(concurrency=2)
    batcher = Batcher(recognizer, 3)
    recognizer.gate.clear()
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(batcher.transcribe, *clip(1), "es")]
        assert recognizer.began.acquire(timeout=TURN_S)
        futures.append(threads.submit(batcher.transcribe, *clip(2, 3), "es"))
        until(batcher, 2)
        assert len(recognizer.batches) == 1
        futures.append(threads.submit(batcher.transcribe, *clip(4), "es"))
        assert recognizer.began.acquire(timeout=TURN_S)
        recognizer.gate.set()
        assert [numbers_in(future.result(TURN_S)) for future in futures] == [[1], [2, 3], [4]]
    assert [len(batch) for batch in recognizer.batches] == [1, 3]


def test_two_workers_share_the_chunks_of_a_batch():
    recognizer = Counting(concurrency=2, workers=2)
    batcher = Batcher(recognizer, 6)
    recognizer.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        futures = [
            threads.submit(batcher.transcribe, *clip(*numbers), "es") for numbers in ([1] * 9, [2] * 9)
        ]
        assert all(recognizer.began.acquire(timeout=TURN_S) for _ in range(2))
        recognizer.gate.set()
        assert [numbers_in(future.result(TURN_S)) for future in futures] == [[1] * 9, [2] * 9]
    assert recognizer.most_at_once == 2
    assert max(len(batch) for batch in recognizer.batches) == 3


def test_a_clip_without_chunks_is_not_transcribed():
    recognizer = Counting()
    assert Batcher(recognizer, 4).transcribe(*clip(), "es") == []
    assert recognizer.batches == []


def test_each_chunk_is_transcribed_in_its_clips_language():
    results = Batcher(Counting(), 4).transcribe(*clip(5, 6), "qu")
    assert [result.text for result in results] == ["5 qu", "6 qu"]


def test_languages_are_detected_in_batches_of_their_own():
    """A batch is for texts or for languages, so that one encoder's output serves all of it."""
    recognizer = Counting()
    batcher = Batcher(recognizer, 4)
    recognizer.gate.clear()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(batcher.transcribe, *clip(1), "es")
        assert recognizer.began.acquire(timeout=TURN_S)
        texts = threads.submit(batcher.transcribe, *clip(2, 3), "es")
        until(batcher, 2)
        odds = threads.submit(batcher.detect, *clip(4, 5))
        until(batcher, 4)
        more = threads.submit(batcher.transcribe, *clip(6), "es")
        until(batcher, 5)
        recognizer.gate.set()
        assert odds.result(TURN_S) == [{"es": 4.0}, {"es": 5.0}]
        assert [numbers_in(one.result(TURN_S)) for one in (first, texts, more)] == [[1], [2, 3], [6]]
    assert [sorted(batch) for batch in recognizer.batches] == [[1], [2, 3, 6], [4, 5]]
    assert recognizer.detected == [2]


def test_f31_a_batch_of_languages_that_the_device_has_no_memory_for_is_halved_too():
    small = Counting(room=2)
    assert Batcher(small, 4).detect(*clip(*range(5))) == [{"es": float(number)} for number in range(5)]
    assert small.detected == [2, 2, 1]


@pytest.mark.parametrize(
    ("room", "batches"),
    [(4, [4, 4, 1]), (3, [4, 2, 2, 2, 2, 1]), (2, [4, 2, 2, 2, 2, 1]), (1, [4, 2] + [1] * 9)],
)
def test_f31_a_batch_that_the_device_has_no_memory_for_is_halved_and_later_ones_stay_so(
    room, batches, caplog
):
    small = Counting(room=room)
    batcher = Batcher(small, 4)
    assert numbers_in(batcher.transcribe(*clip(*range(9)), "es")) == list(range(9))
    assert [len(batch) for batch in small.batches] == batches
    assert numbers_in(batcher.transcribe(*clip(7), "es")) == [7]
    warnings = [record for record in caplog.records if "asr.batch_size" in record.message]
    assert len(warnings) == (room < 4)


def test_f31_a_chunk_that_the_device_has_no_memory_for_is_too_large_and_the_next_clip_runs():
    small = Counting(room=0)
    batcher = Batcher(small, 4)
    with pytest.raises(Unusable, match="memory") as refused:
        batcher.transcribe(*clip(1), "es")
    assert refused.value.reason == "too_large"
    small.room = 1
    assert numbers_in(batcher.transcribe(*clip(2), "es")) == [2]


def test_f31_a_device_too_small_for_any_chunk_stops_the_run():
    batcher = Batcher(Counting(room=0), 1)
    for _ in range(4):
        with pytest.raises(Unusable):
            batcher.transcribe(*clip(1), "es")
    with pytest.raises(Stop, match="memory") as stopped:
        batcher.transcribe(*clip(1), "es")
    assert "device: cpu" in stopped.value.can


def test_f31_only_five_chunks_in_a_row_that_do_not_fit_stop_the_run():
    device = Counting()
    batcher = Batcher(device, 1)
    for _ in range(3):
        device.room = 0
        for _ in range(4):
            with pytest.raises(Unusable, match="memory"):
                batcher.transcribe(*clip(1), "es")
        device.room = 1
        assert numbers_in(batcher.transcribe(*clip(2), "es")) == [2]


@pytest.mark.parametrize(
    "message",
    [
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDA out of memory. Tried to allocate",
        "bad allocation",
        "std::bad_alloc",
    ],
)
def test_f31_every_message_that_memory_is_short_is_understood(message):
    with pytest.raises(Unusable, match="no memory"), oom_as_unusable():
        raise RuntimeError(message)
    with pytest.raises(Unusable, match="no memory"), oom_as_unusable():
        raise MemoryError


def test_any_other_error_is_a_bug():
    with pytest.raises(RuntimeError, match="a shape"), oom_as_unusable():
        raise RuntimeError("a shape that does not fit")


def test_a_bug_is_raised_and_later_clips_are_not_affected():
    batcher = Batcher(Counting(broken=1), 2)
    with pytest.raises(RuntimeError, match="a bug"):
        batcher.transcribe(*clip(1, 2), "es")
    assert numbers_in(batcher.transcribe(*clip(3, 4, 5), "es")) == [3, 4, 5]


def test_a_bug_is_raised_in_every_clip_that_it_affects():
    recognizer = Counting(broken=1)
    batcher = Batcher(recognizer, 2)
    recognizer.gate.clear()
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(batcher.transcribe, *clip(9), "es")
        assert recognizer.began.acquire(timeout=TURN_S)
        futures = [threads.submit(batcher.transcribe, *clip(1, number), "es") for number in (2, 3)]
        until(batcher, 4)
        recognizer.gate.set()
        assert numbers_in(first.result(TURN_S)) == [9]
        for future in futures:
            with pytest.raises(RuntimeError, match="a bug"):
                future.result(TURN_S)


class Forgetful(Counting):
    """Loses the last result of each batch."""

    def transcribe(self, batch):
        return super().transcribe(batch)[:-1]


@pytest.mark.parametrize("room", [99, 1])
def test_a_model_that_loses_a_result_is_a_bug_and_nothing_waits_for_it(room):
    batcher = Batcher(Forgetful(room=room), 2)
    raised = Queue()

    def transcribe(number):
        try:
            batcher.transcribe(*clip(number, number), "es")
        except AssertionError as error:
            raised.put(str(error))

    for number in range(3):
        threading.Thread(target=transcribe, args=(number,), daemon=True).start()
    assert all("results for" in raised.get(timeout=TURN_S) for _ in range(3))
