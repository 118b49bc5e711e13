"""The pool fills batches with the stretches of many clips, and gives each clip its own words back."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.errors import Stop, Unusable
from gettok.media.audio import RATE_HZ, Recording
from gettok.speech.batching import Pool, crowding_told
from gettok.speech.recognizer import Result
from gettok.speech.vad import Chunk

TURN_S = 30


class Counting:
    """A recogniser that says the first sample of each stretch, and notes the batches it was given.

    It holds `room` stretches at a time, and fails for good on the sample `broken`. While `gate` is closed it waits.
    """

    languages = frozenset({"es"})

    def __init__(self, room=99, broken=None, lanes=1):
        self.room, self.broken, self.lanes = room, broken, lanes
        self.batches, self.at_once, self.most_at_once = [], 0, 0
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        self._lock = threading.Lock()

    def write(self, batch):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.batches.append([number_of(asked.sound) for asked in batch])
        self.began.release()
        assert self.gate.wait(TURN_S)
        with self._lock:
            self.at_once -= 1
        if len(batch) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        if self.broken in {number_of(asked.sound) for asked in batch}:
            raise RuntimeError("a bug")
        return [Result(f"{number_of(a.sound)} {a.language}", a.language, 1.0, -0.5, 0.0) for a in batch]


def number_of(sound):
    return round(float(sound[0]) * 2**15)


def clip(*numbers):
    """A recording whose stretches, one sample each, are these numbers; and where they are."""
    chunks = [Chunk(place / RATE_HZ, (place + 1) / RATE_HZ, 1 / RATE_HZ) for place in range(len(numbers))]
    return Recording(np.array(numbers, np.int16)), chunks


def said(written):
    return [int(one.text.split()[0]) for one in written]


def all_at_once(pool, clips):
    with ThreadPoolExecutor(max(1, len(clips))) as threads:
        return list(threads.map(lambda numbers: said(pool.write(*clip(*numbers), "es")), clips))


def until(pool, count):
    """Wait until so many stretches stand in the queue."""
    with pool._changed:
        while sum(len(one.waiting) for one in pool._clips) < count:
            pool._changed.wait(0.01)


@settings(deadline=None)
@given(
    clips=st.lists(st.lists(st.integers(-(2**15), 2**15 - 1), max_size=7), max_size=8),
    batch_size=st.integers(1, 5),
    lanes=st.integers(1, 2),
)
def test_every_clip_gets_its_own_words_whatever_stands_beside_it(clips, batch_size, lanes):
    writer = Counting(lanes=lanes)
    assert all_at_once(Pool(writer, batch_size), clips) == clips
    asked = Counter(number for batch in writer.batches for number in batch)
    assert asked == Counter(number for numbers in clips for number in numbers)
    assert all(0 < len(batch) <= batch_size for batch in writer.batches)
    assert writer.most_at_once <= lanes


def test_short_clips_share_a_batch():
    writer = Counting()
    pool = Pool(writer, 4)
    writer.gate.clear()
    with ThreadPoolExecutor(7) as threads:
        futures = [threads.submit(pool.write, *clip(1), "es")]
        assert writer.began.acquire(timeout=TURN_S)
        futures += [threads.submit(pool.write, *clip(number), "es") for number in range(2, 8)]
        until(pool, 6)
        writer.gate.set()
        assert [said(future.result(TURN_S)) for future in futures] == [[number] for number in range(1, 8)]
    assert [len(batch) for batch in writer.batches] == [1, 4, 2]


def test_a_long_clip_does_not_keep_a_short_one_waiting():
    writer = Counting()
    pool = Pool(writer, 2)
    writer.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(pool.write, *clip(*range(100, 160)), "es")
        assert writer.began.acquire(timeout=TURN_S)
        short = threads.submit(pool.write, *clip(1, 2), "es")
        until(pool, 60)
        writer.gate.set()
        assert said(short.result(TURN_S)) == [1, 2]
        assert said(long.result(TURN_S)) == list(range(100, 160))
    assert max(place for place, batch in enumerate(writer.batches) if set(batch) & {1, 2}) <= 3


def test_a_second_lane_waits_for_a_full_batch():
    writer = Counting(lanes=2)
    pool = Pool(writer, 3)
    writer.gate.clear()
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(pool.write, *clip(1), "es")]
        assert writer.began.acquire(timeout=TURN_S)
        futures.append(threads.submit(pool.write, *clip(2, 3), "es"))
        until(pool, 2)
        assert len(writer.batches) == 1
        futures.append(threads.submit(pool.write, *clip(4), "es"))
        assert writer.began.acquire(timeout=TURN_S)
        writer.gate.set()
        assert [said(future.result(TURN_S)) for future in futures] == [[1], [2, 3], [4]]
    assert [len(batch) for batch in writer.batches] == [1, 3]


def test_a_clip_without_stretches_is_not_asked_about():
    writer = Counting()
    assert Pool(writer, 4).write(*clip(), "es") == []
    assert writer.batches == []


def test_each_stretch_is_asked_in_its_clips_language():
    written = Pool(Counting(), 4).write(*clip(5, 6), "qu")
    assert [one.text for one in written] == ["5 qu", "6 qu"]


@pytest.mark.parametrize(
    ("room", "batches"),
    [(4, [4, 4, 1]), (3, [4, 2, 2, 2, 2, 1]), (2, [4, 2, 2, 2, 2, 1]), (1, [4, 2] + [1] * 9)],
)
def test_f31_a_batch_that_the_device_has_no_memory_for_is_halved_and_later_ones_stay_so(
    room, batches, caplog
):
    crowded = Counting(room=room)
    pool = Pool(crowded, 4)
    assert said(pool.write(*clip(*range(9)), "es")) == list(range(9))
    assert [len(batch) for batch in crowded.batches] == batches
    assert said(pool.write(*clip(7), "es")) == [7]
    told = [record for record in caplog.records if "asr.batch_size" in record.message]
    assert len(told) == (room < 4)


def test_f31_a_stretch_that_the_device_has_no_memory_for_is_too_large_and_the_next_clip_runs():
    crowded = Counting(room=0)
    pool = Pool(crowded, 4)
    with pytest.raises(Unusable, match="memory") as refused:
        pool.write(*clip(1), "es")
    assert refused.value.reason == "too_large"
    crowded.room = 1
    assert said(pool.write(*clip(2), "es")) == [2]


def test_f31_a_device_too_small_for_any_stretch_stops_the_run():
    pool = Pool(Counting(room=0), 1)
    for _ in range(4):
        with pytest.raises(Unusable):
            pool.write(*clip(1), "es")
    with pytest.raises(Stop, match="memory") as stopped:
        pool.write(*clip(1), "es")
    assert "device: cpu" in stopped.value.can


@pytest.mark.parametrize("said", ["CUBLAS_STATUS_ALLOC_FAILED", "CUDA out of memory. Tried to allocate"])
def test_f31_every_way_to_say_that_memory_is_short_is_understood(said):
    with pytest.raises(Unusable, match="no memory"), crowding_told():
        raise RuntimeError(said)
    with pytest.raises(Unusable, match="no memory"), crowding_told():
        raise MemoryError


def test_a_bug_is_raised_and_what_comes_later_is_not_hurt_by_it():
    pool = Pool(Counting(broken=1), 2)
    with pytest.raises(RuntimeError, match="a bug"):
        pool.write(*clip(1, 2), "es")
    assert said(pool.write(*clip(3, 4, 5), "es")) == [3, 4, 5]


def test_a_bug_reaches_everybody_who_waits_for_it():
    writer = Counting(broken=1)
    pool = Pool(writer, 2)
    writer.gate.clear()
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(pool.write, *clip(9), "es")
        assert writer.began.acquire(timeout=TURN_S)
        futures = [threads.submit(pool.write, *clip(1, number), "es") for number in (2, 3)]
        until(pool, 4)
        writer.gate.set()
        assert said(first.result(TURN_S)) == [9]
        for future in futures:
            with pytest.raises(RuntimeError, match="a bug"):
                future.result(TURN_S)
