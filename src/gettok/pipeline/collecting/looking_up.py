"""What came of each line of a list of ids."""

from collections.abc import Iterator, Mapping
from datetime import date

from gettok.books import Books
from gettok.collect.ids import GivenLine, IdList
from gettok.collect.windows import Window
from gettok.step import Row

_NO_TIME = "its bits are not a time at which TikTok existed"


def id_rows(
    listed: IdList, found: Mapping[str, date | None], unplaceable: frozenset[str], study: Window
) -> list[Row]:
    """A row of the table `ids` for each line; `found` has the day of publication of each found video, if known."""
    seen: set[str] = set()
    return [_row(line, found, unplaceable, study, seen) for line in listed.lines]


def _row(
    line: GivenLine,
    found: Mapping[str, date | None],
    unplaceable: frozenset[str],
    study: Window,
    seen: set[str],
) -> Row:
    name = line.video_id
    row: Row = {"line": line.line, "text": line.text, "video_id": name, "is_repeated": name in seen}
    if name is None:
        return {**row, "state": "not_an_id", "detail": f"it {line.why}"}
    seen.add(name)
    if name in unplaceable:
        return {**row, "state": "not_an_id", "detail": _NO_TIME}
    if name not in found:
        return {**row, "state": "not_found"}
    day = found[name]
    if day is not None and not study.start <= day <= study.end:
        return {**row, "state": "outside_study", "detail": f"it was published on {day}"}
    return {**row, "state": "found"}


def id_books(rows: list[Row]) -> Books:
    """Each video counts once, and so does each line that names none."""
    return Books.of(_reasons(rows), sum(not row["is_repeated"] for row in rows))


def _reasons(rows: list[Row]) -> Iterator[str | None]:
    return (None if row["state"] == "found" else row["state"] for row in rows if not row["is_repeated"])
