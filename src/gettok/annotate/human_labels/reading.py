"""Reads people's labels from a CSV with a line for each video, variable and person, and checks every line."""

import csv
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeAlias

from gettok.annotate.values import Value, read_value
from gettok.collect.ids import video_id
from gettok.errors import BadInput, Unusable
from gettok.settings.codebook import Codebook, Variable

COLUMNS = ("video_id", "label")
#: These columns are optional. Without the first, all labels are by one person; without the second, of one variable.
CODER, VARIABLE = "coder", "variable"
#: The variable of a table without that column, if the codebook has several that people can label.
USUAL = "stance"
#: What people write for `any_of` if no label holds; an empty cell is left blank.
NONE_HOLDS = "none"
_BETWEEN_LABELS = re.compile(r"[|;]")
_LONGEST_SHOWN = 100

#: A row's last line number, and its cells.
_Row: TypeAlias = tuple[int, list[str]]


@dataclass(frozen=True)
class HumanLabel:
    """The value that one person gave a variable of one video, as written; None if they left it blank."""

    line: int
    video_id: str
    coder: str
    label: str | None
    #: Empty if the table does not say it, and was read without a codebook.
    variable: str = ""


def read_human_labels(
    path: Path, codebook: Codebook | None = None, videos: Collection[str] = ()
) -> list[HumanLabel]:
    """Every line of the table in its order. Raises `BadInput`, naming the line.

    A value is checked only if its video is among `videos`, its variable in the codebook, and the variable's values not
    wholly those of another study.
    """
    try:
        entries = list(_entries(_rows(_text(path)), codebook))
        _refuse_duplicates(entries)
        for name, variable in codebook.variables.items() if codebook else ():
            of_variable = [entry for entry in entries if entry.variable == name]
            if not are_of_another_study(of_variable, variable):
                _refuse_unreadable((entry for entry in of_variable if entry.video_id in videos), variable)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} {error}" if isinstance(error, ValueError) else f"{path} cannot be read: {error}",
            "stopped; nothing that was paid for is lost",
            "correct it and run again: a line for each video, variable and coder, with the columns video_id, label and,"
            " if there are several, variable and coder; or take the file away",
        ) from error
    return entries


def human_value(variable: Variable, written: str) -> Value:
    """What people wrote, as a value like a model's; `|` or `;` separates the labels of `any_of`.

    Raises `ValueError` if it is none.
    """
    if variable.kind in ("text", "span"):
        return written
    if variable.kind == "number":
        try:
            value = read_value(variable, written)
        except Unusable as problem:
            raise ValueError(str(problem.detail)) from problem
        if value is None:
            raise ValueError("is no number")
        return value
    labels = _labels(variable, written)
    for label in labels:
        if label not in variable.label_names:
            raise ValueError(f"which is none of the study's: {', '.join(variable.label_names)}")
    return (
        tuple(name for name in variable.label_names if name in labels)
        if variable.kind == "any_of"
        else written
    )


def _labels(variable: Variable, written: str) -> list[str]:
    if variable.kind != "any_of" or written in variable.label_names:
        return [written]
    labels = [part.strip() for part in _BETWEEN_LABELS.split(written) if part.strip()]
    return [] if labels == [NONE_HOLDS] else labels or [written]


def are_of_another_study(entries: Iterable[HumanLabel], variable: Variable) -> bool:
    """Whether there are labels, and none is the variable's, in whatever case: a misspelt one is then an error."""
    if not variable.label_names:
        return False
    given = {label.casefold() for entry in entries if entry.label for label in _labels(variable, entry.label)}
    return bool(given) and given.isdisjoint(label.casefold() for label in variable.label_names)


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


def _entries(rows: Iterator[_Row], codebook: Codebook | None) -> Iterator[HumanLabel]:
    _, head = next(rows, (1, []))
    names = [cell.strip().lower() for cell in head]
    for name in (*COLUMNS, *(name for name in (CODER, VARIABLE) if name in names)):
        if names.count(name) != 1:
            raise ValueError(
                f"has the column {name!r} {names.count(name)} times in its first line, and needs it once"
            )
    variable = "" if codebook is None or VARIABLE in names else _only_variable(codebook)
    for line, row in rows:
        if len(row) != len(head):
            raise ValueError(f"has {len(row)} values in line {line}, and {len(head)} in its first line")
        values = (unicodedata.normalize("NFC", cell.strip()) for cell in row)  # as the codebook's labels are
        cells = dict(zip(names, values, strict=True))
        yield HumanLabel(
            line,
            _id(line, cells["video_id"]),
            cells.get(CODER, ""),
            cells["label"] or None,
            cells.get(VARIABLE, variable),
        )


def _only_variable(codebook: Codebook) -> str:
    closed = [name for name, variable in codebook.variables.items() if variable.label_names]
    if len(closed) == 1:
        return closed[0]
    if USUAL in codebook.variables:
        return USUAL
    raise ValueError(
        f"has no column {VARIABLE!r}, and could be of any of the codebook's: {', '.join(codebook.variables)}"
    )


def _id(line: int, text: str) -> str:
    try:
        return video_id(text)
    except ValueError as error:
        raise ValueError(
            f"has in line {line} {text[:_LONGEST_SHOWN]!r} as a video_id, which {error}"
        ) from error


def _refuse_duplicates(entries: Iterable[HumanLabel]) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        first = seen.setdefault((entry.video_id, entry.variable, entry.coder), entry.line)
        if first != entry.line:
            by = f" by {entry.coder[:_LONGEST_SHOWN]!r}" if entry.coder else ""
            variable = f" for {entry.variable[:_LONGEST_SHOWN]!r}" if entry.variable else ""
            raise ValueError(
                f"has the video {entry.video_id}{by} twice{variable}, in the lines {first} and {entry.line}"
            )


def _refuse_unreadable(entries: Iterable[HumanLabel], variable: Variable) -> None:
    for entry in entries:
        try:
            human_value(variable, entry.label) if entry.label else None
        except ValueError as error:
            label = (entry.label or "")[:_LONGEST_SHOWN]
            what = "number" if variable.kind == "number" else "label"
            raise ValueError(f"has in line {entry.line} the {what} {label!r}, {error}") from error
