"""What a question costs before it is asked: at most, and about, for a plan. What it did cost: `gettok.llm.response`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gettok.llm.response import cost_usd
from gettok.settings import ImageTokens, Prices

#: A token of ordinary text has about four bytes, and never less than one.
_BYTES_IN_A_TOKEN = 4
#: What a chat format adds around a message, generously.
_AROUND_A_MESSAGE = 16
#: The wish for an answer in the right form, at most; it quotes what was wrong.
_WISH_BYTES = 1000
#: An answer of ordinary length, in tokens: what a plan goes by.
ORDINARY_ANSWER = 150

#: OpenAI's rule for pictures in high detail: into a square of 2,048, then the shorter side to 768, then squares of 512.
_LARGEST, _SHORTER_SIDE, _SQUARE = 2048, 768, 512


@dataclass(frozen=True)
class Size:
    """How much is sent: bytes of text (schema included), messages, and tokens of pictures; and the longest answer."""

    text_bytes: int
    messages: int
    picture_tokens: int
    most_tokens: int

    @property
    def most_sent(self) -> int:
        """Tokens that can be sent at most: no token has less than a byte."""
        return self.text_bytes + self.messages * _AROUND_A_MESSAGE + self.picture_tokens

    @property
    def about_sent(self) -> int:
        text = math.ceil(self.text_bytes / _BYTES_IN_A_TOKEN)
        return text + self.messages * _AROUND_A_MESSAGE // 2 + self.picture_tokens


def picture_tokens(sides: Iterable[tuple[int, int]], detail: str, counts: ImageTokens) -> int:
    """Tokens of pictures of these widths and heights; `auto` may be high."""
    if detail == "low":
        return sum(counts.low for _ in sides)
    return sum(max(counts.low, counts.base + counts.square * _squares(*side)) for side in sides)


def _squares(width: int, height: int) -> int:
    scale = min(1.0, _LARGEST / max(width, height))
    scale = min(scale, _SHORTER_SIDE / min(width, height))
    return math.ceil(width * scale / _SQUARE) * math.ceil(height * scale / _SQUARE)


def worst_usd(size: Size, prices: Prices) -> Decimal:
    """What a question can cost at most."""
    return cost_usd(size.most_sent, size.most_tokens, prices)


def worst_with_mending_usd(size: Size, prices: Prices) -> Decimal:
    """The same with the one question that follows on a malformed answer, which sends that answer back."""
    sent_again = size.most_sent + size.most_tokens + _WISH_BYTES + 2 * _AROUND_A_MESSAGE
    return worst_usd(size, prices) + cost_usd(sent_again, size.most_tokens, prices)


def about_usd(size: Size, prices: Prices, answer_tokens: int = ORDINARY_ANSWER) -> Decimal:
    """What a question costs as a rule."""
    return cost_usd(size.about_sent, min(answer_tokens, size.most_tokens), prices)
