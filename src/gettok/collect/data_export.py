"""The links in TikTok's own export of a person's data, as JSON or as text.

The JSON (`user_data.json`, `user_data_tiktok.json`) has lists of the videos that were watched, liked, saved or shared.
Their names change from version to version. The texts (such as `Watch History.txt`) have a line such as
`Link: https://www.tiktokv.com/share/video/…/` for each. What else the export has, such as messages, is not read.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from gettok.step import Json

#: `Link`, `Video Link`, `VideoLink`, `url`: the field's name before its value.
_NAME = re.compile(r".*(?:link|url)s?", re.IGNORECASE)
_FIELD = re.compile(r"\s*(?:[\w ]*?)(?:link|url)\s*:(.*)", re.IGNORECASE)
_LINK_OR_ID = re.compile(r"\s*(?:https?://|[0-9])", re.IGNORECASE)
_LOOK_AHEAD = 1000


def links(path: Path, encoding: str, is_video: Callable[[str], bool]) -> Iterator[tuple[int, str]] | None:
    """The export's links with their line numbers, or None for a file of another form.

    In JSON, the number is the link's position among those that are read: all links of each list in which `is_video` is
    true of one, so that lists of sounds or hashtags are left out. Raises `ValueError` for JSON that is damaged.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.read(_LOOK_AHEAD).lstrip()
        if first.startswith(("{", "[")):
            file.seek(0)
            return _in_json(file.read().removeprefix("\ufeff"), is_video)
        file.seek(0)
        if any(_is_linked(line) for line in islice(file, _LOOK_AHEAD)):
            return _in_text(path, encoding, is_video)
    return None


def _is_linked(line: str) -> bool:
    field = _FIELD.fullmatch(line.strip())
    return field is not None and field[1].strip().startswith("http")


def _in_text(path: Path, encoding: str, is_video: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, 1):
            if field := _FIELD.fullmatch(line.strip()):
                yield number, field[1].strip()
            elif is_video(line):
                yield number, line.strip()


def _in_json(text: str, is_video: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON: the file is damaged or cut off") from None
    every = map(_links_in, _lists(content))
    return enumerate((link for listed in every if any(map(is_video, listed)) for link in listed), 1)


def _lists(content: Json) -> Iterator[list[Json]]:
    """Every list in the content, in the order of the file."""
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            yield part
        inner = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else []
        waiting += [member for member in reversed(inner) if isinstance(member, dict | list)]


def _links_in(entries: list[Json]) -> list[str]:
    return [link for entry in entries for link in _links_of(entry)]


def _links_of(entry: Json) -> list[str]:
    if isinstance(entry, str):
        return [entry] if _LINK_OR_ID.match(entry) else []
    named = entry.items() if isinstance(entry, dict) else ()
    return [
        value or ""
        for name, value in named
        if _NAME.fullmatch(name) and (value is None or isinstance(value, str))
    ]
