"""The two lists that refreshing keeps under `inputs/refresh/`: its rounds, and what a round asked for twice in vain.

There are two for videos, two for comments and two for users. They are CSV and belong in git with the dataset. An
erasure adds to the lists of tombstones what people asked to be removed, by the method `erasure` and without a round.

A tombstone is the SHA-256 of an id or a username. It does not show whom it is about, but it confirms a guess: with a
list of candidates, such as an older copy of the dataset, anyone can hash each and compare. Usernames can be guessed,
and ids of videos can be tried out, since half of their bits are a time. So the lists are pseudonymous, not anonymous.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Literal

from gettok.errors import BadInput
from gettok.store.atomic_write import atomic_write

#: What can be refreshed.
Subject = Literal["video", "comment", "user"]
SUBJECTS: tuple[Subject, ...] = ("video", "comment", "user")
_ROUND = ("round", "source", "method", "asked", "confirmed", "missing")
#: The method of a tombstone that a person asked for.
_ERASURE = "erasure"


def sha256(name: str) -> str:
    """How a list of tombstones names the id of a video or comment, or a username."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class RefreshLists:
    """The lists about one subject in a folder; a list whose file does not exist is empty.

    The lists of videos are `refreshes.csv` and `tombstones.csv`; the names of the others begin with the subject:
    `comment_refreshes.csv`, `comment_tombstones.csv`, `user_refreshes.csv`, `user_tombstones.csv`.
    """

    folder: Path
    subject: Subject = "video"

    def rounds(self, source: str) -> list[str]:
        """The names of a source's rounds, oldest first."""
        return sorted(row["round"] for row in self._rounds() if row["source"] == source)

    def gone(self) -> set[str]:
        """The SHA-256 of each id on the list of tombstones."""
        return {row[self._digest] for row in self._tombstones()}

    def erased(self) -> set[str]:
        """The SHA-256 of each id on the list of tombstones that a person asked to be removed."""
        return {row[self._digest] for row in self._tombstones() if row["method"] == _ERASURE}

    def erase(self, digests: Iterable[str], day: date) -> None:
        """List these digests as erased on that day. One that is erased already keeps its day and its line."""
        tombstones, wanted = self._tombstones(), set(digests) - self.erased()
        if wanted:
            facts = {"missing_at": day.isoformat(), "source": "", "method": _ERASURE}
            kept = [row for row in tombstones if row[self._digest] not in wanted]
            new = [{self._digest: digest, **facts} for digest in sorted(wanted)]
            self._write("tombstones.csv", self._columns, [*kept, *new])

    def add(self, round_: Mapping[str, str], gone: Iterable[str]) -> None:
        """Add a round, with the SHA-256 of each id that it missed; adding it again changes nothing.

        Tombstones are written first, so a round that is on its list has all of them.
        """
        tombstones, rounds = self._tombstones(), self._rounds()
        have = {row[self._digest] for row in tombstones}
        facts = {"missing_at": round_["round"], "source": round_["source"], "method": round_["method"]}
        new = [{self._digest: digest, **facts} for digest in sorted(set(gone) - have)]
        if new:
            self._write("tombstones.csv", self._columns, [*tombstones, *new])
        others = [row for row in rounds if row["round"] != round_["round"]]
        self._write("refreshes.csv", _ROUND, sorted([*others, round_], key=lambda row: row["round"]))

    @property
    def tombstones_file(self) -> Path:
        """The file with the list of tombstones."""
        return self._path("tombstones.csv")

    @property
    def _digest(self) -> str:
        return f"{self.subject}_sha256"

    @property
    def _columns(self) -> tuple[str, ...]:
        return (self._digest, "missing_at", "source", "method")

    def _path(self, name: str) -> Path:
        return self.folder / (name if self.subject == "video" else f"{self.subject}_{name}")

    def _rounds(self) -> list[dict[str, str]]:
        return self._read("refreshes.csv", _ROUND)

    def _tombstones(self) -> list[dict[str, str]]:
        return self._read("tombstones.csv", self._columns)

    def _read(self, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
        path = self._path(name)
        if not path.is_file():
            return []
        try:
            reader = csv.DictReader(StringIO(path.read_bytes().decode(), newline=""))
            rows = list(reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise _damaged(path, columns) from error
        complete = all(None not in row and None not in row.values() for row in rows)
        if tuple(reader.fieldnames or ()) != tuple(columns) or not complete:
            raise _damaged(path, columns)
        return rows

    def _write(self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
        text = StringIO(newline="")
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        atomic_write(self._path(name), text.getvalue().encode())


def _damaged(path: Path, columns: Sequence[str]) -> BadInput:
    return BadInput(
        f"{path} does not have the columns {', '.join(columns)} in every line",
        "changed nothing",
        "restore it from git; only `gettok refresh` and `gettok erase` write it",
    )
