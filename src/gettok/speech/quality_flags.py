"""What makes a transcript doubtful. A doubt asks somebody to look; it never drops a word."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from gettok.speech.hallucinations import holds_credits, is_hallucination
from gettok.text.tokens import normalise

Doubt = Literal["looping", "compression", "pace", "improbable", "language", "invention"]
#: All that a transcript can be doubted for, in the order in which doubts are given.
DOUBTS: tuple[Doubt, ...] = get_args(Doubt)

#: Whisper's own threshold for text that repeats itself.
LOOPING_COMPRESSION = 2.4
#: Whisper's own threshold for words that it does not believe in.
IMPROBABLE_LOGPROB = -1.0
#: faster-whisper's own threshold for having heard which language it is.
UNSURE_OF_LANGUAGE = 0.5
FASTEST_CHARS_PER_S = 30.0
SLOWEST_CHARS_PER_S = 1.0
#: One word may answer a shorter voice.
LONG_VOICE_S = 10.0
LONGEST_PHRASE_WORDS = 8

# People repeat themselves too: `no, no, no, no, no` is everyday speech, and a slogan is called out and answered
# twice or three times. A crowd that goes on for longer is doubted like a loop, which from the words alone it
# resembles. Loops that people report mostly go on for 16 times and more, so real ones are far above both.
LOOPING_WORD = 6
LOOPING_PHRASE = 4


@dataclass(frozen=True)
class Flags:
    """The numbers by which a transcript can be doubted. `None`: the model does not say.

    `compression_ratio` is the highest of a segment, for which Whisper's threshold is meant: that of a whole text grows
    with its length. `word_repeats` and `phrase_repeats`: how often one word, and a run of two to eight words, stands in
    a row at most. `voice_s`: how long a voice is heard, which is less than the sound lasts.
    """

    compression_ratio: float
    word_repeats: int
    phrase_repeats: int
    chars: int
    voice_s: float
    avg_logprob: float | None
    language_probability: float | None
    invention: bool

    @property
    def chars_per_s(self) -> float:
        """Infinite for text without any voice."""
        if not self.voice_s:
            return float("inf") if self.chars else 0.0
        return self.chars / self.voice_s

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Names of the numbers that are out of range, in the order of `DOUBTS`."""
        out_of_range: dict[Doubt, bool] = {
            "looping": self.word_repeats >= LOOPING_WORD or self.phrase_repeats >= LOOPING_PHRASE,
            "compression": self.compression_ratio > LOOPING_COMPRESSION,
            "pace": self._out_of_pace(),
            "improbable": self.avg_logprob is not None and self.avg_logprob < IMPROBABLE_LOGPROB,
            "language": self.language_probability is not None
            and self.language_probability < UNSURE_OF_LANGUAGE,
            "invention": self.invention,
        }
        return tuple(doubt for doubt in DOUBTS if out_of_range[doubt])

    def _out_of_pace(self) -> bool:
        too_slow = self.voice_s > LONG_VOICE_S and self.chars_per_s < SLOWEST_CHARS_PER_S
        return too_slow or self.chars_per_s > FASTEST_CHARS_PER_S


def flags(  # noqa: PLR0913 -- a number each, by name
    segments: Sequence[str],
    language: str,
    voice_s: float,
    *,
    avg_logprob: float | None = None,
    language_probability: float | None = None,
    no_speech_prob: float | None = None,
) -> Flags:
    """The flags of a transcript, given the texts of its segments; one credit among them makes it doubtful.

    A language that somebody set, and nobody detected, has no probability: `None`.
    """
    said = [stripped for segment in segments if (stripped := segment.strip())]
    text = " ".join(said)
    invented = is_hallucination(text, language, no_speech_prob=no_speech_prob, avg_logprob=avg_logprob)
    word_repeats, phrase_repeats = _repeats(text)
    return Flags(
        compression_ratio=max(map(compression_ratio, said), default=0.0),
        word_repeats=word_repeats,
        phrase_repeats=phrase_repeats,
        chars=len(text),
        voice_s=voice_s,
        avg_logprob=avg_logprob,
        language_probability=language_probability,
        invention=invented or holds_credits(text),
    )


def compression_ratio(text: str) -> float:
    """Bytes of the text over its zlib-compressed bytes, to two places; text that repeats itself is above 2.4."""
    plain = text.encode()
    return round(len(plain) / len(zlib.compress(plain)), 2)


def loops(text: str) -> int:
    """How often the most repeated run of one to eight words stands in a row: 1 if nothing does, 0 without words.

    Linear in the text's length. Where a script puts no space between words (Japanese, Chinese, Thai), what
    stands between two marks counts as one word; `compression_ratio` sees the loops inside.
    """
    return max(_repeats(text))


def _repeats(text: str) -> tuple[int, int]:
    """The same for single words, and for runs of two to eight."""
    words = normalise(text)
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    row = np.array([numbers[word] for word in words], np.int64)
    lengths = range(2, LONGEST_PHRASE_WORDS + 1)
    return _in_a_row(row, 1), max(_in_a_row(row, length) for length in lengths)


def _in_a_row(row: npt.NDArray[np.int64], length: int) -> int:
    """A run that stands n times in a row is a stretch of (n - 1) runs that equal what comes one run later."""
    if row.size < length:
        return 0
    differs = row[length:] != row[:-length]
    ends = np.flatnonzero(np.concatenate(([True], differs, [True])))
    longest_stretch = int(np.diff(ends).max()) - 1
    return longest_stretch // length + 1
