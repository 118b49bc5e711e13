"""What the embedded corpus has, for people who define a study on it: `python -m sandbox.contents < REQUEST`."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.research_api.conditions import parse_condition
from sandbox.videos import Corpus, Video

_MOST = 8


def contents(request: dict[str, Any], corpus: Corpus | None = None) -> list[str]:
    """How many of the corpus's videos a study finds, and the corpus's days, regions and hashtags.

    `request` has the study's `query` in the API's form, and its `start` and `end` as ISO days.
    """
    videos = list((corpus or Corpus()).videos.values())
    days = sorted(_created(video).date() for video in videos)
    regions = Counter(video.facts["region_code"] for video in videos)
    hashtags = Counter(tag for video in videos for tag in video.facts.get("hashtag_names") or [])
    parts = _parts(request)
    found = sum(all(is_met(video) for is_met in parts.values()) for video in videos)
    alone = (f"{sum(map(is_met, videos))} {part}" for part, is_met in parts.items())
    return [
        f"{found} of the sandbox's {len(videos)} videos match this study's terms and days",
        *(
            []
            if found
            else [f"each condition alone: {', '.join(alone)}; change the one with the fewest first"]
        ),
        f"days: {days[0]} to {days[-1]}; regions: {_counted(regions)}",
        f"most frequent hashtags: {_counted(hashtags)}",
    ]


def _parts(request: dict[str, Any]) -> dict[str, Callable[[Video], bool]]:
    """The study's conditions, in words: its days, and each group of terms that it has."""
    conditions = {
        group: [parse_condition(line) for line in request["query"].get(group) or ()]
        for group in ("or", "and", "not")
    }

    def is_met(group: str, video: Video) -> Iterator[bool]:
        return (condition.is_met_by(video.facts) for condition in conditions[group])

    parts: dict[str, Callable[[Video], bool]] = {
        "within the days": lambda video: (
            request["start"] <= _created(video).date().isoformat() <= request["end"]
        ),
        "with a term of any": lambda video: any(is_met("or", video)),
        "with all terms of all": lambda video: all(is_met("and", video)),
        "with no term of none": lambda video: not any(is_met("not", video)),
    }
    return {
        part: check
        for (part, check), has in zip(parts.items(), (True, *conditions.values()), strict=True)
        if has
    }


def _created(video: Video) -> datetime:
    return datetime.fromtimestamp(video.created, UTC)


def _counted(counts: Counter[str]) -> str:
    ordered: Iterable[tuple[str, int]] = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{name} {count}" for name, count in list(ordered)[:_MOST])


if __name__ == "__main__":
    print(*contents(json.load(sys.stdin)), sep="\n")
