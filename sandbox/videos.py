"""The videos that the sandbox serves, read from a corpus folder."""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.faults import MEDIA, NO_CORPUS_FAULT, PAGES, check_corpus_fault
from sandbox.pages.captions import Caption, caption_from_json

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Page:
    """The contents of a video's web page, and its files (names in the corpus's media folder)."""

    status_code: int = 0
    status_msg: str = ""
    author: Mapping[str, Any] | None = None
    media: str | None = None
    shape: str = NO_CORPUS_FAULT
    """The fault that this video's page always has; with the suffix `_once`, the first time only."""
    serve: str = NO_CORPUS_FAULT
    """The same for the video's film, photos and sound."""
    codec: str = "h264"
    width: int = 360
    height: int = 640
    duration: float = 0
    size: int | None = None
    images: tuple[str, ...] = ()
    sound: str | None = None
    captions: tuple[Caption, ...] = ()
    ai_label: int = 0
    """The page's `aigcLabelType`; 0: the page does not label the video as AI-generated."""
    stamp: str = ""
    """Text appended to the film, so that one file serves as many different films; empty: nothing is appended."""


EMPTY_PAGE = Page()


@dataclass(frozen=True, slots=True)
class Video:
    facts: Mapping[str, Any]
    """The Research API's fields; ids are strings here and JSON numbers in its answers."""
    page: Page

    @property
    def id(self) -> str:
        return str(self.facts["id"])

    @property
    def created(self) -> int:
        return int(self.facts["create_time"])


class Corpus:
    """A folder with `videos.json` and `media/`, read once, on first use."""

    def __init__(self, folder: Path = CORPUS) -> None:
        self.folder = folder

    @cached_property
    def videos(self) -> dict[str, Video]:
        rows = json.loads((self.folder / "videos.json").read_text(encoding="utf-8"))
        return {video.id: video for video in map(_video, rows)}

    @cached_property
    def by_author(self) -> Mapping[str, tuple[Video, ...]]:
        return _grouped(self.videos.values(), lambda video: video.facts.get("username"))

    @cached_property
    def by_playlist(self) -> Mapping[str, tuple[Video, ...]]:
        return _grouped(self.videos.values(), lambda video: video.facts.get("playlist_id"))

    @cached_property
    def newest_first(self) -> tuple[Video, ...]:
        """All videos, newest id first, as the API lists them."""
        return tuple(sorted(self.videos.values(), key=lambda video: int(video.id), reverse=True))

    def created_between(self, start: datetime, end: datetime) -> list[Video]:
        """The videos created from `start` until before `end`, in arbitrary order."""
        first, last = (
            bisect_left(self._by_time, instant.timestamp(), key=lambda video: video.created)
            for instant in (start, end)
        )
        return self._by_time[first:last]

    @cached_property
    def _by_time(self) -> list[Video]:
        return sorted(self.videos.values(), key=lambda video: video.created)

    def media(self, name: str) -> bytes:
        return (self.folder / "media" / name).read_bytes()

    def film(self, page: Page) -> bytes:
        """The bytes of the video's film, with its stamp."""
        assert page.media is not None
        return self.media(page.media) + (free_box(page.stamp) if page.stamp else b"")


def free_box(text: str) -> bytes:
    """An MP4 box that players skip (ISO/IEC 14496-12, 8.1.2)."""
    content = text.encode()
    return (8 + len(content)).to_bytes(4) + b"free" + content


def _grouped(videos: Iterable[Video], key: Callable[[Video], str | None]) -> Mapping[str, tuple[Video, ...]]:
    groups = defaultdict[str, list[Video]](list)
    for video in videos:
        name = key(video)
        if name is not None:
            groups[name].append(video)
    return {name: tuple(group) for name, group in groups.items()}


def _video(row: Mapping[str, Any]) -> Video:
    if not row["page"]:
        return Video(row["api"], EMPTY_PAGE)
    page = {name: value for name, value in row["page"].items() if name in Page.__dataclass_fields__}
    page["images"] = tuple(page.get("images") or ())
    page["captions"] = tuple(caption_from_json(line) for line in page.get("captions") or ())
    check_corpus_fault(page.get("shape", NO_CORPUS_FAULT), PAGES)
    check_corpus_fault(page.get("serve", NO_CORPUS_FAULT), MEDIA)
    return Video(facts=row["api"], page=Page(**page))
