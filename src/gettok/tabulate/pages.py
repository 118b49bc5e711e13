"""Stored pages, one at a time, and the objects on them.

One odd value does not cost a page: invalid numbers (`NaN`, thousands of digits) and objects that have a field twice are
marked, and only what they are part of is rejected.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gettok.collect import zeeschuimer
from gettok.errors import BadInput
from gettok.http.json_guards import to_list, to_mapping, to_text
from gettok.research_api import Page, parse_json
from gettok.step import Json
from gettok.tables import PAGES
from gettok.tabulate.values import DuplicateField, InvalidNumber

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadablePage(Exception):
    """Nothing can be read from a page."""


@dataclass(frozen=True)
class PageFile:
    """A table of pages, which can be sent to another machine."""

    path: Path

    @property
    def length(self) -> int:
        """Its bytes; 0 if it is missing."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def send(self) -> "SentPageFile":
        return SentPageFile(self.path.name, self.path.read_bytes())


@dataclass(frozen=True)
class SentPageFile:
    """A table of pages with its bytes."""

    name: str
    data: bytes

    @property
    def bytes_sent(self) -> int:
        return len(self.data)

    @contextmanager
    def received(self) -> Iterator[PageFile]:
        """The table in a temporary folder."""
        with TemporaryDirectory(prefix="gettok-") as folder:
            path = Path(folder, self.name)
            path.write_bytes(self.data)
            yield PageFile(path)


class KeyedPage(NamedTuple):
    """A page and the key of the stored answer that holds it."""

    answer_key: str
    page: Page


class PageObject(NamedTuple):
    """One object on a page: its position, its time of observation, and why it cannot be read, if it cannot."""

    position: int
    content: Json
    observed_us: int
    invalid: str | None


def page_files(folder: Path) -> list[Path]:
    """The tables of pages in a folder, in order."""
    return sorted(folder.glob("*.parquet"))


def read_pages(file: Path) -> Iterator[KeyedPage]:
    """Every page of a table; raises `BadInput` for a damaged one."""
    for key, answer in PAGES.read(file, ["answer_key", "answer"]).iter_rows():
        try:
            yield KeyedPage(key, Page.from_json(json.loads(answer)))
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{file} has a page that cannot be read: {error!r}",
                "nothing was written",
                "run `dvc repro collect`; it builds the pages again from the answer store",
            ) from error


def endpoint_of(page: Page) -> str:
    """The endpoint that sent the page, such as `video/query`, or `zeeschuimer`."""
    return _endpoint(str(page.request.get("path")))


@lru_cache
def _endpoint(path: str) -> str:
    return path.partition("?")[0].strip("/").removeprefix("research/")


def body_of(page: Page) -> Mapping[str, Json]:
    """The page's text as an object; raises `UnreadablePage`."""
    try:
        content = parse_json(page.text, InvalidNumber, **_MARK_INVALID)
    except ValueError as error:
        raise UnreadablePage(f"it is not JSON: {error}") from None
    if type(content) is not dict:
        raise UnreadablePage("it is not a JSON object, or has a field twice")
    return content


def _finite(digits: str) -> float | InvalidNumber:
    number = float(digits)
    return InvalidNumber(digits) if number in (float("inf"), float("-inf")) else number


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    content = dict(pairs)
    return content if len(content) == len(pairs) else DuplicateField(content)


_MARK_INVALID = {"parse_float": _finite, "parse_constant": InvalidNumber, "object_pairs_hook": _object}


def data_of(content: Mapping[str, Json]) -> Mapping[str, Json]:
    """The answer's `data`; raises `UnreadablePage` if there is none."""
    data = content.get("data")
    if type(data) is not dict:
        raise UnreadablePage("it has no data")
    return data


def error_message(content: Mapping[str, Json]) -> str:
    """The message of the answer's error, empty if there is none."""
    return to_text(to_mapping(content.get("error")).get("message")) or ""


def videos_of(page: Page) -> Iterator[PageObject]:
    """The videos on a page, in the Research API's field names; raises `UnreadablePage`."""
    content = body_of(page)
    if endpoint_of(page) == zeeschuimer.ENDPOINT:
        for position, capture in enumerate(_listed(content, "items")):
            yield _captured(position, capture, microseconds(page.observed_at))
    else:
        observed_us = microseconds(page.observed_at)
        for position, video in enumerate(_listed(data_of(content), "videos")):
            yield PageObject(position, video, observed_us, _invalid(video))


def comments_of(page: Page) -> Iterator[PageObject]:
    """The comments on a page; a video without comments may have no list of them."""
    observed_us = microseconds(page.observed_at)
    for position, comment in enumerate(to_list(data_of(body_of(page)).get("comments"))):
        yield PageObject(position, comment, observed_us, _invalid(comment))


def microseconds(time: datetime) -> int:
    """A time as a column holds it: microseconds since the beginning of 1970 in UTC."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def _listed(content: Mapping[str, Json], name: str) -> list[Json]:
    listed = content.get(name)
    if not isinstance(listed, list):
        raise UnreadablePage(f"it has no list of {name}")
    return listed


def _invalid(content: Json) -> str | None:
    if type(content) is dict:
        return None
    return "it has a field twice" if isinstance(content, DuplicateField) else "it is not a JSON object"


def _captured(position: int, capture: Json, observed_us: int) -> PageObject:
    invalid = _invalid(capture)
    if invalid is not None:
        return PageObject(position, capture, observed_us, invalid)
    try:
        video, observed_at = zeeschuimer.as_video(capture), zeeschuimer.observed_at(capture)
    except ValueError as error:
        return PageObject(position, capture, observed_us, f"it {error}")
    return PageObject(position, video, microseconds(observed_at), None)
