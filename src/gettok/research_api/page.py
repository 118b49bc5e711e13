"""One answer of the Research API, verbatim, and how its text is parsed."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from gettok.http.json_guards import to_list, to_mapping
from gettok.step import Json

#: All fields that "Query Videos" documents.
FIELDS = (
    "id,video_description,create_time,region_code,share_count,view_count,like_count,comment_count,music_id,"
    "hashtag_names,username,effect_ids,playlist_id,voice_to_text,is_stem_verified,favorites_count,video_duration,"
    "hashtag_info_list,sticker_info_list,effect_info_list,video_mention_list,video_label,video_tag"
)
#: The most rows that a page may have.
PAGE_ROWS = 100


def parse_json(text: str, too_long: Callable[[str], Json] = str, **options: Any) -> Json:
    """Parse JSON as leniently as possible, so that one odd number does not cost a page.

    A number of thousands of digits becomes `too_long` of its text, since Python refuses to make an integer of it;
    `options` go to `json.loads`. Raises `ValueError` for text that is not JSON or nests too deeply to parse.
    """

    def number(digits: str) -> Json:
        try:
            return int(digits)
        except ValueError:
            return too_long(digits)

    try:
        try:
            return json.loads(text, **options)
        except json.JSONDecodeError:
            raise
        except ValueError:  # more digits than Python turns into a number
            return json.loads(text, parse_int=number, **options)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error


@dataclass(frozen=True)
class Page:
    """One answer, verbatim, with its request and the server's time of answering."""

    request: Mapping[str, Json]
    status: int
    headers: Mapping[str, str]
    observed_at: datetime
    text: str
    #: The parsed text, where it has been parsed already.
    content: Json = field(default=None, compare=False, repr=False)

    @cached_property
    def data(self) -> Mapping[str, Json]:
        """The answer's `data`; raises `ValueError` when the text is not JSON."""
        content = parse_json(self.text) if self.content is None else self.content
        return to_mapping(to_mapping(content).get("data"))

    @property
    def videos(self) -> list[Json]:
        """What the page lists as videos, of any type; empty where it has no such list."""
        return to_list(self.data.get("videos"))

    @property
    def has_more(self) -> bool:
        """Whether the search continues after this page."""
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


def sent_video_id(video: Mapping[str, Json]) -> Json:
    """A video's id as it was sent, of any type; examples of "Query Videos" call it `video_id`."""
    sent = video.get("id")
    return video.get("video_id") if sent is None else sent


def whole_number(value: Json) -> int | None:
    """A number that the API sent as a number or as digits; None for anything else."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    try:
        return int(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
