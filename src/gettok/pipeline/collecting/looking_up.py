"""What came of each line of a list of ids."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gettok.books import Books
from gettok.collect.erased import NONE_ERASED, Erased
from gettok.collect.ids import GivenLine, IdList
from gettok.collect.tombstones import sha256
from gettok.collect.windows import Window
from gettok.step import Row

_AUTHOR = re.compile(r"@([\w.]+)")
_NO_TIME = "its bits are not a time at which TikTok existed"


@dataclass(frozen=True)
class IdStates:
    """What is known about the ids of a list after the lookup."""

    #: The videos that were found, each with its day of publication if it is known.
    found: Mapping[str, date | None]
    unplaceable: frozenset[str]
    #: The digests on the list of tombstones.
    gone: Collection[str]
    study: Window
    erased: Erased = NONE_ERASED
    #: The ids of the found videos whose authors are erased.
    by_erased: Collection[str] = ()

    def rows(self, listed: IdList) -> list[Row]:
        """A row of the table `ids` for each line; of an erased video, without the line's text."""
        seen: set[str] = set()
        rows: list[Row] = []
        for line in listed.lines:
            state, detail = self._state(line)
            facts = {"line": line.line, "text": line.text, "video_id": line.video_id}
            if state == "erased":
                facts |= {"text": None, "video_id": None}
            rows.append({**facts, "is_repeated": line.video_id in seen, "state": state, "detail": detail})
            if line.video_id is not None:
                seen.add(line.video_id)
        return rows

    def _state(self, line: GivenLine) -> tuple[str, str | None]:
        if self.erased and self._is_erased(line):
            return "erased", None
        return self._state_by_lookup(line)

    def _state_by_lookup(self, line: GivenLine) -> tuple[str, str | None]:
        name = line.video_id
        if name is None:
            return "not_an_id", f"it {line.why}"
        if name in self.unplaceable:
            return "not_an_id", _NO_TIME
        if name not in self.found:
            return "not_found", None
        if sha256(name) in self.gone:
            return "gone", None
        day = self.found[name]
        if day is not None and not self.study.start <= day <= self.study.end:
            return "outside_study", f"it was published on {day}"
        return "found", None

    def _is_erased(self, line: GivenLine) -> bool:
        name, link = line.video_id, _AUTHOR.search(line.text)
        is_listed = name is not None and (name in self.by_erased or sha256(name) in self.erased.videos)
        return is_listed or (link is not None and self.erased.has_user(link[1]))


def id_books(rows: list[Row]) -> Books:
    """Each video counts once, and so does each line that names none."""
    return Books.of(_reasons(rows), sum(not row["is_repeated"] for row in rows))


def _reasons(rows: list[Row]) -> Iterator[str | None]:
    return (None if row["state"] == "found" else row["state"] for row in rows if not row["is_repeated"])
