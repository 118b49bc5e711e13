"""Reads people's labels from a CSV with a line for each video and person, and checks every line."""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeAlias

from gettok.collect.ids import video_id
from gettok.errors import BadInput

COLUMNS = ("video_id", "label")
#: This column is optional; without it, all labels are by one person.
CODER = "coder"
_LONGEST_SHOWN = 100

#: A row's last line number, and its cells.
_Row: TypeAlias = tuple[int, list[str]]


@dataclass(frozen=True)
class HumanLabel:
    """The label that one person gave one video; None if they left it blank."""

    line: int
    video_id: str
    coder: str
    label: str | None


def read_human_labels(path: Path, labels: Sequence[str], videos: Collection[str]) -> list[HumanLabel]:
    """Every line of the table in its order. Raises `BadInput`, naming the line.

    A label is checked only if its video is among `videos`: the table may hold labels of another study.
    """
    try:
        entries = list(_entries(_rows(_text(path))))
        _refuse_duplicates(entries)
        _refuse_unknown_labels([entry for entry in entries if entry.video_id in videos], labels)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} {error}" if isinstance(error, ValueError) else f"{path} cannot be read: {error}",
            "stopped before making the report; nothing that was paid for is lost",
            "correct it and run again: a line for each video, or each video and coder, with the columns video_id, label"
            " and, if there are several people, coder; or take the file away",
        ) from error
    return entries


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not UTF-8 in line {line}: save it as CSV UTF-8") from error


def _rows(text: str) -> Iterator[_Row]:
    """Rows that are not empty. Spreadsheets separate cells by comma, tab or semicolon, depending on the locale."""
    delimiter = max(",\t;", key=text.partition("\n")[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"cannot be read in line {reader.line_num}: {error}") from error


def _entries(rows: Iterator[_Row]) -> Iterator[HumanLabel]:
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
        yield HumanLabel(line, _id(line, cells["video_id"]), cells.get(CODER, ""), cells["label"] or None)


def _id(line: int, text: str) -> str:
    try:
        return video_id(text)
    except ValueError as error:
        raise ValueError(
            f"has in line {line} {text[:_LONGEST_SHOWN]!r} as a video_id, which {error}"
        ) from error


def _refuse_duplicates(entries: Iterable[HumanLabel]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for entry in entries:
        first = seen.setdefault((entry.video_id, entry.coder), entry.line)
        if first != entry.line:
            by = f" by {entry.coder[:_LONGEST_SHOWN]!r}" if entry.coder else ""
            raise ValueError(
                f"has the video {entry.video_id}{by} twice, in the lines {first} and {entry.line}"
            )


def _refuse_unknown_labels(entries: Iterable[HumanLabel], labels: Sequence[str]) -> None:
    for entry in entries:
        if entry.label not in (None, *labels):
            label = (entry.label or "")[:_LONGEST_SHOWN]
            raise ValueError(
                f"has in line {entry.line} the label {label!r}, which is none of the study's: {', '.join(labels)}"
            )
