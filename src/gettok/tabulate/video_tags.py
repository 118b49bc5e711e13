"""Who says that a video is AI-generated or paid for: the numbers in the Research API's `video_tag`.

Source: TikTok Research API documentation, "Query Videos". The pages on liked, pinned and reposted videos give the AIGC
numbers 1 and 2 the opposite meaning, and name the keys otherwise; whether the field is a list or one object is not
documented.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gettok.http.json_guards import to_mappings
from gettok.research_api import whole_number
from gettok.step import Json

#: The endpoint whose documentation says what the numbers mean.
DOCUMENTED = "video/query"
_MEANINGS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {"aigc": {1: "creator", 2: "tiktok"}, "branded": {1: "paid_partnership", 7: "commission"}}
)


class TagLabels(NamedTuple):
    """Who labelled the video as AI-generated, and how it is paid for; None where no tag says it."""

    ai: str | None
    paid: str | None


def tag_labels(video_tag: Json) -> TagLabels:
    """The labels in a `video_tag` of Query Videos; undocumented tags and numbers say nothing."""
    tags = list(_tags(video_tag))
    return TagLabels(_label("aigc", tags), _label("branded", tags))


def _tags(video_tag: Json) -> Iterator[tuple[str, int]]:
    for tag in to_mappings(video_tag if isinstance(video_tag, list) else [video_tag]):
        numbers = (whole_number(tag.get(name)) for name in ("number", "video_tag_number"))
        number = next((each for each in numbers if each is not None), None)
        if number is not None:
            yield str(tag.get("type") or tag.get("video_tag_type")).strip().lower(), number


def _label(kind: str, tags: list[tuple[str, int]]) -> str | None:
    labels = {_MEANINGS[kind][number] for name, number in tags if name == kind and number in _MEANINGS[kind]}
    return "both" if len(labels) > 1 else next(iter(labels), None)
