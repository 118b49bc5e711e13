"""Everything that is loaded to listen to videos: a voice detector, a speech model with its pool, an aligner."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import import_module

from gettok.errors import BadSettings
from gettok.media.audio import Recording
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.speech.alignment import Word
from gettok.speech.backends import whisperx as by_whisperx
from gettok.speech.batching import Pool
from gettok.speech.models import compute_type_of, device_of
from gettok.speech.recognizer import Result, Writer
from gettok.speech.vad import Chunk, Detector, Pyannote, Silero, chunks_of, voices_in
from gettok.speech.word_timestamps import Timing


class Transcriber:
    """Safe for several threads, each with a recording of its own."""

    def __init__(
        self, detector: Detector, writer: Writer, batch_size: int, timing: Timing | None = None
    ) -> None:
        self._detector = detector
        self._languages = writer.languages
        self._pool = Pool(writer, batch_size)
        self._timing = timing
        # a piece of a long recording takes some 60 MB while voices are looked for, and each thread that does it keeps
        # a part of them: so a few threads do it for all
        self._hands = ThreadPoolExecutor(os.cpu_count() or 1)

    def chunks(self, recording: Recording, longest_s: float) -> list[Chunk]:
        """Where somebody speaks, in stretches of at most so many seconds."""
        voices = self._hands.submit(voices_in, recording, self._detector, longest_s).result()
        return chunks_of(voices, longest_s)

    def write(self, recording: Recording, chunks: Sequence[Chunk], language: str | None) -> list[Result]:
        """What is said in each chunk. A language that is not given is heard where there is most voice."""
        if language is not None:
            return self._pool.write(recording, chunks, language)
        clearest = max(range(len(chunks)), key=lambda place: chunks[place].speech_s)
        (first,) = self._pool.write(recording, [chunks[clearest]], None)
        others = [*chunks[:clearest], *chunks[clearest + 1 :]]
        written = self._pool.write(recording, others, first.language)
        return [*written[:clearest], first, *written[clearest:]]

    def words(self, recording: Recording, chunk: Chunk, written: Result) -> list[Word] | None:
        """When each word of a chunk is said, from the recording's beginning; None where that was not asked for."""
        if self._timing is None:
            return None
        sound = recording.cut(chunk.start_s, chunk.end_s)
        found = self._timing.words(sound, written.text, written.language)
        return found and [word.later(chunk.start_s) for word in found]

    def check(self, language: str | None) -> None:
        """Refuse a language that the model lacks: a model of English only would pass over it in silence."""
        if self._timing is not None:
            self._timing.check(language)
        if language is not None and language not in self._languages:
            raise BadSettings(
                f"the speech model does not know the language {language!r}",
                "stopped before the first video",
                "set asr.language to one that it knows, or to null to let it detect the language",
            )


def listener(asr: Asr, model: Model) -> Transcriber:
    """Loaded once in each process."""
    return _load(
        model, asr.model_copy(update={"device": device_of(asr), "compute_type": compute_type_of(asr)})
    )


@lru_cache(maxsize=1)
def _load(model: Model, asr: Asr) -> Transcriber:
    load: Callable[..., Writer] = by_whisperx.load
    if asr.backend == "transformers":
        load = import_module("gettok.speech.backends.transformers").load
    writer = load(model.folder, asr.device, asr.compute_type, asr.window_s, asr.beam_size)
    detector = Silero() if asr.vad == "silero" else Pyannote(asr.device)
    timing = Timing(asr.align, asr.device) if asr.align is not None else None
    return Transcriber(detector, writer, asr.batch_size, timing)
