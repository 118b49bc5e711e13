"""Videos whose ids somebody brings: read them out of a file, and place each in a window in which it can be asked for.

The upper 32 bits of an id are the Unix second in which it was made. Publication follows after seconds, or after days if
the video was scheduled, and a search goes by publication.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from gettok.collect.windows import Window
from gettok.errors import BadInput
from gettok.settings.query import MAX_VALUES
from gettok.step import Json

_COLUMNS = ("video_id", "id", "item_id", "url", "link")
_LOOK_AHEAD = 1000
_LONGEST_SHOWN = 200
_ID = re.compile(r"[0-9]{1,20}")
_LINK = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)?tiktokv?\.(?:com|us)/(?:\S*/)?(?:video|photo|embed|embed/v2|v)/"
    r"([0-9]{1,20})(?:\.html)?/?(?:[?#&]\S*)?",
    re.IGNORECASE,
)
_SHORT_LINK = re.compile(r"(?:https?://)?(?:v[mt]\.tiktok\.com|(?:www\.)?tiktok\.com/t)/\S+", re.IGNORECASE)
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]*)?E\+?1[0-9]|[0-9]{15,20}[.,][0-9]+", re.IGNORECASE)
#: Before TikTok, and after the last second that 63 bits have room for.
_FIRST_SECOND = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = 2**31 - 1
_WINDOW = timedelta(days=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Refused:
    """A line of a file that names no video, and why."""

    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text!r} {self.why}"


@dataclass(frozen=True)
class IdList:
    """The ids of a file in their order, each once; how many cells repeated one; and what was refused."""

    ids: tuple[str, ...]
    repeated: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class Batch:
    """Ids that can be asked for in one search, and the days to ask for."""

    window: Window
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """Batches that have every id once, but for those whose bits are no time at which TikTok existed."""

    batches: tuple[Batch, ...]
    unplaceable: tuple[str, ...]


def video_id(text: str) -> str:
    """The id in an id or a link; raises `ValueError` with a sentence that goes on after the text."""
    text = _bare(text)
    if found := _named(text):
        return found
    if _ROUNDED.fullmatch(text):
        raise ValueError(
            "was made a number by a spreadsheet, which cut its last digits: export it again with the column as text"
        )
    if _SHORT_LINK.fullmatch(text):
        raise ValueError(
            "is a short link, which only TikTok can follow: open it and take the address that it leads to"
        )
    raise ValueError("is neither an id of 1 to 20 digits nor a link to a video")


def _bare(text: str) -> str:
    # `'` before an id, or `="…"` around it, is how people keep a spreadsheet from rounding it
    return text.strip(" \t\r\n\ufeff\u200b'’\"=<>")


def _named(text: str) -> str | None:
    if _ID.fullmatch(text):
        return text
    found = _LINK.fullmatch(text)
    return found[1] if found else None


def read_ids(path: Path) -> IdList:
    """Ids out of a text with one id or link a line, or out of a CSV.

    Of a CSV, the column named video_id, id, item_id, url or link, or else the first in which most cells are ids or
    links. Raises `BadInput` when there is no id in the file, or when a spreadsheet has rounded the ids.
    """
    ids: dict[str, None] = {}
    refused: list[Refused] = []
    cells = 0
    try:
        for line, cell in _cells(path):
            cells += 1
            try:
                ids[video_id(cell)] = None
            except ValueError as error:
                refused.append(Refused(line, cell[:_LONGEST_SHOWN], str(error)))
    except (OSError, UnicodeError, csv.Error) as error:
        raise _bad(f"{path} cannot be read: {error}") from error
    if not ids:
        raise _bad(f"{path} has no id of a video" + (f"; {refused[0]}" if refused else ""))
    if len(ids) > 1 and 2 * sum(name.endswith("0000") for name in ids) > len(ids):
        raise _bad(f"most ids in {path} end in 0000: a spreadsheet has rounded them, and they are lost")
    return IdList(tuple(ids), cells - len(ids) - len(refused), tuple(refused))


def _bad(what: str) -> BadInput:
    return BadInput(
        what,
        "asked for nothing",
        "put one id or one link to a video in each line, or save a CSV whose column of ids is text, and name it "
        "as source.file",
    )


def _cells(path: Path) -> Iterator[tuple[int, str]]:
    """The cells that should be ids, with their lines; blank ones left out."""
    with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
        first = file.readline()
        reader = csv.reader(chain([first], file), delimiter=max(",\t;", key=first.count))
        rows = ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
        ahead = list(islice(rows, _LOOK_AHEAD))
        column, headed = _column([row for _, row in ahead])
        for line, row in chain(ahead[headed:], rows):
            if len(row) > column and row[column].strip():
                yield line, row[column]


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _column(rows: list[list[str]]) -> tuple[int, bool]:
    """Which column has the ids, and whether the first row is a heading."""
    heads = [cell.strip().lower().replace(" ", "_") for cell in rows[0]] if rows else []
    known = [heads.index(name) for name in _COLUMNS if name in heads]
    for column in [*known, *range(max(map(len, rows), default=0))]:
        cells = [row[column] for row in rows[bool(known) :] if len(row) > column and row[column].strip()]
        if 2 * sum(map(_looks_like_a_video, cells)) > len(cells):
            return column, bool(known) or _is_heading(rows[0], column)
    return (known[0], True) if known else (0, False)


def _is_heading(row: list[str], column: int) -> bool:
    return len(row) > column and not any(char.isdigit() or char == "/" for char in row[column])


def _looks_like_a_video(cell: str) -> bool:
    text = _bare(cell)
    if found := _named(text):
        return _exists(found)
    return bool(_ROUNDED.fullmatch(text) or _SHORT_LINK.fullmatch(text))


def _exists(name: str) -> bool:
    return _FIRST_SECOND <= _second(name) <= _LAST_SECOND


def _second(name: str) -> int:
    return int(name) >> 32


def _days(name: str) -> int:
    return _second(name) // 86_400


def day_of(name: str) -> date:
    """The day (UTC) on which an id was made."""
    return datetime.fromtimestamp(_second(name), UTC).date()


def batches(ids: Iterable[str], days: Mapping[str, date] | None = None) -> Placed:
    """Batches for a first look: ids of 25 days at most, in 31 days that begin on the day before the first.

    They find what was published from seconds to five days after its id was made. `days` has the day of publication
    where that is known, which then decides.
    """
    return _placed(ids, days or {}, most_days=25, early=_DAY)


def second_look(ids: Iterable[str], days: Mapping[str, date] | None = None) -> Placed:
    """Batches for ids that the first look did not find: publication up to 20 days after the id was made."""
    return _placed(ids, days or {}, most_days=10, early=timedelta())


def _placed(ids: Iterable[str], days: Mapping[str, date], most_days: int, early: timedelta) -> Placed:
    of_day = {name: days.get(name) or (day_of(name) if _exists(name) else None) for name in ids}
    placed = sorted(((day, int(name), name) for name, day in of_day.items() if day is not None))
    groups: list[list[tuple[date, str]]] = []
    for day, _, name in placed:
        last = groups[-1] if groups else []
        if last and len(last) < MAX_VALUES and day - last[0][0] < most_days * _DAY:
            last.append((day, name))
        else:
            groups.append([(day, name)])
    return Placed(
        tuple(_batch(group, early) for group in groups),
        tuple(sorted((name for name, day in of_day.items() if day is None), key=int)),
    )


def _batch(group: list[tuple[date, str]], early: timedelta) -> Batch:
    start = group[0][0] - early
    return Batch(Window(start, start + _WINDOW), tuple(name for _, name in group))


def query_for(ids: Iterable[str]) -> dict[str, Json]:
    """The API's `query` object for at most 100 videos by their ids."""
    return {"and": [{"field_name": "video_id", "operation": "IN", "field_values": sorted(ids)}]}
