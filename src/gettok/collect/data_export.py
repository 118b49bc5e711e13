"""The links in TikTok's own export of a person's data, as JSON or as text.

The JSON (`user_data.json`, `user_data_tiktok.json`) has lists of the videos that were watched, liked, saved or shared.
Their names change from version to version. The texts (such as `Watch History.txt`) have a line such as
`Link: https://www.tiktokv.com/share/video/…/` for each. In an export in another language, a label is one of links if it
is beside a date and nothing else. What else the export has, such as messages, is not read.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path

from gettok.http.json_guards import to_mapping, to_mappings
from gettok.step import Json

#: `Link`, `Video Link`, `VideoLink`, `url`: the field's name before its value.
_NAME = re.compile(r".*(?:link|url)s?", re.IGNORECASE)
#: A label and its value in a text; the times of messages are no label.
_FIELD = re.compile(r"([^\d\s:：][^\d:：]{0,40}?)\s*[:：](.*)")
_DATE = re.compile(r"\s*\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")
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
        if labels := _link_labels("".join(islice(file, _LOOK_AHEAD))):
            return _in_text(path, encoding, is_video, labels)
    return None


def _link_labels(text: str) -> set[str]:
    """The labels of links in a text: the English ones, and each that makes up a block with a date."""
    labels = set()
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = map(_FIELD.fullmatch, map(str.strip, block.splitlines()))
        fields = {field[1]: field[2] for field in lines if field}
        dated = _label_beside_date(fields)
        labels |= {
            name for name in fields if (_NAME.fullmatch(name) or name == dated) and _is_link(fields[name])
        }
    return labels


def _label_beside_date(fields: Mapping[str, Json]) -> str | None:
    """The name of the link in what consists of a date and a link; None in anything else."""
    dates = [name for name, value in fields.items() if isinstance(value, str) and _DATE.fullmatch(value)]
    others = [name for name in fields if name not in dates]
    return others[0] if len(dates) == len(others) == 1 and _is_link(fields[others[0]]) else None


def _is_link(value: Json) -> bool:
    return isinstance(value, str) and value.strip().lower().startswith(("https://", "http://"))


def _in_text(
    path: Path, encoding: str, is_video: Callable[[str], bool], labels: set[str]
) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, 1):
            field = _FIELD.fullmatch(line.strip())
            if field and (_NAME.fullmatch(field[1]) or field[1] in labels):
                yield number, field[2].strip()
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
    dated = {_label_beside_date(entry) for entry in to_mappings(entries)}
    return [link for entry in entries for link in _links_of(entry, dated)]


def _links_of(entry: Json, labels: Collection[str | None]) -> list[str]:
    if isinstance(entry, str):
        return [entry] if _LINK_OR_ID.match(entry) else []
    return [
        value or ""
        for name, value in to_mapping(entry).items()
        if (_NAME.fullmatch(name) or name in labels) and (value is None or isinstance(value, str))
    ]
