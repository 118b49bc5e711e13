"""Counts tokens as the sandbox's model does."""

import math
from collections.abc import Sequence

from sandbox.model.chat import Chat, Picture, invalid_picture
from sandbox.model.vision import size_of

BYTES_PER_TOKEN = 4
"""Text has one token for each four bytes of UTF-8, rounded up."""
LOW_DETAIL = 85


def text_tokens(texts: Sequence[str]) -> int:
    return sum(math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN) for text in texts)


def prompt_tokens(chat: Chat) -> int:
    """Counts pictures by their size alone; a picture that cannot be opened is refused."""
    return text_tokens(chat.all_text) + sum(_picture_tokens(picture) for picture in chat.pictures)


def _picture_tokens(picture: Picture) -> int:
    """85, and 170 for each started square of 512 pixels, with the shorter side scaled to at most 768."""
    try:
        width, height = size_of(picture.content)
    except ValueError as error:
        raise invalid_picture(error) from error
    if picture.is_low_detail:
        return LOW_DETAIL
    scale = min(1.0, 768 / min(width, height))
    squares = math.ceil(width * scale / 512) * math.ceil(height * scale / 512)
    return LOW_DETAIL + 170 * squares
