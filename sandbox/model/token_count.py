"""Tokens, as the sandbox's model counts them."""

import math
from collections.abc import Sequence

from sandbox.model.chat import Chat, Picture, unseen
from sandbox.model.vision import size_of

BYTES_IN_A_TOKEN = 4
"""The whole rule for counting text: four bytes of UTF-8 are a token, the last may be shorter."""
LOW_DETAIL = 85


def text_tokens(texts: Sequence[str]) -> int:
    return sum(math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_IN_A_TOKEN) for text in texts)


def prompt_tokens(chat: Chat) -> int:
    """Known without a look at the pictures, by their size; a picture that has none is refused."""
    return text_tokens(chat.all_text) + sum(_picture_tokens(picture) for picture in chat.pictures)


def _picture_tokens(picture: Picture) -> int:
    """85, and 170 for each square of 512 pixels that is begun once the shorter side is at most 768."""
    try:
        width, height = size_of(picture.content)
    except ValueError as error:
        raise unseen(error) from error
    if picture.is_low_detail:
        return LOW_DETAIL
    scale = min(1.0, 768 / min(width, height))
    squares = math.ceil(width * scale / 512) * math.ceil(height * scale / 512)
    return LOW_DETAIL + 170 * squares
