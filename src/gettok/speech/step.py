"""Write down what is said in a video: voice activity detection first, then Whisper on the voices only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Literal

from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.media.audio import Recording, decode_audio
from gettok.models.hub import Model
from gettok.settings import Asr
from gettok.speech.alignment import Word
from gettok.speech.batching import crowding_told
from gettok.speech.hallucinations import is_hallucination
from gettok.speech.models import compute_type_of, find
from gettok.speech.music import kind_of
from gettok.speech.quality_flags import flags
from gettok.speech.recognizer import Result
from gettok.speech.transcriber import Transcriber, listener
from gettok.speech.vad import Chunk
from gettok.speech.word_timestamps import aligned_by, identity
from gettok.step import Answer, Json, Row, Workers
from gettok.text.tokens import normalise

#: TikTok takes uploads of up to an hour, and a sound may end a moment after its pictures.
LONGEST_S = 3660
SILENCE_DB = -80.0
#: So much voice is listened to, however long the rest of the sound lasts.
_PLAIN_VOICE_S = 5.0
#: Of a sound without a voice, so much is listened to for music.
_SAMPLE_S = 300.0
#: Whisper's own rule for a stretch in which nobody speaks.
_SILENT_PROBABILITY, _SILENT_LOGPROB = 0.6, -1.0
#: Whoever shares a batch moves the seventh digit of a probability.
_DIGITS = 2
_LEAST_S = 0.001

Heard = Literal["silence", "music", "noise", "voice"]


@dataclass(frozen=True)
class TranscribeStep:
    """One video's sound, or `no_audio`, `no_speech`, `music`, `undecodable`, `too_large`.

    Whisper invents text on silence and music (whisperX#820), so it is asked only where a voice was heard. Batch
    size and device change nothing in an answer and are not in its key.
    """

    asr: Asr

    @property
    def stage(self) -> str:
        return "transcribe"

    @property
    def version(self) -> int:
        return 3

    @property
    def settings(self) -> Mapping[str, Json]:
        return {
            "backend": self.asr.backend,
            "model": self.model.identity,
            "compute_type": compute_type_of(self.asr),
            "language": self.asr.language,
            "vad": self.asr.vad,
            "chunk_s": self.asr.chunk_s,
            "window_s": self.asr.window_s,
            "beam_size": self.asr.beam_size,
            "min_speech_ratio": self.asr.min_speech_ratio,
            "align": identity(self.asr.align, self.asr.language),
        }

    @property
    def workers(self) -> Workers:
        """A batch in the model, one that waits, and some clips that are being decoded."""
        return Workers("threads", 2 * self.asr.batch_size + 2)

    @cached_property
    def model(self) -> Model:
        """Raises `BadSettings` if there is no such model, `NotNow` if the hub cannot be reached."""
        return find(self.asr)

    def open(self) -> None:
        self._listener().check(self.asr.language)

    def ask(self, content: MediaFile) -> Answer:
        if content.sound is None:
            raise Unusable("no_audio", "a slideshow without a sound")
        recording = decode_audio(content.sound, LONGEST_S)
        with crowding_told():
            return self._answer(recording)

    def _answer(self, recording: Recording) -> Answer:
        chunks = self._chunks(recording)
        facts = {
            "model": self.model.identity,
            "compute_type": compute_type_of(self.asr),
            "sound_s": round(recording.seconds, 3),
            "speech_s": round(sum(chunk.speech_s for chunk in chunks), 3),
        }
        if not self._is_voiced(recording, chunks):
            return Answer(facts | {"heard": _kind(recording), "language": None, "segments": []})
        ear = self._listener()
        written = ear.write(recording, chunks, self.asr.language)
        segments = [
            _segment(chunk, piece) | _timed(ear.words(recording, chunk, piece))
            for chunk, piece in zip(chunks, written, strict=True)
        ]
        language = written[0].language
        facts["align"] = aligned_by(self.asr.align, language)
        return Answer(facts | {"heard": "voice", "language": language, "segments": segments})

    def read(self, answer: Answer) -> list[Row]:
        body = answer.body
        row = _sound_of(body)
        if body["heard"] != "voice":
            reason = "music" if body["heard"] == "music" else "no_speech"
            heard = f"{body['heard']}; a voice in {row['speech_ratio']:.1%} of {body['sound_s']:.1f} s"
            raise Unusable(reason, heard, row | {"speech": reason})
        kept = [segment for segment in body["segments"] if _is_said(segment, body["language"])]
        row |= {
            "raw_text": _joined(body["segments"]),
            "language": body["language"],
            "hallucinations": sum(_is_invented(segment, body["language"]) for segment in body["segments"]),
        }
        if not normalise(_joined(kept)):
            detail = f"a voice for {body['speech_s']:.1f} s, but no words"
            raise Unusable("no_speech", detail, row | {"speech": "no_speech"})
        return [row | _spoken(body["language"], kept)]

    def _chunks(self, recording: Recording) -> list[Chunk]:
        if recording.loudness_db() < SILENCE_DB:
            return []
        return self._listener().chunks(recording, self.asr.chunk_s)

    def _is_voiced(self, recording: Recording, chunks: Sequence[Chunk]) -> bool:
        speech_s = sum(chunk.speech_s for chunk in chunks)
        if speech_s >= _PLAIN_VOICE_S:
            return True
        return speech_s > 0 and speech_s / recording.seconds >= self.asr.min_speech_ratio

    def _listener(self) -> Transcriber:
        return listener(self.asr, self.model)


def _kind(recording: Recording) -> Heard:
    if recording.loudness_db() < SILENCE_DB:
        return "silence"
    middle_s = recording.seconds / 2
    return kind_of(recording.cut(max(0.0, middle_s - _SAMPLE_S / 2), middle_s + _SAMPLE_S / 2))


def _segment(chunk: Chunk, written: Result) -> dict[str, Json]:
    return {
        "start_s": round(chunk.start_s, 3),
        "end_s": round(chunk.end_s, 3),
        "speech_s": round(chunk.speech_s, 3),
        "text": written.text,
        "language_probability": round(written.language_probability, _DIGITS),
        "avg_logprob": round(written.avg_logprob, _DIGITS),
        "no_speech_prob": round(written.no_speech_prob, _DIGITS),
    }


def _timed(words: Sequence[Word] | None) -> dict[str, Json]:
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


def _sound_of(body: Mapping[str, Json]) -> Row:
    """What is known of every sound, spoken or not."""
    model = body["model"]
    return {
        "sound_s": body["sound_s"],
        "speech_ratio": round(body["speech_s"] / body["sound_s"], 4) if body["sound_s"] else 0.0,
        "speech_model": model["repository"],
        "speech_model_revision": model["revision"],
        "speech_model_sha256": model["sha256"],
        "speech_compute_type": body["compute_type"],
    }


def _is_said(segment: Mapping[str, Json], language: str) -> bool:
    """Words, neither silent by Whisper's own rule nor a known invention."""
    silent = segment["no_speech_prob"] > _SILENT_PROBABILITY and segment["avg_logprob"] < _SILENT_LOGPROB
    return bool(normalise(segment["text"])) and not silent and not _is_invented(segment, language)


def _is_invented(segment: Mapping[str, Json], language: str) -> bool:
    doubts = {key: segment[key] for key in ("no_speech_prob", "avg_logprob")}
    return is_hallucination(segment["text"], language, **doubts)


def _joined(segments: Sequence[Mapping[str, Json]]) -> str:
    return " ".join(text for segment in segments if (text := segment["text"].strip()))


def _spoken(language: str, segments: Sequence[Mapping[str, Json]]) -> Row:
    """The columns of a transcript with words."""
    speech_s = sum(segment["speech_s"] for segment in segments)
    mean = {key: _mean(segments, key) for key in ("avg_logprob", "no_speech_prob", "language_probability")}
    found = flags([segment["text"] for segment in segments], language, speech_s, **mean)
    return mean | {
        "text": _joined(segments),
        "segments": [
            {"start_s": one["start_s"], "end_s": one["end_s"], "text": one["text"].strip()}
            for one in segments
        ],
        "words": [word for one in segments for word in one["words"]] if "words" in segments[0] else None,
        "compression_ratio": found.compression_ratio,
        "chars_per_s": round(found.chars_per_s, 2),
        "repeats": max(found.word_repeats, found.phrase_repeats),
        "quality_flags": list(found.doubts),
        "speech": "suspect" if found.doubts else "speech",
    }


def _mean(segments: Sequence[Mapping[str, Json]], key: str) -> float:
    """Over the segments, each by how long somebody speaks in it."""
    weights = [max(one["speech_s"], _LEAST_S) for one in segments]
    return round(fmean((one[key] for one in segments), weights), _DIGITS)
