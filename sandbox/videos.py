"""The videos that the stand-ins know of, read from a corpus folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Page:
    """What the video's web page shows, and the files behind it (names within the corpus's media folder)."""

    status_code: int = 0
    status_msg: str = ""
    author: Mapping[str, Any] | None = None
    media: str | None = None
    serve: str = "whole"
    """`whole`, `truncated` (the server stops after 60 %) or `html` (a page under a video's name)."""
    codec: str = "h264"
    width: int = 360
    height: int = 640
    duration: float = 0
    size: int | None = None
    images: tuple[str, ...] = ()
    sound: str | None = None


@dataclass(frozen=True, slots=True)
class Video:
    facts: Mapping[str, Any]
    """The Research API's fields; ids are strings here and JSON numbers on the wire."""
    page: Page

    @property
    def id(self) -> str:
        return str(self.facts["id"])


class Corpus:
    """A folder with `videos.json` and `media/`; read once, at the first question."""

    def __init__(self, folder: Path = CORPUS) -> None:
        self.folder = folder

    @cached_property
    def videos(self) -> dict[str, Video]:
        rows = json.loads((self.folder / "videos.json").read_text(encoding="utf-8"))
        return {video.id: video for video in map(_video, rows)}

    def media(self, name: str) -> bytes:
        return (self.folder / "media" / name).read_bytes()


def _video(row: Mapping[str, Any]) -> Video:
    page = {name: value for name, value in row["page"].items() if name in Page.__dataclass_fields__}
    page["images"] = tuple(page.get("images") or ())
    return Video(facts=row["api"], page=Page(**page))
