"""Videos given by their ids: read them from a file, and place each in a window in which it can be asked for.

The upper 32 bits of an id are the Unix second of its creation. The video is published seconds later, or days later if
it was scheduled, and searches are by time of publication.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

from gettok.collect import data_export
from gettok.collect.windows import Window
from gettok.errors import BadInput
from gettok.http.json_guards import replace_surrogates
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
#: Before TikTok existed, and the last second for which 63 bits have room.
_FIRST_SECOND = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = 2**31 - 1
_WINDOW = timedelta(days=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class RefusedLine:
    """A line of a file that does not name a video, and why."""

    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text!r} {self.why}"


@dataclass(frozen=True)
class GivenLine:
    """A line of a file of ids: the id that it names, or why it names none."""

    line: int
    text: str
    video_id: str | None
    why: str | None = None


@dataclass(frozen=True)
class IdList:
    """Every line of a file that should name a video, in order."""

    lines: tuple[GivenLine, ...]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids in their order, each once."""
        return tuple(dict.fromkeys(line.video_id for line in self.lines if line.video_id is not None))

    @cached_property
    def refused(self) -> tuple[RefusedLine, ...]:
        """The lines that name no video."""
        return tuple(
            RefusedLine(line.line, line.text, line.why) for line in self.lines if line.why is not None
        )

    @property
    def repeated(self) -> int:
        """How many lines name a video that an earlier line named."""
        return len(self.lines) - len(self.ids) - len(self.refused)


@dataclass(frozen=True)
class IdBatch:
    """Ids that can be asked for in one search, and the days to ask for."""

    window: Window
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """Batches with every id once, and the ids whose bits are not a time at which TikTok existed."""

    batches: tuple[IdBatch, ...]
    unplaceable: tuple[str, ...]


def video_id(text: str) -> str:
    """The id in an id or a link; raises `ValueError` with a sentence whose subject is the text."""
    text = _bare(text)
    if name := _id_in(text):
        return name
    if _ROUNDED.fullmatch(text):
        raise ValueError(
            "was turned into a number by a spreadsheet, which cut its last digits: export it again with the column as "
            "text"
        )
    if _SHORT_LINK.fullmatch(text):
        raise ValueError(
            "is a short link, which only TikTok can resolve: open it and use the address that it leads to"
        )
    raise ValueError("is neither an id of 1 to 20 digits nor a link to a video")


def _bare(text: str) -> str:
    # people put `'` before an id, or `="…"` around it, to keep a spreadsheet from rounding it
    return text.strip(" \t\r\n\ufeff\u200b'’\"=<>")


def _id_in(text: str) -> str | None:
    if _ID.fullmatch(text):
        return text
    link = _LINK.fullmatch(text)
    return link[1] if link else None


def read_ids(path: Path) -> IdList:
    """The ids in a text with one id or link a line, in a CSV, or in TikTok's own export of a person's data.

    In a CSV, it reads the column named video_id, id, item_id, url or link, or else the first in which most cells are
    ids or links. Raises `BadInput` when the file has no id, or when a spreadsheet has rounded the ids.
    """
    try:
        listed = IdList(tuple(_given(line, cell) for line, cell in _cells(path)))
    except (OSError, ValueError, csv.Error) as error:
        raise _bad(f"{path} cannot be read: {error}") from error
    ids = listed.ids
    if not ids:
        raise _bad(f"{path} has no video id" + (f"; {listed.refused[0]}" if listed.refused else ""))
    if len(ids) > 1 and 2 * sum(name.endswith("0000") for name in ids) > len(ids):
        raise _bad(f"most ids in {path} end in 0000: a spreadsheet has rounded them, and they are lost")
    return listed


def _given(line: int, cell: str) -> GivenLine:
    text = str(replace_surrogates(cell[:_LONGEST_SHOWN]))
    try:
        return GivenLine(line, text, video_id(cell))
    except ValueError as error:
        return GivenLine(line, text, None, str(error))


def _bad(what: str) -> BadInput:
    return BadInput(
        what,
        "asked for nothing",
        "put one id or one link to a video in each line, save a CSV whose column of ids is text, or unpack TikTok's "
        "own export of a person's data, and name the file as source.file",
    )


def _cells(path: Path) -> Iterator[tuple[int, str]]:
    """What should be ids, with line numbers: a blank cell as its whole row, and no blank rows."""
    encoding = _encoding(path)
    if (exported := data_export.links(path, encoding, _names_a_video)) is not None:
        yield from exported
        return
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline()
        reader = csv.reader(chain([first], file), delimiter=max(",\t;", key=first.count))
        rows = ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
        ahead = list(islice(rows, _LOOK_AHEAD))
        column, has_header = _column([row for _, row in ahead])
        for line, row in chain(ahead[has_header:], rows):
            cell = row[column] if len(row) > column else ""
            yield line, cell if cell.strip() else ",".join(row)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _column(rows: list[list[str]]) -> tuple[int, bool]:
    """Which column has the ids, and whether the first row is a header."""
    names = [cell.strip().lower().replace(" ", "_") for cell in rows[0]] if rows else []
    known = [names.index(name) for name in _COLUMNS if name in names]
    for column in [*known, *range(max(map(len, rows), default=0))]:
        cells = [row[column] for row in rows[bool(known) :] if len(row) > column and row[column].strip()]
        if 2 * sum(map(_looks_like_a_video, cells)) > len(cells):
            return column, bool(known) or _is_header(rows[0], column)
    return (known[0], True) if known else (0, False)


def _is_header(row: list[str], column: int) -> bool:
    return len(row) > column and not any(char.isdigit() or char == "/" for char in row[column])


def _looks_like_a_video(cell: str) -> bool:
    text = _bare(cell)
    if name := _id_in(text):
        return _exists(name)
    return bool(_ROUNDED.fullmatch(text) or _SHORT_LINK.fullmatch(text))


def _names_a_video(text: str) -> bool:
    return _looks_like_a_video(text) or _LINK.fullmatch(_bare(text)) is not None


def _exists(video_id: str) -> bool:
    return _FIRST_SECOND <= _second(video_id) <= _LAST_SECOND


def _second(video_id: str) -> int:
    return int(video_id) >> 32


def impossible_time(video_id: str, now: datetime) -> str | None:
    """Why no video can have this id, by the time in it; None if one can. A day is left for clocks that differ."""
    if _second(video_id) < _FIRST_SECOND:
        return "an id has the time when it was made, and the time in this one is before TikTok existed"
    if _second(video_id) > (now + _DAY).timestamp():
        return "an id has the time when it was made, and the time in this one is in the future"
    return None


def day_of(video_id: str) -> date:
    """The day (UTC) on which an id was created."""
    return datetime.fromtimestamp(_second(video_id), UTC).date()


def batches(ids: Iterable[str], days: Mapping[str, date] | None = None) -> Placed:
    """Batches for a first look: ids of at most 25 days, in windows of 31 days that begin the day before the first.

    They find videos published seconds to five days after the creation of the id. `days` has the day of publication
    where it is known, which is then used instead.
    """
    return _placed(ids, days or {}, max_days=25, early=_DAY)


def second_look(ids: Iterable[str], days: Mapping[str, date] | None = None) -> Placed:
    """Batches for ids that the first look did not find: published up to 20 days after the creation of the id."""
    return _placed(ids, days or {}, max_days=10, early=timedelta())


def _placed(ids: Iterable[str], days: Mapping[str, date], max_days: int, early: timedelta) -> Placed:
    day_by_id = {name: days.get(name) or (day_of(name) if _exists(name) else None) for name in ids}
    placed = sorted(((day, int(name), name) for name, day in day_by_id.items() if day is not None))
    groups: list[list[tuple[date, str]]] = []
    for day, _, name in placed:
        last = groups[-1] if groups else []
        if last and len(last) < MAX_VALUES and day - last[0][0] < max_days * _DAY:
            last.append((day, name))
        else:
            groups.append([(day, name)])
    return Placed(
        tuple(_batch(group, early) for group in groups),
        tuple(sorted((name for name, day in day_by_id.items() if day is None), key=int)),
    )


def _batch(group: list[tuple[date, str]], early: timedelta) -> IdBatch:
    start = group[0][0] - early
    return IdBatch(Window(start, start + _WINDOW), tuple(name for _, name in group))


def query_for(ids: Iterable[str]) -> dict[str, Json]:
    """The API's `query` object for at most 100 videos by their ids."""
    return {"and": [{"field_name": "video_id", "operation": "IN", "field_values": sorted(ids)}]}
