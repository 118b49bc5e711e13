"""The two lists that refreshing keeps under `inputs/`: its rounds, and the videos that a round searched twice in vain.

Both are CSV and belong in git with the dataset. The list of tombstones has no personal data: the SHA-256 of an id is
enough to leave a video out, and does not identify anyone.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from gettok.errors import BadInput
from gettok.store.atomic_write import atomic_write

_ROUND = ("round", "source", "method", "asked", "confirmed", "missing")
_TOMBSTONE = ("video_sha256", "missing_at", "source", "method")


@dataclass(frozen=True)
class RefreshLists:
    """The lists in a folder; a list whose file does not exist is empty."""

    folder: Path

    def rounds(self, source: str) -> list[str]:
        """The names of a source's rounds, oldest first."""
        return sorted(row["round"] for row in self._rounds() if row["source"] == source)

    def gone(self) -> set[str]:
        """The SHA-256 of each id on the list of tombstones."""
        return {row["video_sha256"] for row in self._tombstones()}

    def add(self, round_: Mapping[str, str], gone: Iterable[str]) -> None:
        """Add a round, with the SHA-256 of each video that it missed; adding it again changes nothing.

        Tombstones are written first, so a round that is on its list has all of them.
        """
        tombstones, rounds = self._tombstones(), self._rounds()
        have = {row["video_sha256"] for row in tombstones}
        facts = {"missing_at": round_["round"], "source": round_["source"], "method": round_["method"]}
        new = [{"video_sha256": digest, **facts} for digest in sorted(set(gone) - have)]
        if new:
            self._write("tombstones.csv", _TOMBSTONE, [*tombstones, *new])
        others = [row for row in rounds if row["round"] != round_["round"]]
        self._write("refreshes.csv", _ROUND, sorted([*others, round_], key=lambda row: row["round"]))

    def _rounds(self) -> list[dict[str, str]]:
        return self._read("refreshes.csv", _ROUND)

    def _tombstones(self) -> list[dict[str, str]]:
        return self._read("tombstones.csv", _TOMBSTONE)

    def _read(self, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
        path = self.folder / name
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
        atomic_write(self.folder / name, text.getvalue().encode())


def _damaged(path: Path, columns: Sequence[str]) -> BadInput:
    return BadInput(
        f"{path} does not have the columns {', '.join(columns)} in every line",
        "changed nothing",
        "restore it from git; only `gettok refresh` writes it",
    )
