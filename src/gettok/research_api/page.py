"""One answer of the Research API, verbatim, and how its text is read."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from gettok.step import Json

#: All fields that "Query Videos" documents.
FIELDS = (
    "id,video_description,create_time,region_code,share_count,view_count,like_count,comment_count,music_id,"
    "hashtag_names,username,effect_ids,playlist_id,voice_to_text,is_stem_verified,favorites_count,video_duration,"
    "hashtag_info_list,sticker_info_list,effect_info_list,video_mention_list,video_label,video_tag"
)
#: The most rows that a page may have.
PAGE_ROWS = 100


def parsed(text: str, wild: Callable[[str], Json] = str, **reading: Any) -> Json:
    """JSON as lenient as can be: a page is not lost for one wild number in it.

    A number of thousands of digits comes back as `wild` of its text, since Python makes no integer of it; `reading` is
    handed on to `json.loads`. Raises `ValueError` for what is no JSON, and for what nests too deep to read.
    """

    def number(digits: str) -> Json:
        try:
            return int(digits)
        except ValueError:
            return wild(digits)

    try:
        try:
            return json.loads(text, **reading)
        except json.JSONDecodeError:
            raise
        except ValueError:  # more digits than Python turns into a number
            return json.loads(text, parse_int=number, **reading)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error


@dataclass(frozen=True)
class Page:
    """One answer, verbatim, with what was asked and when the server says it answered."""

    request: Mapping[str, Json]
    status: int
    headers: Mapping[str, str]
    observed_at: datetime
    text: str
    #: The text parsed, where somebody has done so already.
    content: Json = field(default=None, compare=False, repr=False)

    @cached_property
    def data(self) -> Mapping[str, Json]:
        """The answer's `data`; raises `ValueError` when the text is no JSON."""
        content = parsed(self.text) if self.content is None else self.content
        data = content.get("data") if isinstance(content, dict) else None
        return data if isinstance(data, dict) else {}

    @property
    def videos(self) -> list[Json]:
        """What the page lists as videos, whatever each is; nothing where it has no list of them."""
        listed = self.data.get("videos")
        return listed if isinstance(listed, list) else []

    @property
    def has_more(self) -> bool:
        """Whether the search goes on behind this page."""
        return bool(self.data.get("has_more"))

    def to_json(self) -> dict[str, Json]:
        return {
            "request": dict(self.request),
            "status": self.status,
            "headers": dict(self.headers),
            "observed_at": self.observed_at.isoformat(),
            "text": self.text,
        }

    @staticmethod
    def from_json(body: Mapping[str, Json]) -> "Page":
        observed_at = datetime.fromisoformat(body["observed_at"])
        return Page(body["request"], body["status"], body["headers"], observed_at, body["text"])


def whole_number(value: Json) -> int | None:
    """A number that the API sent as a number or as its digits; None if it is neither."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    try:
        return int(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
