"""Fill a recogniser's batches with the chunks of many clips.

A clip of 15 to 60 seconds has one or two chunks, and a batch has room for many more. No thread belongs to the batcher:
a caller that waits for a result, and finds the model free, takes the chunks that are waiting and runs the batch.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from typing import Any

from gettok.errors import GettokError, Stop, Unusable
from gettok.media.recording import Recording
from gettok.speech.recognizer import LanguageOdds, Recognizer, Request, Result
from gettok.speech.vad import Chunk

_log = logging.getLogger(__name__)

_OOM_MESSAGES = ("out of memory", "ALLOC_FAILED", "bad allocation", "bad_alloc")
#: So many chunks in a row that do not fit into memory are not an accident.
_MAX_OOM_IN_A_ROW = 5


#: What a batch is for: a `Result` of each request, or the `LanguageOdds`.
_Work = Callable[[Sequence[Request]], Sequence[Any]]


class _Clip:
    """One clip's chunks: those still to be taken, and the results so far."""

    def __init__(
        self, recording: Recording, chunks: Sequence[Chunk], language: str | None, work: _Work
    ) -> None:
        self._recording = recording
        self._chunks = chunks
        self._language = language
        self.work = work
        self.waiting = deque(range(len(chunks)))
        self.results: dict[int, Any] = {}
        self.error: GettokError | None = None

    @property
    def is_done(self) -> bool:
        return self.error is not None or len(self.results) == len(self._chunks)

    def request(self, index: int) -> Request:
        """Cut out only now, so that waiting sound stays on disk."""
        chunk = self._chunks[index]
        return Request(self._recording.cut(chunk.start_s, chunk.end_s), self._language)

    def fail(self, error: GettokError) -> None:
        self.error = error
        self.waiting.clear()


_Batch = list[tuple[_Clip, int]]


class Batcher:
    """Safe for any number of threads, each with a clip of its own."""

    def __init__(self, recognizer: Recognizer, batch_size: int) -> None:
        self._recognizer = recognizer
        self._batch_size = max(1, batch_size // recognizer.workers)
        self._is_shrunk = False
        self._clips: deque[_Clip] = deque()
        self._busy = 0
        self._oom_in_a_row = 0
        self._changed = Condition()
        # a thread keeps part of the memory that it has allocated, so a few threads do the work for all callers
        self._executor = ThreadPoolExecutor(recognizer.concurrency)

    def transcribe(self, recording: Recording, chunks: Sequence[Chunk], language: str | None) -> list[Result]:
        """The text of each chunk. Raises `Unusable` (`too_large`) if the device cannot hold one of them.

        Chunks of all waiting clips take turns, so that a long clip does not delay short ones.
        """
        return self._results(_Clip(recording, chunks, language, self._recognizer.transcribe), len(chunks))

    def detect(self, recording: Recording, chunks: Sequence[Chunk]) -> list[LanguageOdds]:
        """The odds of each chunk's language. Raises like `transcribe`."""
        return self._results(_Clip(recording, chunks, None, self._detect), len(chunks))

    def _detect(self, requests: Sequence[Request]) -> Sequence[LanguageOdds]:
        return self._recognizer.detect([request.sound for request in requests])

    def _results(self, clip: _Clip, count: int) -> list[Any]:
        with self._changed:
            self._clips.append(clip)
            try:
                while not clip.is_done:
                    if self._may_run():
                        self._run(self._take_batch())
                    else:
                        self._changed.wait()
            finally:
                clip.waiting.clear()  # after an error the rest of this clip is not needed
        if clip.error is not None:
            raise clip.error
        return [clip.results[index] for index in range(count)]

    def _may_run(self) -> bool:
        """A second batch runs beside the first only when it is full: later chunks would have filled it."""
        waiting = sum(len(clip.waiting) for clip in self._clips)
        if self._busy:
            return self._busy < self._recognizer.concurrency and waiting >= self._batch_size
        return waiting > 0

    def _take_batch(self) -> _Batch:
        """One chunk of each clip in turn, until the batch is full; all are for the same work as the first."""
        batch: _Batch = []
        others: deque[_Clip] = deque()
        while self._clips and len(batch) < self._batch_size:
            clip = self._clips.popleft()
            if clip.waiting and batch and clip.work != batch[0][0].work:
                others.append(clip)
                continue
            if clip.waiting:
                batch.append((clip, clip.waiting.popleft()))
            if clip.waiting:
                self._clips.append(clip)
        self._clips.extendleft(reversed(others))
        return batch

    def _run(self, batch: _Batch) -> None:
        """Called with the lock held, which is released while the model works."""
        self._busy += 1
        outcomes: Sequence[Any] = ()
        self._changed.release()
        try:
            outcomes = self._executor.submit(self._outcomes, batch).result()
        finally:
            self._changed.acquire()
            self._busy -= 1
            self._settle(batch, outcomes)
            self._changed.notify_all()

    def _settle(self, batch: _Batch, outcomes: Sequence[Result | GettokError]) -> None:
        """After an unexpected error there are no outcomes: the chunks wait again, and the next caller meets it, too."""
        if not outcomes:
            for clip, index in batch:
                clip.waiting.append(index)
                if clip not in self._clips:
                    self._clips.append(clip)
            return
        for (clip, index), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, GettokError):
                clip.fail(outcome)
            else:
                clip.results[index] = outcome

    def _outcomes(self, batch: _Batch) -> Sequence[Any]:
        """For each chunk what its work gives, or a `GettokError`."""
        return self._done([clip.request(index) for clip, index in batch], batch[0][0].work)

    def _done(self, requests: Sequence[Request], work: _Work) -> Sequence[Any]:
        """In smaller batches where the device has no memory for this one."""
        try:
            outcomes = work(requests)
        except (RuntimeError, MemoryError) as error:
            if not _is_oom(error):
                raise
        else:
            assert len(outcomes) == len(requests), f"{len(outcomes)} results for {len(requests)} chunks"
            self._oom_in_a_row = 0
            return outcomes
        return self._done_in_parts(requests, work)

    def _done_in_parts(self, requests: Sequence[Request], work: _Work) -> Sequence[Any]:
        if len(requests) == 1:
            return [self._retry_one(requests[0], work)]
        self._shrink_to(len(requests) // 2)
        outcomes: list[Any] = []
        while len(outcomes) < len(requests):
            outcomes += self._done(requests[len(outcomes) : len(outcomes) + self._batch_size], work)
        return outcomes

    def _shrink_to(self, size: int) -> None:
        """For the rest of the run: the next large batch would not fit either."""
        with self._changed:
            if not self._is_shrunk:
                _log.warning(
                    "the device has no memory for batches of %d chunks: trying smaller ones; lower asr.batch_size",
                    self._batch_size,
                )
            self._is_shrunk = True
            self._batch_size = min(self._batch_size, size)

    def _retry_one(self, request: Request, work: _Work) -> Any:
        """Try a chunk that did not fit once more, and give it up if it still does not."""
        try:
            result = work([request])[0]
        except (RuntimeError, MemoryError) as error:
            if not _is_oom(error):
                raise
            self._oom_in_a_row += 1
            return _device_too_small(error) if self._oom_in_a_row >= _MAX_OOM_IN_A_ROW else _too_large(error)
        self._oom_in_a_row = 0
        return result


def _is_oom(error: RuntimeError | MemoryError) -> bool:
    """Whether the device is out of memory, in the words of CUDA, cuBLAS, cuDNN or the system."""
    return isinstance(error, MemoryError) or any(message in str(error) for message in _OOM_MESSAGES)


@contextmanager
def oom_as_unusable() -> Iterator[None]:
    """The same for voice activity detection and alignment, which use the same device without the batcher."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _is_oom(error):
            raise
        raise _too_large(error) from error


def _too_large(error: Exception) -> Unusable:
    return Unusable("too_large", f"the device has no memory for this chunk of sound: {error}")


def _device_too_small(error: Exception) -> Stop:
    return Stop(
        f"the device's memory does not hold the speech model and one chunk of sound: {error}",
        f"tried {_MAX_OOM_IN_A_ROW} chunks in a row, one at a time; every answer so far is kept",
        "free the device's memory, or choose a smaller model, a compute_type of int8, or device: cpu",
    )
