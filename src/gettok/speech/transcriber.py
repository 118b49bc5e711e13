"""All models that transcribe a video: a voice activity detector, a recogniser with its batches, an aligner."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from gettok.engine.cores import cores
from gettok.errors import BadSettings
from gettok.media.recording import Recording
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.speech.alignment import TimedWord
from gettok.speech.batching import Batcher
from gettok.speech.language_changes import (
    STRETCH_S,
    likeliest_path,
    may_change,
    narrowed,
    parts_by_language,
)
from gettok.speech.recognizer import Recognizer, Result, backend_of
from gettok.speech.vad import DETECTORS, Chunk, Detector, detect_speech, merge_segments
from gettok.speech.word_timestamps import WordTimer


class Transcriber:
    """Safe for several threads, each with a recording of its own."""

    def __init__(
        self, detector: Detector, recognizer: Recognizer, batch_size: int, timer: WordTimer | None = None
    ) -> None:
        self._detector = detector
        self._languages = recognizer.languages
        self._batcher = Batcher(recognizer, batch_size)
        self._timer = timer
        # detection takes some 60 MB for a piece of a long recording, and a thread keeps part of what it has allocated:
        # so a few threads do it for all callers
        self._executor = ThreadPoolExecutor(cores())

    def chunks(self, recording: Recording, max_s: float) -> list[Chunk]:
        """Where there is speech, in chunks of at most `max_s` seconds."""
        segments = self._executor.submit(detect_speech, recording, self._detector, max_s).result()
        return merge_segments(segments, max_s)

    def transcribe(
        self, recording: Recording, chunks: Sequence[Chunk], language: str | None
    ) -> list[tuple[Chunk, Result]]:
        """The text of each chunk.

        If no language is given, it is detected, and a chunk in which it changes is divided there. That costs nothing
        where the model is sure of a chunk's language; elsewhere each stretch of the chunk is encoded, too.
        """
        results = self._batcher.transcribe(recording, chunks, language)
        if language is not None:
            return list(zip(chunks, results, strict=True))
        done = {(chunk, result.language): result for chunk, result in zip(chunks, results, strict=True)}
        parts = self._parts(recording, chunks, results)
        for spoken in dict.fromkeys(spoken for _, spoken in parts):
            new = [part for part, own in parts if own == spoken and (part, own) not in done]
            done |= {(part, spoken): result for part, result in self._in(spoken, recording, new)}
        return [(part, done[part, spoken]) for part, spoken in parts]

    def _in(self, language: str, recording: Recording, chunks: Sequence[Chunk]) -> list[tuple[Chunk, Result]]:
        return list(zip(chunks, self._batcher.transcribe(recording, chunks, language), strict=True))

    def _parts(
        self, recording: Recording, chunks: Sequence[Chunk], results: Sequence[Result]
    ) -> list[tuple[Chunk, str]]:
        """The chunks, divided where the language changes, and the language of each."""
        stretches = [
            chunk.stretches(STRETCH_S) if may_change(result.language_odds) else [chunk]
            for chunk, result in zip(chunks, results, strict=True)
        ]
        asked = [part for parts in stretches if len(parts) > 1 for part in parts]
        detected = iter(self._batcher.detect(recording, asked))
        odds = [
            [narrowed(next(detected), result.language_odds) for _ in parts]
            if len(parts) > 1
            else [result.language_odds]
            for parts, result in zip(stretches, results, strict=True)
        ]
        path = iter(
            likeliest_path(
                [stretch for chunk in odds for stretch in chunk],
                [stretch.speech_s for parts in stretches for stretch in parts],
            )
        )
        return [
            part
            for chunk, parts in zip(chunks, stretches, strict=True)
            for part in parts_by_language(chunk, parts, [next(path) for _ in parts])
        ]

    def words(self, recording: Recording, chunk: Chunk, result: Result) -> list[TimedWord] | None:
        """The chunk's words with their times in the recording; None where times were not asked for."""
        if self._timer is None:
            return None
        sound = recording.cut(chunk.start_s, chunk.end_s)
        words = self._timer.words(sound, result.text, result.language)
        return words and [word.shifted(chunk.start_s) for word in words]

    def check(self, language: str | None) -> None:
        """Refuse a language that the model does not know: a model of English would ignore the setting."""
        if self._timer is not None:
            self._timer.check(language)
        if language is not None and language not in self._languages:
            raise BadSettings(
                f"the speech model does not know the language {language!r}",
                "stopped before the first video",
                f"set asr.language to one that it knows ({', '.join(sorted(self._languages))}), or to null to let it"
                " detect the language",
            )


def open_transcriber(asr: Asr, model: Model) -> Transcriber:
    """Loaded once in each process."""
    backend = backend_of(asr)
    resolved = {"device": backend.device(asr), "compute_type": backend.compute_type(asr)}
    return _load(model, asr.model_copy(update=resolved))


@lru_cache(maxsize=1)
def _load(model: Model, asr: Asr) -> Transcriber:
    recognizer = backend_of(asr).load(model.folder, asr)
    detector = DETECTORS[asr.vad](asr.device)
    timer = WordTimer(asr.align, asr.device) if asr.align is not None else None
    return Transcriber(detector, recognizer, asr.batch_size, timer)
