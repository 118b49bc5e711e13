"""Flags for transcripts that need a person's look. A flag never drops a word."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from operator import eq
from typing import Literal, get_args

from gettok.speech.hallucinations import holds_credits, is_hallucination
from gettok.text.tokens import normalise

QualityFlag = Literal[
    "looping", "compression", "pace", "improbable", "language", "hallucination", "demo_model"
]
#: Every flag, in the order in which a transcript's flags are given.
QUALITY_FLAGS: tuple[QualityFlag, ...] = get_args(QualityFlag)

#: Whisper's own threshold for text that repeats itself (`compression_ratio_threshold`). Whisper base gives sentences of
#: speech at most 1.9, and its loops over noise and music 2.4 to 17.
LOOPING_COMPRESSION = 2.4
#: Whisper's own threshold for words that it finds unlikely (`logprob_threshold`). Whisper base gives chunks of speech
#: that it understands -0.1 to -0.6, and 4 of 33 stretches of a few seconds, all misunderstood, less than -0.9.
IMPROBABLE_LOGPROB = -1.0
#: faster-whisper's own threshold for a detected language (`language_detection_threshold`). Whisper base gives the right
#: language of a chunk of speech 0.59 to 0.99, and a synthetic voice in Quechua, which it does not know, is Thai for it
#: with 0.5, or Hindi, or English.
UNSURE_OF_LANGUAGE = 0.5
#: The two likeliest languages of a segment are close if they differ by less: in a chunk of two languages by up to 0.3
#: where 2 s of 29 s are in the other.
CLOSE_LANGUAGES = 0.3
#: So much of the speech may be in a doubtful language without a flag: single short segments often are.
MOST_DOUBTFUL_LANGUAGE = 0.2
FASTEST_CHARS_PER_S = 30.0
SLOWEST_CHARS_PER_S = 1.0
#: In less speech than this, a single word is not too slow.
LONG_SPEECH_S = 10.0
MAX_PHRASE_WORDS = 8

# People repeat themselves, too: `no, no, no, no, no` is everyday speech, and a slogan is called out and answered two or
# three times. A crowd that goes on for longer is flagged like a loop, since its words look the same. Loops that people
# report mostly have 16 repeats and more, so real ones are far above both thresholds.
LOOPING_WORD = 6
LOOPING_PHRASE = 4


@dataclass(frozen=True)
class TranscriptQuality:
    """What decides a transcript's flags. `None`: the model does not give this number.

    `compression_ratio` is the highest of a segment, which is what Whisper's threshold is for: that of a whole text
    grows with its length. `word_repeats` and `phrase_repeats`: how many times in a row one word, and a run of two to
    eight words, appears at most. `speech_s`: how long there is speech, which is less than the sound's length.
    """

    compression_ratio: float
    word_repeats: int
    phrase_repeats: int
    chars: int
    speech_s: float
    avg_logprob: float | None
    doubtful_language_share: float
    is_hallucination: bool
    is_demo_model: bool = False

    @property
    def chars_per_s(self) -> float:
        """Infinite for text without any speech."""
        if not self.speech_s:
            return float("inf") if self.chars else 0.0
        return self.chars / self.speech_s

    @property
    def flags(self) -> tuple[QualityFlag, ...]:
        """What gives reason to doubt the transcript, in the order of `QUALITY_FLAGS`."""
        out_of_range: dict[QualityFlag, bool] = {
            "looping": self.word_repeats >= LOOPING_WORD or self.phrase_repeats >= LOOPING_PHRASE,
            "compression": self.compression_ratio > LOOPING_COMPRESSION,
            "pace": self._is_out_of_pace(),
            "improbable": self.avg_logprob is not None and self.avg_logprob < IMPROBABLE_LOGPROB,
            "language": self.doubtful_language_share > MOST_DOUBTFUL_LANGUAGE,
            "hallucination": self.is_hallucination,
            "demo_model": self.is_demo_model,
        }
        return tuple(flag for flag in QUALITY_FLAGS if out_of_range[flag])

    def _is_out_of_pace(self) -> bool:
        too_slow = self.speech_s > LONG_SPEECH_S and self.chars_per_s < SLOWEST_CHARS_PER_S
        return too_slow or self.chars_per_s > FASTEST_CHARS_PER_S


def measure(  # noqa: PLR0913 -- a number each, by name
    segments: Sequence[str],
    language: str,
    speech_s: float,
    *,
    avg_logprob: float | None = None,
    no_speech_prob: float | None = None,
    doubtful_language_share: float = 0.0,
    is_demo_model: bool = False,
) -> TranscriptQuality:
    """The quality of a transcript, given the texts of its segments; one credit among them is enough for a flag."""
    texts = [stripped for segment in segments if (stripped := segment.strip())]
    text = " ".join(texts)
    hallucinated = is_hallucination(text, language, no_speech_prob=no_speech_prob, avg_logprob=avg_logprob)
    word_repeats, phrase_repeats = _repeats(text)
    return TranscriptQuality(
        compression_ratio=max(map(compression_ratio, texts), default=0.0),
        word_repeats=word_repeats,
        phrase_repeats=phrase_repeats,
        chars=len(text),
        speech_s=speech_s,
        avg_logprob=avg_logprob,
        doubtful_language_share=doubtful_language_share,
        is_hallucination=hallucinated or holds_credits(text),
        is_demo_model=is_demo_model,
    )


def is_language_doubtful(probability: float, rival: float) -> bool:
    """Whether a segment may be in another language than its text, or in several, or in one that Whisper lacks.

    `rival` is the probability of the likeliest other language.
    """
    return probability < UNSURE_OF_LANGUAGE or round(probability - rival, 2) < CLOSE_LANGUAGES


def compression_ratio(text: str) -> float:
    """Bytes of the text over its zlib-compressed bytes, to two places; text that repeats itself is above 2.4."""
    plain = text.encode()
    return round(len(plain) / len(zlib.compress(plain)), 2)


def repeats(text: str) -> int:
    """How many times in a row the most repeated run of one to eight words appears: 1 if none repeats, 0 without words.

    Linear in the text's length. In a script without spaces between words (Japanese, Chinese, Thai), the text between
    two punctuation marks counts as one word; `compression_ratio` sees the loops inside.
    """
    return max(_repeats(text))


def _repeats(text: str) -> tuple[int, int]:
    """The same for single words, and for runs of two to eight."""
    words = normalise(text)
    lengths = range(2, MAX_PHRASE_WORDS + 1)
    return _in_a_row(words, 1), max(_in_a_row(words, length) for length in lengths)


def _in_a_row(words: Sequence[str], length: int) -> int:
    """How many times in a row a run of this length appears at most.

    A run that appears n times in a row is a stretch of (n - 1) runs that equal what comes one run later.
    """
    if len(words) < length:
        return 0
    equals = bytes(map(eq, words, islice(words, length, None)))
    longest_stretch = max(map(len, equals.split(b"\0")))
    return longest_stretch // length + 1
