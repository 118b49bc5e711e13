"""Videos captured in a browser: Zeeschuimer's NDJSON, exported by Zeeschuimer or by 4CAT.

Zeeschuimer wraps each video, as TikTok's web page has it, in facts about the capture; 4CAT puts the video's keys at the
top level and the facts under `__import_meta`. The keys differ from video to video.
Source: https://github.com/digitalmethodsinitiative/zeeschuimer and https://github.com/digitalmethodsinitiative/4cat
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from gettok.collect.ids import RefusedLine
from gettok.collect.journal import STAGE
from gettok.collect.search import StoredPage
from gettok.errors import BadInput
from gettok.http.json_guards import to_mapping, to_mappings, to_text, to_texts
from gettok.http.page_labels import page_ai_label
from gettok.research_api import Page
from gettok.step import Answer, Json
from gettok.store import Key
from gettok.text.caseless import caseless

ENDPOINT = "zeeschuimer"
_VERSION = 1
#: Lines per page, as many as a page of the Research API has rows.
_LINES_PER_PAGE = 100
_MAX_SHOWN = 200
_PLATFORMS = frozenset({"tiktok.com", "tiktok"})
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]*)?(?:e\+?[0-9]{1,2})?", re.IGNORECASE)
#: TikTok's name on the web and the Research API's.
_COUNTS = (
    ("playCount", "view_count"),
    ("diggCount", "like_count"),
    ("commentCount", "comment_count"),
    ("shareCount", "share_count"),
    ("collectCount", "favorites_count"),
)


@dataclass(frozen=True)
class Lines:
    """Up to 100 lines of a file: verbatim objects that `as_video` and `observed_at` can read, and refused lines."""

    first: int
    items: tuple[dict[str, Json], ...]
    refused: tuple[RefusedLine, ...]


def read(path: Path) -> Iterator[Lines]:
    """All lines of a file, in pieces; raises `BadInput` if it cannot be read, and at its end if no line was a video."""
    videos = 0
    first_refused: RefusedLine | None = None
    try:
        for lines in _pieces(path):
            videos += len(lines.items)
            first_refused = first_refused or next(iter(lines.refused), None)
            yield lines
    except OSError as error:
        raise _bad(f"{path} cannot be read: {error}") from error
    if not videos:
        raise _bad(f"{path} has no TikTok video" + (f"; {first_refused}" if first_refused else ""))


def _bad(what: str) -> BadInput:
    return BadInput(
        what,
        "collected nothing",
        "export TikTok's videos from Zeeschuimer as .ndjson, or from 4CAT as NDJSON, and name the file as source.file",
    )


def _pieces(path: Path) -> Iterator[Lines]:
    with path.open("rb") as file:
        numbered = enumerate(file, 1)
        while piece := list(islice(numbered, _LINES_PER_PAGE)):
            yield _lines(piece)


def _lines(numbered: list[tuple[int, bytes]]) -> Lines:
    items: list[dict[str, Json]] = []
    refused: list[RefusedLine] = []
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            items.append(_item(line))
        except ValueError as error:
            text = line.decode("utf-8", "replace").strip()
            refused.append(RefusedLine(number, text[:_MAX_SHOWN], str(error)))
    return Lines(numbered[0][0], tuple(items), tuple(refused))


def _item(line: bytes) -> dict[str, Json]:
    try:
        item = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON: the line is damaged or cut off") from None
    if not isinstance(item, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - a refusal, as all others
    as_video(item)
    observed_at(item)
    return item


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def as_video(item: Mapping[str, Json]) -> dict[str, Json]:
    """A captured video in the Research API's field names, without those that it does not have.

    Raises `ValueError`, with a sentence whose subject is the line, if it is not a video or has no id or time. The
    region is never known: `locationCreated` is where the video was made, not where the account is registered.
    """
    about, video = _parts(item)
    platform = about.get("source_platform", "tiktok.com")
    if not isinstance(platform, str) or platform.removeprefix("www.") not in _PLATFORMS:
        raise ValueError(f"was captured on {platform!r}, and is not a TikTok video")
    if not video:
        raise ValueError("is not a video in the form of Zeeschuimer or 4CAT")
    video_id, created = _digits(video.get("id")), _number(video.get("createTime"))
    if video_id is None:
        raise ValueError("has no id")
    if not created:
        raise ValueError(
            "has no time of publication, which TikTok may hide from people who are not logged in"
        )
    fields = {
        "id": video_id,
        "create_time": created,
        "username": _username(video.get("author")),
        "video_description": to_text(video.get("desc")),
        "title": to_text(to_mapping(video.get("imagePost")).get("title")) or None,
        "hashtag_names": _hashtags(video),
        "music_id": _digits(to_mapping(video.get("music")).get("id")),
        "effect_ids": _effects(video) or None,
        "video_duration": _number(to_mapping(video.get("video")).get("duration")),
        **_counts(video),
        **_ai_label(video),
    }
    return {name: value for name, value in fields.items() if value is not None}


def observed_at(item: Mapping[str, Json]) -> datetime:
    """When the captured values were seen in the browser (UTC, whole seconds); raises `ValueError` if that is missing.

    Zeeschuimer may replace a captured video by a later sight of it: `last_updated` is then the time of its counts, and
    `timestamp_collected` that of the first sight. Versions before 1.13.6 have the latter alone. An update before the
    first sight is impossible, so the later of the two counts.
    Source: https://github.com/digitalmethodsinitiative/zeeschuimer/blob/master/js/zs-background.js
    """
    about = _parts(item)[0]
    times = [_time(about.get(name)) for name in ("last_updated", "timestamp_collected")]
    if not (seen := [time for time in times if time is not None]):
        raise ValueError("does not say when it was captured")
    return max(seen)


def _time(milliseconds: Json) -> datetime | None:
    seen = _number(milliseconds)
    try:
        return datetime.fromtimestamp(seen // 1000, UTC) if seen else None
    except (ValueError, OverflowError, OSError):
        return None


def _parts(item: Mapping[str, Json]) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
    """The facts about the capture, and the video as TikTok's web page has it."""
    if "__import_meta" in item:
        return to_mapping(item["__import_meta"]), item
    return item, to_mapping(item.get("data"))


def _counts(video: Mapping[str, Json]) -> dict[str, int | None]:
    """The exact counts of `statsV2`, and those of `stats`, which may be rounded, for what it lacks.

    Source of the rounding: https://github.com/davidteather/TikTok-Api/pull/1143
    """
    exact, rounded = to_mapping(video.get("statsV2")), to_mapping(video.get("stats"))
    counts = {}
    for theirs, ours in _COUNTS:
        count = _number(exact.get(theirs))
        counts[ours] = _number(rounded.get(theirs)) if count is None else count
    return counts


def _ai_label(video: Mapping[str, Json]) -> dict[str, Json]:
    label = page_ai_label(video)
    return {"page_ai_label": label.is_labelled, "page_ai_label_type": label.number}


def _hashtags(video: Mapping[str, Json]) -> list[str]:
    """The names in `challenges`, then those in `textExtra` that differ from them by more than capitals or encoding."""
    challenges = (part.get("title") for part in to_mappings(video.get("challenges")))
    typed = (part.get("hashtagName") for part in to_mappings(video.get("textExtra")))
    names: dict[str, str] = {}
    for name in to_texts([*challenges, *typed]):
        names.setdefault(caseless(name), name)
    return list(names.values())


def _effects(video: Mapping[str, Json]) -> list[str]:
    ids = (_digits(part.get("ID")) for part in to_mappings(video.get("effectStickers")))
    return [name for name in ids if name]


def _username(author: Json) -> str | None:
    """TikTok's web page has the author as an object; an older form has the bare name."""
    return to_text(author.get("uniqueId") if isinstance(author, dict) else author) or None


def _digits(value: Json) -> str | None:
    text = str(value) if isinstance(value, int | str) else ""
    return text if re.fullmatch(r"[0-9]{1,20}", text) else None


def _number(value: Json) -> int | None:
    """The whole part of a number that is not negative, as a number or as text; not for ids, which a float rounds."""
    if (digits := _digits(value)) is not None:
        return int(digits)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, float) and math.isfinite(value) and value >= 0:
        return int(value)
    return None


def captured_pages(path: Path, refused: list[RefusedLine]) -> Iterator[StoredPage]:
    """The file's videos, a hundred lines a page; lines that are not videos are added to `refused`.

    The pages cost nothing and can be made again from the file, so they do not go into the store.
    """
    for lines in read(path):
        refused += lines.refused
        if lines.items:
            yield _page(path.name, lines)


def _page(file: str, lines: Lines) -> StoredPage:
    text = json.dumps({"items": lines.items}, ensure_ascii=True)
    request = {
        "path": ENDPOINT,
        "body": {"file": file, "first_line": lines.first, "videos": len(lines.items)},
    }
    page = Page(request, 200, {}, max(map(observed_at, lines.items)), text)
    answer = Answer(page.to_json())
    key = Key.of(STAGE, _VERSION, {"endpoint": ENDPOINT}, answer.body)
    return StoredPage(ENDPOINT, file, 0, lines.first, key.digest, answer, page)
