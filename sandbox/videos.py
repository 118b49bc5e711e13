"""The videos that the stand-ins know of, read from a corpus folder."""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.faults import MEDIA, PAGES, WHOLE, check_word
from sandbox.pages.captions import Caption, caption_from_json

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Page:
    """What the video's web page shows, and the files behind it (names within the corpus's media folder)."""

    status_code: int = 0
    status_msg: str = ""
    author: Mapping[str, Any] | None = None
    media: str | None = None
    shape: str = WHOLE
    """What always befalls this video's page: a fault's name, or one with `_once` for the first time only."""
    serve: str = WHOLE
    """The same for its film, photos and sound."""
    codec: str = "h264"
    width: int = 360
    height: int = 640
    duration: float = 0
    size: int | None = None
    images: tuple[str, ...] = ()
    sound: str | None = None
    captions: tuple[Caption, ...] = ()
    stamp: str = ""
    """A mark after the end of the film, which makes many films of one file; none if empty."""


BARE = Page()


@dataclass(frozen=True, slots=True)
class Video:
    facts: Mapping[str, Any]
    """The Research API's fields; ids are strings here and JSON numbers on the wire."""
    page: Page

    @property
    def id(self) -> str:
        return str(self.facts["id"])

    @property
    def created(self) -> int:
        return int(self.facts["create_time"])


class Corpus:
    """A folder with `videos.json` and `media/`; read once, at the first question."""

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
    def in_order(self) -> tuple[Video, ...]:
        """All of them, the newest id first, as the API lists videos."""
        return tuple(sorted(self.videos.values(), key=lambda video: int(video.id), reverse=True))

    def created_between(self, start: datetime, end: datetime) -> list[Video]:
        """In no order that means something; `end` is the first instant that is too late."""
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
        """The bytes of the video's film, its mark with them."""
        assert page.media is not None
        return self.media(page.media) + (free_box(page.stamp) if page.stamp else b"")


def free_box(text: str) -> bytes:
    """A box that players of MP4 skip (ISO/IEC 14496-12, 8.1.2)."""
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
        return Video(row["api"], BARE)
    page = {name: value for name, value in row["page"].items() if name in Page.__dataclass_fields__}
    page["images"] = tuple(page.get("images") or ())
    page["captions"] = tuple(caption_from_json(line) for line in page.get("captions") or ())
    check_word(page.get("shape", WHOLE), PAGES)
    check_word(page.get("serve", WHOLE), MEDIA)
    return Video(facts=row["api"], page=Page(**page))
