"""Counts tokens as the sandbox's model does."""

import math
from collections.abc import Sequence

from sandbox.model.chat import Chat, Clip, Picture, invalid_clip, invalid_picture
from sandbox.model.clips import length_of
from sandbox.model.vision import size_of

BYTES_PER_TOKEN = 4
"""Text has one token for each four bytes of UTF-8, rounded up."""
LOW_DETAIL = 85
FRAME, SECOND_OF_SOUND = 258, 32
"""A picture of a video, and a second of sound, as Gemini counts them."""


def text_tokens(texts: Sequence[str]) -> int:
    return sum(math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN) for text in texts)


def prompt_tokens(chat: Chat) -> int:
    """Counts pictures by their size alone, and clips by their length; what cannot be opened is refused."""
    shown = sum(map(_picture_tokens, chat.pictures)) + sum(map(_clip_tokens, chat.clips))
    return text_tokens(chat.all_text) + shown


def tokens_of(part: Picture | Clip) -> int:
    return _clip_tokens(part) if isinstance(part, Clip) else _picture_tokens(part)


def _clip_tokens(clip: Clip) -> int:
    try:
        length = length_of(clip.content)
    except ValueError as error:
        raise invalid_clip(clip, error) from error
    return length.pictures * FRAME + math.ceil(length.sound_s * SECOND_OF_SOUND)


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
