"""The step that transcribes a video: voice activity detection first, then Whisper on the speech only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import not_
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.media.recording import Recording
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.settings.roles import ASR_EXECUTION_ONLY
from gettok.speech.alignment import TimedWord
from gettok.speech.demo_model import WARNING, is_demo_model
from gettok.speech.hallucinations import DOUBTFUL_LOGPROB, DOUBTFUL_NO_SPEECH_PROB, is_hallucination
from gettok.speech.quality_flags import (
    LOOPING_COMPRESSION,
    compression_ratio,
    is_language_doubtful,
    measure,
)
from gettok.speech.recognizer import Result, backend_of
from gettok.speech.vad import Chunk
from gettok.speech.word_timestamps import aligners_identity, identity
from gettok.step import Answer, Json, Row, Workers
from gettok.text.tokens import normalise

if TYPE_CHECKING:
    from gettok.speech.transcriber import Transcriber

#: The limit by default. It was the only one before it was a setting, so keys from then are the keys of this limit.
_MAX_SOUND_S = 3660
SILENCE_DB = -80.0
#: So much speech is transcribed however small its share of the sound.
_ENOUGH_SPEECH_S = 5.0
#: In a sound without speech, so much is analysed for music.
_SAMPLE_S = 300.0
#: Which chunks share a batch moves the seventh digit of a probability.
_DIGITS = 2
_MIN_WEIGHT_S = 0.001

SoundKind = Literal["silence", "music", "noise", "voice"]


@dataclass(frozen=True)
class TranscribeStep:
    """One video's transcript, or `no_audio`, `no_speech`, `music`, `undecodable`, `too_large`.

    Whisper writes text for silence and music (whisperX#820), so it gets only what has speech. Batch size and device
    change nothing in an answer and are not in its key.
    """

    asr: Asr

    @property
    def stage(self) -> str:
        return "transcribe"

    @property
    def version(self) -> int:
        return 6

    @cached_property
    def settings(self) -> Mapping[str, Json]:
        """Every setting that can change an answer; a name is resolved to what it means here and now."""
        unnamed = {"max_sound_s"} if self.asr.max_sound_s == _MAX_SOUND_S else set()
        return self.asr.model_dump(exclude={"revision", *ASR_EXECUTION_ONLY, *unnamed}) | {
            "model": self.model.identity,
            "compute_type": self._compute_type,
            "align": identity(self.asr.align, self.asr.language),
        }

    @property
    def workers(self) -> Workers:
        """A batch in the model, one that waits, and some clips that are being decoded."""
        return Workers("threads", 2 * self.asr.batch_size + 2)

    @cached_property
    def model(self) -> Model:
        """Raises `BadSettings` if there is no such model, `NotNow` if the hub cannot be reached."""
        return backend_of(self.asr).find(self.asr)

    @property
    def warning(self) -> str | None:
        """What a person should know about the model before they read its transcripts."""
        return WARNING if is_demo_model(self.model.digest) else None

    def open(self) -> None:
        self._transcriber().check(self.asr.language)

    def ask(self, content: MediaFile) -> Answer:
        from gettok.media.audio import decode_audio  # noqa: PLC0415 - decoders take long to import; most answers are known
        from gettok.speech.batching import oom_as_unusable  # noqa: PLC0415 - as above

        content.check()
        if content.sound is None:
            raise Unusable("no_audio", "a slideshow without a sound")
        recording = decode_audio(content.sound, self.asr.max_sound_s)
        with oom_as_unusable():
            return self._answer(recording)

    def _answer(self, recording: Recording) -> Answer:
        chunks = self._chunks(recording)
        facts = {
            "model": self.model.identity,
            "compute_type": self._compute_type,
            "sound_s": round(recording.seconds, 3),
            "speech_s": round(sum(chunk.speech_s for chunk in chunks), 3),
        }
        if not self._has_speech(recording, chunks):
            return Answer(facts | {"heard": _kind(recording), "language": None, "segments": []})
        transcriber = self._transcriber()
        segments = [
            _segment(chunk, result) | _timed(transcriber.words(recording, chunk, result))
            for chunk, result in transcriber.transcribe(recording, chunks, self.asr.language)
        ]
        spoken_s = _spoken_s(segments)
        facts["align"] = aligners_identity(self.asr.align, sorted(spoken_s))
        return Answer(facts | {"heard": "voice", "language": _most(spoken_s), "segments": segments})

    def read(self, answer: Answer) -> list[Row]:
        body = answer.body
        row = _sound_columns(body)
        if body["heard"] != "voice":
            reason = "music" if body["heard"] == "music" else "no_speech"
            detail = f"{body['heard']}; a voice in {row['speech_ratio']:.1%} of {body['sound_s']:.1f} s"
            raise Unusable(reason, detail, row | {"speech": reason})
        hallucinated = list(map(_is_hallucination, body["segments"]))
        row |= {
            "raw_text": _joined(body["segments"]),
            "language": body["language"],
            "hallucinations": sum(hallucinated),
        }
        segments = compress(body["segments"], map(not_, hallucinated))
        spoken = [segment for segment in segments if _is_spoken(segment)]
        if not spoken:
            detail = f"a voice for {body['speech_s']:.1f} s, but no words"
            raise Unusable("no_speech", detail, row | {"speech": "no_speech"})
        return [row | _transcript_columns(spoken, body["model"]["sha256"])]

    def _chunks(self, recording: Recording) -> list[Chunk]:
        if recording.loudness_db() < SILENCE_DB:
            return []
        return self._transcriber().chunks(recording, self.asr.chunk_s)

    def _has_speech(self, recording: Recording, chunks: Sequence[Chunk]) -> bool:
        speech_s = sum(chunk.speech_s for chunk in chunks)
        if speech_s >= _ENOUGH_SPEECH_S:
            return True
        return speech_s > 0 and speech_s / recording.seconds >= self.asr.min_speech_ratio

    @property
    def _compute_type(self) -> str:
        return backend_of(self.asr).compute_type(self.asr)

    def _transcriber(self) -> "Transcriber":
        from gettok.speech.transcriber import open_transcriber  # noqa: PLC0415 - as in `ask`

        return open_transcriber(self.asr, self.model)


def _kind(recording: Recording) -> SoundKind:
    if recording.loudness_db() < SILENCE_DB:
        return "silence"
    from gettok.speech.music import kind_of  # noqa: PLC0415 - as in `ask`

    middle_s = recording.seconds / 2
    return kind_of(recording.cut(max(0.0, middle_s - _SAMPLE_S / 2), middle_s + _SAMPLE_S / 2))


def _segment(chunk: Chunk, result: Result) -> dict[str, Json]:
    return {
        "start_s": round(chunk.start_s, 3),
        "end_s": round(chunk.end_s, 3),
        "speech_s": round(chunk.speech_s, 3),
        "text": result.text,
        "language": result.language,
        "language_probability": round(result.language_probability, _DIGITS),
        "rival_probability": round(result.rival_probability, _DIGITS),
        "avg_logprob": round(result.avg_logprob, _DIGITS),
        "no_speech_prob": round(result.no_speech_prob, _DIGITS),
    }


def _timed(words: Sequence[TimedWord] | None) -> dict[str, Json]:
    """The words with their times, if there are any; a frame of an aligner lasts 20 ms."""
    if words is None:
        return {}
    return {
        "words": [
            {
                "text": word.text,
                "start_s": round(word.start_s, _DIGITS),
                "end_s": round(word.end_s, _DIGITS),
                "score": None if word.score is None else round(word.score, _DIGITS),
            }
            for word in words
        ]
    }


def _sound_columns(body: Mapping[str, Json]) -> Row:
    """The columns of every sound, with or without speech."""
    model = body["model"]
    return {
        "sound_s": body["sound_s"],
        "speech_ratio": round(body["speech_s"] / body["sound_s"], 4) if body["sound_s"] else 0.0,
        "speech_model": model["repository"],
        "speech_model_revision": model["revision"],
        "speech_model_sha256": model["sha256"],
        "speech_compute_type": body["compute_type"],
    }


def _is_spoken(segment: Mapping[str, Json]) -> bool:
    """Whether there are words that are not invented for silence."""
    return bool(normalise(segment["text"])) and not _is_silent(segment)


def _is_silent(segment: Mapping[str, Json]) -> bool:
    """Whether the model may hear no speech, and its text is improbable, a loop, or in no language.

    Whisper's own rule is the first two, with a threshold of 0.6. Whisper base writes text for each of 21 sounds without
    words: its rule finds 4 of these texts, and this one 20.
    """
    return segment["no_speech_prob"] > DOUBTFUL_NO_SPEECH_PROB and (
        segment["avg_logprob"] < DOUBTFUL_LOGPROB
        or compression_ratio(segment["text"]) > LOOPING_COMPRESSION
        or _is_language_doubtful(segment)
    )


def _is_language_doubtful(segment: Mapping[str, Json]) -> bool:
    return is_language_doubtful(segment["language_probability"], segment["rival_probability"])


def _is_hallucination(segment: Mapping[str, Json]) -> bool:
    numbers = {key: segment[key] for key in ("no_speech_prob", "avg_logprob")}
    return is_hallucination(segment["text"], segment["language"], **numbers)


def _joined(segments: Sequence[Mapping[str, Json]]) -> str:
    return " ".join(text for segment in segments if (text := segment["text"].strip()))


def _spoken_s(segments: Sequence[Mapping[str, Json]]) -> dict[str, float]:
    """How long each language is spoken, in the order in which they begin."""
    seconds = dict.fromkeys((segment["language"] for segment in segments), 0.0)
    for segment in segments:
        seconds[segment["language"]] += max(segment["speech_s"], _MIN_WEIGHT_S)
    return seconds


def _most(spoken_s: Mapping[str, float]) -> str:
    """The language that is spoken longest, to the millisecond; the first of several."""
    return max(spoken_s, key=lambda language: round(spoken_s[language], 3))


def _transcript_columns(segments: Sequence[Mapping[str, Json]], model_sha256: str) -> Row:
    """The columns of a transcript with words."""
    speech_s = sum(segment["speech_s"] for segment in segments)
    spoken_s = _spoken_s(segments)
    language = _most(spoken_s)
    weights = _weights(segments)
    mean = {
        key: _mean(segments, key, weights)
        for key in ("avg_logprob", "no_speech_prob", "language_probability")
    }
    quality = measure(
        [segment["text"] for segment in segments],
        language,
        speech_s,
        avg_logprob=mean["avg_logprob"],
        no_speech_prob=mean["no_speech_prob"],
        doubtful_language_share=fmean(map(_is_language_doubtful, segments), weights),
        is_demo_model=is_demo_model(model_sha256),
    )
    words = [segment["words"] for segment in segments if "words" in segment]
    return mean | {
        "text": _joined(segments),
        "language": language,
        "language_share": round(spoken_s[language] / sum(spoken_s.values()), _DIGITS),
        "segments": [
            {key: segment[key] for key in ("start_s", "end_s", "language")}
            | {"text": segment["text"].strip()}
            for segment in segments
        ],
        "words": [word for of_segment in words for word in of_segment] if words else None,
        "compression_ratio": quality.compression_ratio,
        "chars_per_s": round(quality.chars_per_s, 2),
        "repeats": max(quality.word_repeats, quality.phrase_repeats),
        "quality_flags": list(quality.flags),
        "speech": "suspect" if quality.flags else "speech",
    }


def _mean(segments: Sequence[Mapping[str, Json]], key: str, weights: Sequence[float]) -> float:
    return round(fmean((segment[key] for segment in segments), weights), _DIGITS)


def _weights(segments: Sequence[Mapping[str, Json]]) -> list[float]:
    """How much speech each segment has, by which it counts in a mean."""
    return [max(segment["speech_s"], _MIN_WEIGHT_S) for segment in segments]
