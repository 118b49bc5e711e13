"""The table of what people judged, out of a CSV: a line for each video and person, checked where it comes in."""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeAlias

from gettok.collect.ids import video_id
from gettok.errors import BadInput

COLUMNS = ("video_id", "label")
#: The column that a table may do without: it is then of one person.
CODER = "coder"
_LONGEST_SHOWN = 100

#: A row's last line, and its cells.
_Row: TypeAlias = tuple[int, list[str]]


@dataclass(frozen=True)
class Coding:
    """What one person gave one video: a label, or None where they left it blank."""

    line: int
    video_id: str
    coder: str
    label: str | None


def read_codings(path: Path, labels: Sequence[str], videos: Collection[str]) -> list[Coding]:
    """Every line of the table in its order. Raises `BadInput`, naming the line.

    A label is looked at only if its video is among `videos`: a table of another study has other labels, and what it
    says is not ours to check.
    """
    try:
        codings = list(_codings(_rows(_text(path))))
        _refuse_twice(codings)
        _refuse_unknown([one for one in codings if one.video_id in videos], labels)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} {error}" if isinstance(error, ValueError) else f"{path} cannot be read: {error}",
            "stopped before making the report; nothing that was paid for is lost",
            "mend it and run again: a line for each video, or each video and coder, with the columns video_id, label"
            " and, if there are several people, coder; or take the file away",
        ) from error
    return codings


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not UTF-8 in line {line}: save it as CSV UTF-8") from error


def _rows(text: str) -> Iterator[_Row]:
    """Rows that have something in them, separated by what a spreadsheet of some country or other separates by."""
    delimiter = max(",\t;", key=text.partition("\n")[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"cannot be read in line {reader.line_num}: {error}") from error


def _codings(rows: Iterator[_Row]) -> Iterator[Coding]:
    _, head = next(rows, (1, []))
    names = [cell.strip().lower() for cell in head]
    wanted = (*COLUMNS, CODER) if CODER in names else COLUMNS
    for name in wanted:
        if names.count(name) != 1:
            raise ValueError(
                f"has the column {name!r} {names.count(name)} times in its first line, and needs it once"
            )
    for line, row in rows:
        if len(row) != len(head):
            raise ValueError(f"has {len(row)} values in line {line}, and {len(head)} in its first line")
        cells = dict(zip(names, map(str.strip, row), strict=True))
        yield Coding(line, _id(line, cells["video_id"]), cells.get(CODER, ""), cells["label"] or None)


def _id(line: int, text: str) -> str:
    try:
        return video_id(text)
    except ValueError as error:
        raise ValueError(
            f"has in line {line} {text[:_LONGEST_SHOWN]!r} as a video_id, which {error}"
        ) from error


def _refuse_twice(codings: Iterable[Coding]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for one in codings:
        first = seen.setdefault((one.video_id, one.coder), one.line)
        if first != one.line:
            by = f" by {one.coder[:_LONGEST_SHOWN]!r}" if one.coder else ""
            raise ValueError(f"has the video {one.video_id}{by} twice, in the lines {first} and {one.line}")


def _refuse_unknown(codings: Iterable[Coding], labels: Sequence[str]) -> None:
    for one in codings:
        if one.label not in (None, *labels):
            said = (one.label or "")[:_LONGEST_SHOWN]
            raise ValueError(
                f"has in line {one.line} the label {said!r}, which is none of the study's: {', '.join(labels)}"
            )
