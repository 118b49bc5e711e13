"""What a question costs before it is asked: at most, and typically. The real cost is in `gettok.llm.response`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gettok.llm.response import cost_usd
from gettok.media.clip import Clip
from gettok.settings import ClipSettings, ImageTokens, Prices

#: A token of ordinary text has about four bytes, and never less than one.
_BYTES_PER_TOKEN = 4
#: What a chat format adds to each message, estimated generously.
_TOKENS_PER_MESSAGE = 16
#: The longest request to repair an answer, which quotes what was wrong.
_REPAIR_BYTES = 1000
#: An answer of typical length, in tokens: two to five sentences and the words on the screen, in JSON.
TYPICAL_ANSWER = 150

#: OpenAI's rule for images in high detail: scale into a square of 2,048, then the shorter side to 768, and count the
#: squares of 512, as its guide to images says.
_LARGEST, _SHORTER_SIDE, _SQUARE = 2048, 768, 512


@dataclass(frozen=True)
class CallSize:
    """How much is sent: bytes of text (with the schema), messages, and tokens of images; and the longest answer.

    Videos and sounds are among the images.
    """

    text_bytes: int
    messages: int
    image_tokens: int
    max_output_tokens: int

    @property
    def max_input_tokens(self) -> int:
        """The most tokens that this can be: a token has at least one byte."""
        return self.text_bytes + self.messages * _TOKENS_PER_MESSAGE + self.image_tokens

    @property
    def typical_input_tokens(self) -> int:
        text = math.ceil(self.text_bytes / _BYTES_PER_TOKEN)
        return text + self.messages * _TOKENS_PER_MESSAGE // 2 + self.image_tokens


def image_tokens(sizes: Iterable[tuple[int, int]], detail: str, counts: ImageTokens) -> int:
    """Tokens of images with these widths and heights. `auto` counts as high, which it may be."""
    if detail == "low":
        return sum(counts.low for _ in sizes)
    return sum(max(counts.low, counts.base + counts.square * _squares(*size)) for size in sizes)


def clip_tokens(clips: Iterable[Clip], counts: ClipSettings) -> int:
    """Tokens of videos and sounds, by their pictures and their seconds of sound."""
    return sum(
        clip.pictures * counts.tokens_per_frame + math.ceil(clip.sound_s * counts.tokens_per_s_of_sound)
        for clip in clips
    )


def _squares(width: int, height: int) -> int:
    scale = min(1.0, _LARGEST / max(width, height))
    scale = min(scale, _SHORTER_SIDE / min(width, height))
    return math.ceil(width * scale / _SQUARE) * math.ceil(height * scale / _SQUARE)


def worst_case_usd(size: CallSize, prices: Prices) -> Decimal:
    """The most that a call can cost."""
    return cost_usd(size.max_input_tokens, size.max_output_tokens, prices)


def worst_case_with_repair_usd(size: CallSize, prices: Prices) -> Decimal:
    """The same, with the one call that follows a malformed answer and sends that answer back."""
    sent_again = size.max_input_tokens + size.max_output_tokens + _REPAIR_BYTES + 2 * _TOKENS_PER_MESSAGE
    return worst_case_usd(size, prices) + cost_usd(sent_again, size.max_output_tokens, prices)


def least_usd(size: CallSize, prices: Prices, answer_tokens: int) -> Decimal:
    """What a call costs if its text and its answer have half as many tokens as typical ones."""
    text = size.typical_input_tokens - size.image_tokens
    return cost_usd(size.image_tokens + text // 2, answer_tokens // 2, prices)


def typical_usd(size: CallSize, prices: Prices, answer_tokens: int = TYPICAL_ANSWER) -> Decimal:
    """What a call typically costs."""
    return cost_usd(size.typical_input_tokens, min(answer_tokens, size.max_output_tokens), prices)
