"""How TikTok's web page labels a video as made with AI, in the page's own JSON.

TikTok documents none of it. `aigcLabelType` is a number, as a number or as text; `IsAigc` is a truth value. What its
numbers mean is not known, so only whether there is a label is read from them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gettok.http.json_guards import to_mapping
from gettok.step import Json


class PageAiLabel(NamedTuple):
    """Whether the page labels the video, and the page's number; None where the page has neither or nothing legible."""

    is_labelled: bool | None
    number: int | None


NOTHING_SAID = PageAiLabel(None, None)


def page_ai_label(video: Mapping[str, Json]) -> PageAiLabel:
    """The label in the data of a video, as a page or a capture of one has it."""
    named = [(name.lower(), value) for name, value in _named(video)]
    numbers = [
        number
        for name, value in named
        if name in {"aigclabeltype", "aigcinfo"} and (number := _whole(value)) is not None
    ]
    flags = [flag for name, value in named if name == "isaigc" and (flag := _flag(value)) is not None]
    signs = [*(number > 0 for number in numbers), *flags]
    return PageAiLabel(any(signs) if signs else None, next(filter(None, numbers), 0) if numbers else None)


def _named(video: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """The values of the video, then those of its `aigcInfo`: a label in either is one."""
    yield from video.items()
    for name, value in video.items():
        if name.lower() == "aigcinfo":
            yield from to_mapping(value).items()


def _whole(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _flag(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
