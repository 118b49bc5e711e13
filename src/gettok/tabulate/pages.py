"""Stored pages, one at a time, and what is on them.

One wild value does not cost a page: a number that is none (`NaN`, thousands of digits) and an object that has a field
twice are marked, and only what they are part of is set aside.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from gettok.collect import zeeschuimer
from gettok.errors import BadInput
from gettok.research_api import Page, parsed
from gettok.step import Json
from gettok.tables import PAGES
from gettok.tabulate.values import Doubled, Wild

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoPage(Exception):
    """Nothing can be read from a page."""


class Stored(NamedTuple):
    """A page and the key of the stored answer that holds it."""

    answer_key: str
    page: Page


class Found(NamedTuple):
    """What stands at one place of a page, when it was observed, and why it is no object to read, if it is none."""

    position: int
    content: Json
    observed_us: int
    unsound: str | None


def stored(folder: Path) -> Iterator[Stored]:
    """Every page of a folder's tables, file by file; raises `BadInput` for a damaged file."""
    for file in sorted(folder.glob("*.parquet")):
        for key, answer in PAGES.read(file, ["answer_key", "answer"]).iter_rows():
            try:
                yield Stored(key, Page.from_json(json.loads(answer)))
            except (ValueError, KeyError, TypeError) as error:
                raise BadInput(
                    f"{file} has a page that cannot be read: {error!r}",
                    "nothing was written",
                    "run `dvc repro collect`; it builds the pages anew from the answer store",
                ) from error


def body(page: Page) -> Mapping[str, Json]:
    """The page's text as an object; raises `NoPage`."""
    try:
        content = parsed(page.text, Wild, **_MARKING)
    except ValueError as error:
        raise NoPage(f"it is no JSON: {error}") from None
    if type(content) is not dict:
        raise NoPage("it is no object, or has a field twice")
    return content


def _finite(digits: str) -> float | Wild:
    found = float(digits)
    return Wild(digits) if found in (float("inf"), float("-inf")) else found


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Doubled(made)


_MARKING = {"parse_float": _finite, "parse_constant": Wild, "object_pairs_hook": _object}


def data(content: Mapping[str, Json]) -> Mapping[str, Json]:
    """The answer's `data`; raises `NoPage` if there is none."""
    found = content.get("data")
    if type(found) is not dict:
        raise NoPage("it has no data")
    return found


def said(content: Mapping[str, Json]) -> str:
    """The message of the answer's error, empty if there is none."""
    error = content.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else ""


def videos_of(page: Page) -> Iterator[Found]:
    """The videos on a page, in the Research API's field names; raises `NoPage`."""
    content = body(page)
    if page.request.get("path") == "zeeschuimer":
        for place, item in enumerate(_listed(content, "items")):
            yield _captured(place, item, microseconds(page.observed_at))
    else:
        seen = microseconds(page.observed_at)
        for place, video in enumerate(_listed(data(content), "videos")):
            yield Found(place, video, seen, _unsound(video))


def comments_of(page: Page) -> Iterator[Found]:
    """The comments on a page; a video without any may have no list of them."""
    listed = data(body(page)).get("comments")
    seen = microseconds(page.observed_at)
    for place, comment in enumerate(listed if isinstance(listed, list) else []):
        yield Found(place, comment, seen, _unsound(comment))


def microseconds(time: datetime) -> int:
    """A time as a column holds it: since 1970 began in UTC."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def _listed(content: Mapping[str, Json], name: str) -> list[Json]:
    found = content.get(name)
    if not isinstance(found, list):
        raise NoPage(f"it has no list of {name}")
    return found


def _unsound(content: Json) -> str | None:
    if type(content) is dict:
        return None
    return "it has a field twice" if isinstance(content, Doubled) else "it is no object"


def _captured(place: int, item: Json, seen: int) -> Found:
    unsound = _unsound(item)
    if unsound is not None:
        return Found(place, item, seen, unsound)
    try:
        return Found(place, zeeschuimer.as_video(item), microseconds(zeeschuimer.observed_at(item)), None)
    except ValueError as error:
        return Found(place, item, seen, f"it {error}")
