"""Whether a corpus's `videos.json` is a list of videos that the sandbox can serve: its entries, and their files."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sandbox.faults import MEDIA, NO_CORPUS_FAULT, PAGES, check_corpus_fault
from sandbox.pages.captions import caption_from_json

_FIRST_SECOND = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = 2**31 - 1
_LONGEST_SHOWN = 60
#: What is wrong, by Pydantic's word for it; other errors have a message of ours.
_WRONG = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that the sandbox knows",
    "string_type": "must be text, in double quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be an object of keys and values",
    "model_type": "must be an object of keys and values",
}


class BadCorpus(ValueError):
    """A file that is not a list of videos; the message names the file, the entry and the field."""


def _video_id(text: str) -> str:
    is_number = text.isascii() and text.isdecimal() and len(text) <= 20
    if not is_number or not _FIRST_SECOND <= int(text) >> 32 <= _LAST_SECOND:
        raise ValueError(
            f"{text!r} is not the id of a video on TikTok: 19 digits, with the second of its creation in the upper bits"
        )
    return text


def _page_fault(word: str) -> str:
    check_corpus_fault(word, PAGES)
    return word


def _file_fault(word: str) -> str:
    check_corpus_fault(word, MEDIA)
    return word


def _caption(line: dict[str, Any]) -> dict[str, Any]:
    try:
        caption_from_json(line)
    except (LookupError, TypeError) as error:
        raise ValueError("it needs language, source, format, and segments of start, end and text") from error
    return line


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Api(_Strict):
    """Fields of the Research API; those that are not here are served as they are."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, AfterValidator(_video_id)]
    create_time: int
    username: str
    region_code: str | None = None
    video_description: str | None = None
    voice_to_text: str | None = None
    hashtag_names: list[str] | None = None
    view_count: int | None = None
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    video_duration: int | None = None


class _Page(_Strict):
    status_code: int = 0
    status_msg: str = ""
    author: dict[str, Any] | None = None
    media: str | None = None
    shape: Annotated[str, AfterValidator(_page_fault)] = NO_CORPUS_FAULT
    serve: Annotated[str, AfterValidator(_file_fault)] = NO_CORPUS_FAULT
    codec: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0
    size: int | None = None
    images: list[str] | None = None
    sound: str | None = None
    captions: list[Annotated[dict[str, Any], AfterValidator(_caption)]] | None = None
    ai_label: int = 0
    stamp: str = ""


class _Entry(_Strict):
    api: _Api
    page: _Page | None


_ENTRIES = TypeAdapter(list[_Entry])


def check_videos(file: Path) -> None:
    """Raise `BadCorpus` for the first entry of `videos.json` that cannot be served, or whose id comes again."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadCorpus(f"{file} is not JSON in UTF-8: {error}") from error
    try:
        entries = _ENTRIES.validate_python(rows)
    except ValidationError as error:
        raise BadCorpus(f"{file}{_problem(error)}") from error
    first: dict[str, int] = {}
    folder = file.with_name("media")
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for number, entry in enumerate(entries, 1):
        if (earlier := first.setdefault(entry.api.id, number)) != number:
            raise BadCorpus(f"{file}, entry {number}: api.id: entry {earlier} has the id {entry.api.id} too")
        for key, name in _files(entry.page):
            if name not in there:
                raise BadCorpus(f"{file}, entry {number}: page.{key}: there is no {folder / name}")


def _problem(error: ValidationError) -> str:
    """The place in the file, and what is wrong there."""
    found = error.errors()[0]
    message = _WRONG.get(found["type"], found["msg"].removeprefix("Value error, "))
    place: Sequence[int | str] = found["loc"]
    if not place:
        return " is not a list of videos"
    number, *keys = place
    field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")
    is_shown = found["type"] not in ("missing", "value_error")
    shown = f" (it is {str(found['input'])[:_LONGEST_SHOWN]})" if is_shown else ""
    return f", entry {int(number) + 1}: {field or 'it'}: {message}{shown}"


def _files(page: _Page | None) -> Iterator[tuple[str, str]]:
    """The names of a page's files, each with its key."""
    if page is not None:
        yield from (("images", name) for name in page.images or ())
        yield from (("media", page.media),) if page.media is not None else ()
        yield from (("sound", page.sound),) if page.sound is not None else ()
