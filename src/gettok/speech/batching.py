"""Fills the batches of a recogniser with the stretches of many clips.

A clip of 15 to 60 seconds has one or two stretches, and a batch has room for many more. There is no thread of the
pool's own: whoever waits for an answer, and finds nobody at the model, takes what is there and asks it.
"""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition

from gettok.errors import GettokError, Stop, Unusable
from gettok.media.audio import Recording
from gettok.speech.recognizer import Request, Result, Writer
from gettok.speech.vad import Chunk

_log = logging.getLogger(__name__)

_NO_ROOM = ("out of memory", "ALLOC_FAILED", "bad allocation", "bad_alloc")
#: So many stretches in a row that the device has no memory for are no accident.
_MOST_IN_A_ROW = 5


class _Clip:
    """One clip's stretches: what is still to be taken, and what came back."""

    def __init__(self, recording: Recording, chunks: Sequence[Chunk], language: str | None) -> None:
        self._recording = recording
        self._chunks = chunks
        self._language = language
        self.waiting = deque(range(len(chunks)))
        self.written: dict[int, Result] = {}
        self.error: GettokError | None = None

    @property
    def is_done(self) -> bool:
        return self.error is not None or len(self.written) == len(self._chunks)

    def asked(self, place: int) -> Request:
        """Cut out only now, so that the sound that waits stays on the disk."""
        chunk = self._chunks[place]
        return Request(self._recording.cut(chunk.start_s, chunk.end_s), self._language)

    def fail(self, error: GettokError) -> None:
        self.error = error
        self.waiting.clear()


_Taken = list[tuple[_Clip, int]]


class Pool:
    """Safe for any number of threads, each with a clip of its own."""

    def __init__(self, writer: Writer, batch_size: int) -> None:
        self._writer = writer
        self._batch_size = batch_size
        self._is_shrunk = False
        self._clips: deque[_Clip] = deque()
        self._busy = 0
        self._crowded_in_a_row = 0
        self._changed = Condition()
        # what a thread has allocated it keeps in part, so the few lanes do the work of all that ask
        self._lanes = ThreadPoolExecutor(writer.lanes)

    def write(self, recording: Recording, chunks: Sequence[Chunk], language: str | None) -> list[Result]:
        """What is said in each chunk. Raises `Unusable` (`too_large`) if the device cannot hold one of them.

        Chunks of all clips that wait are taken in turns, so that a long clip does not keep short ones waiting.
        """
        clip = _Clip(recording, chunks, language)
        with self._changed:
            self._clips.append(clip)
            try:
                while not clip.is_done:
                    if self._may_ask():
                        self._ask(self._take())
                    else:
                        self._changed.wait()
            finally:
                clip.waiting.clear()  # if this one failed, nobody waits for the rest of it
        if clip.error is not None:
            raise clip.error
        return [clip.written[place] for place in range(len(chunks))]

    def _may_ask(self) -> bool:
        """A further lane is for full batches only: it must not take from the next one what would have filled it."""
        waiting = sum(len(clip.waiting) for clip in self._clips)
        if self._busy:
            return self._busy < self._writer.lanes and waiting >= self._batch_size
        return waiting > 0

    def _take(self) -> _Taken:
        """One chunk of each clip in turn, until a batch is full."""
        taken: _Taken = []
        while self._clips and len(taken) < self._batch_size:
            clip = self._clips.popleft()
            if clip.waiting:
                taken.append((clip, clip.waiting.popleft()))
            if clip.waiting:
                self._clips.append(clip)
        return taken

    def _ask(self, taken: _Taken) -> None:
        """Called with the lock held, and gives it back while the model works."""
        self._busy += 1
        said: Sequence[Result | GettokError] = ()
        self._changed.release()
        try:
            said = self._lanes.submit(self._said, taken).result()
        finally:
            self._changed.acquire()
            self._busy -= 1
            self._settle(taken, said)
            self._changed.notify_all()

    def _settle(self, taken: _Taken, said: Sequence[Result | GettokError]) -> None:
        """After an error that is nobody's in particular, whoever asks next will meet it too."""
        if not said:
            for clip, place in taken:
                clip.waiting.append(place)
                if clip not in self._clips:
                    self._clips.append(clip)
        for (clip, place), outcome in zip(taken, said, strict=False):
            if isinstance(outcome, GettokError):
                clip.fail(outcome)
            else:
                clip.written[place] = outcome

    def _said(self, taken: _Taken) -> Sequence[Result | GettokError]:
        return self._together([clip.asked(place) for clip, place in taken])

    def _together(self, asked: Sequence[Request]) -> Sequence[Result | GettokError]:
        try:
            return self._writer.write(asked)
        except (RuntimeError, MemoryError) as error:
            if not _is_crowded(error):
                raise
        if len(asked) == 1:
            return [self._alone(asked[0])]
        self._shrink_to(len(asked) // 2)
        said: list[Result | GettokError] = []
        while len(said) < len(asked):
            said += self._together(asked[len(said) : len(said) + self._batch_size])
        return said

    def _shrink_to(self, room: int) -> None:
        """For the rest of the run: the device would have no room for the next large batch either."""
        with self._changed:
            if not self._is_shrunk:
                _log.warning(
                    "the device has no memory for %d stretches at a time: fewer are tried; lower asr.batch_size",
                    self._batch_size,
                )
            self._is_shrunk = True
            self._batch_size = min(self._batch_size, room)

    def _alone(self, asked: Request) -> Result | GettokError:
        """The device had no room for it: it is tried once more, and given up if there still is none."""
        try:
            written = self._writer.write([asked])[0]
        except (RuntimeError, MemoryError) as error:
            if not _is_crowded(error):
                raise
            self._crowded_in_a_row += 1
            return _too_small(error) if self._crowded_in_a_row >= _MOST_IN_A_ROW else _too_large(error)
        self._crowded_in_a_row = 0
        return written


def _is_crowded(error: RuntimeError | MemoryError) -> bool:
    """Whether the device has no memory left, in the words of CUDA, cuBLAS, cuDNN or the system."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_ROOM)


@contextmanager
def crowding_told() -> Iterator[None]:
    """The same for what is done beside the pool: voices are looked for, and words timed, on the same device."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _is_crowded(error):
            raise
        raise _too_large(error) from error


def _too_large(error: Exception) -> Unusable:
    return Unusable("too_large", f"the device has no memory for this stretch of sound: {error}")


def _too_small(error: Exception) -> Stop:
    return Stop(
        f"the device's memory does not hold the speech model and one stretch of sound: {error}",
        f"tried {_MOST_IN_A_ROW} stretches in a row, one at a time; every answer so far is kept",
        "free the device's memory, or choose a smaller model, a compute_type of int8, or device: cpu",
    )
