"""What to erase: ids and links of videos, `@` and a username, ids of comments."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gettok.collect.ids import impossible_time, video_id
from gettok.errors import BadInput
from gettok.report.display import label

_USER = re.compile(
    r"(?:(?:https?://)?(?:www\.|m\.)?tiktok\.com/)?@([\w.]{1,64})/?(?:[?#]\S*)?", re.IGNORECASE
)
_COMMENT = re.compile(r"[0-9]{1,20}")
_LONGEST_SHOWN = 100
_MAX_LISTED = 10
_CAN = "give ids of videos, links to them, or @ and a username, such as `@user`; in a file, one a line and nothing else"


@dataclass(frozen=True)
class ErasureRequest:
    """Ids of videos, usernames in small letters, and ids of comments; each once, in the order given."""

    videos: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


def read_request(texts: Iterable[str], file: Path | None, comments: Iterable[str]) -> ErasureRequest:
    """What arguments and a file ask for. Raises `BadInput` if any of it names nothing, or if there is nothing."""
    named = [(f"{label(text, _LONGEST_SHOWN)!r}", text) for text in texts]
    if file is not None:
        named += _lines(file)
    videos: dict[str, None] = {}
    users: dict[str, None] = {}
    wrong: list[str] = []
    for place, text in named:
        if user := _USER.fullmatch(text.strip()):
            users[user[1].lower()] = None
            continue
        try:
            videos[video_id(text)] = None
        except ValueError as error:
            wrong.append(f"{place} {error}")
    given = [text.strip() for text in comments]
    wrong += [
        f"{label(text, _LONGEST_SHOWN)!r} is no id of a comment"
        for text in given
        if not _COMMENT.fullmatch(text)
    ]
    if wrong:
        raise _bad(_listed(wrong))
    if not videos and not users and not given:
        raise _bad("nothing to erase was named")
    return ErasureRequest(tuple(videos), tuple(users), tuple(dict.fromkeys(given)))


def _lines(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"{file} cannot be read: {error}") from error
    return [
        (f"{file}, line {number}: {label(line.strip(), _LONGEST_SHOWN)!r}", line)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def refuse_impossible(unknown: Iterable[str], now: datetime) -> None:
    """Raise `BadInput` for an id that no table has and no video can have: it was copied wrong."""
    reasons = ((name, impossible_time(name, now)) for name in unknown)
    if wrong := [f"{name} is no id of a video: {reason}" for name, reason in reasons if reason]:
        raise BadInput(
            _listed(wrong),
            "listed nothing: the person who asked would believe that their video is erased",
            "copy the id again from the video's address; an id has 19 digits, and a spreadsheet may have rounded it",
        )


def _listed(wrong: list[str]) -> str:
    more = [f"and {len(wrong) - _MAX_LISTED} more"] if len(wrong) > _MAX_LISTED else []
    return "; ".join([*wrong[:_MAX_LISTED], *more])


def _bad(what: str) -> BadInput:
    return BadInput(what, "listed nothing, so nothing is erased yet", _CAN)
