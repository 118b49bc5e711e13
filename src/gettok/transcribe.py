"""Write down what is said in a video: voice activity detection first, then Whisper on the voices only."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.recognise import Chunk, Loading, Recogniser, Written, load, model_digest
from gettok.settings import Asr
from gettok.sound import Sound, decode, loudness_db, seconds
from gettok.step import Answer, Json, Row, Workers
from gettok.words import normalise

#: TikTok takes uploads of up to an hour.
LONGEST_S = 3600
SILENCE_DB = -80.0
#: Whisper's own threshold for text that repeats itself.
LOOPING_COMPRESSION = 2.4
FASTEST_CHARS_PER_S = 30.0


@dataclass(frozen=True)
class TranscribeStep:
    """One video's sound, or `no_audio`, `no_speech`, `undecodable`, `too_large`.

    Whisper invents text on silence and music (whisperX#820), so it is asked only where a voice was heard.
    Batch size and device change nothing in an answer and are not in its key.
    """

    asr: Asr

    @property
    def stage(self) -> str:
        return "transcribe"

    @property
    def version(self) -> int:
        return 1

    @property
    def settings(self) -> Mapping[str, Json]:
        """A model in a folder goes by the digest of its files: the folder's place says nothing."""
        return {
            "model": self._identity(),
            "revision": self.asr.revision,
            "compute_type": self.asr.compute_type,
            "language": self.asr.language,
            "chunk_s": self.asr.chunk_s,
            "beam_size": self.asr.beam_size,
            "min_speech_ratio": self.asr.min_speech_ratio,
        }

    @property
    def workers(self) -> Workers:
        return Workers("threads", 1)

    def open(self) -> None:
        recogniser = self._recogniser()
        if self.asr.language is not None:
            recogniser.check_language(self.asr.language)

    def ask(self, content: MediaFile) -> Answer:
        if content.sound is None:
            raise Unusable("no_audio", "a slideshow without a sound")
        sound = decode(content.sound, LONGEST_S)
        recogniser = self._recogniser()
        chunks = self._voices(recogniser, sound)
        language = self.asr.language or recogniser.language(sound, chunks)
        written = recogniser.write(sound, chunks, language, self.asr.batch_size)
        return Answer(_body(sound, chunks, language, written))

    def read(self, answer: Answer) -> list[Row]:
        body = answer.body
        if not normalise(body["text"]):
            raise Unusable("no_speech", f"a voice for {body['speech_s']:.1f} s, but no words")
        return [_row(body)]

    def _voices(self, recogniser: Recogniser, sound: Sound) -> list[Chunk]:
        if loudness_db(sound) < SILENCE_DB:
            raise Unusable("no_speech", "silence")
        chunks = recogniser.voices(sound, self.asr.chunk_s)
        ratio = _speech_s(chunks) / seconds(sound)
        if not chunks or ratio < self.asr.min_speech_ratio:
            raise Unusable("no_speech", f"a voice in {ratio:.1%} of {seconds(sound):.1f} s")
        return chunks

    def _identity(self) -> str:
        folder = Path(self.asr.model)
        return f"sha256:{model_digest(folder)}" if folder.is_dir() else self.asr.model

    def _recogniser(self) -> Recogniser:
        asr = self.asr
        return load(
            Loading(asr.model, asr.revision, self._identity(), asr.device, asr.compute_type, asr.beam_size)
        )


def _speech_s(chunks: Sequence[Chunk]) -> float:
    return sum(chunk.speech_s for chunk in chunks)


def _body(
    sound: Sound, chunks: Sequence[Chunk], language: str, written: Sequence[Written]
) -> dict[str, Json]:
    texts = (piece.text.strip() for piece in written)
    return {
        "text": " ".join(text for text in texts if text),
        "language": language,
        "segments": [_segment(chunk, piece) for chunk, piece in zip(chunks, written, strict=True)],
        "sound_s": round(seconds(sound), 3),
        "speech_s": round(_speech_s(chunks), 3),
    }


def _segment(chunk: Chunk, written: Written) -> dict[str, Json]:
    return {
        "start_s": round(chunk.start_s, 3),
        "end_s": round(chunk.end_s, 3),
        "text": written.text,
        "avg_logprob": round(written.avg_logprob, 4),
    }


def _row(body: Mapping[str, Json]) -> Row:
    text, speech_s = body["text"], body["speech_s"]
    segments = [segment for segment in body["segments"] if segment["text"].strip()]
    compression, pace = compression_ratio(text), len(text) / speech_s
    return {
        "text": text,
        "language": body["language"],
        "segments": [
            {"start_s": s["start_s"], "end_s": s["end_s"], "text": s["text"].strip()} for s in segments
        ],
        "sound_s": body["sound_s"],
        "speech_ratio": round(speech_s / body["sound_s"], 4),
        "avg_logprob": round(fmean(segment["avg_logprob"] for segment in segments), 4),
        "compression_ratio": compression,
        "chars_per_s": round(pace, 2),
        "suspect": compression > LOOPING_COMPRESSION or pace > FASTEST_CHARS_PER_S,
    }


def compression_ratio(text: str) -> float:
    """Bytes of the text over its zlib-compressed bytes, to two places; text that repeats itself is above 2.4."""
    plain = text.encode()
    return round(len(plain) / len(zlib.compress(plain)), 2)
