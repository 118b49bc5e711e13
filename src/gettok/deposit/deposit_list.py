"""The list of deposits: what was sent where, so that a killed upload goes on, and a later release can cite it.

It is one JSON object a line, and only grows: the last line about a deposit is how it stands. git keeps it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from gettok.errors import BadInput

State = Literal["draft", "published"]


@dataclass(frozen=True)
class Deposit:
    """A release in an archive. No token, no name of a person."""

    #: The command's word, such as `zenodo`.
    archive: str
    #: The server.
    url: str
    #: The archive's own.
    id: str
    page: str
    doi: str | None
    study: str
    version: str
    form: str
    #: The SHA-256 of the release's `checksums.sha256`, which stands for all of its bytes.
    release: str
    state: State
    #: When this line was written, as `2026-12-01`.
    day: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.archive, self.url, self.id


class DepositList:
    """The file, which need not be there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[Deposit]:
        """Each deposit as it stands, in the order in which they were made.

        A draft that was filled with another release is listed once, as it stands; each published version is listed.
        """
        standing: list[Deposit] = []
        for deposit in self._lines():
            standing = [
                each
                for each in standing
                if each.key != deposit.key or (each.state == "published" and each.release != deposit.release)
            ]
            standing.append(deposit)
        return standing

    def published(self) -> list[Deposit]:
        """Those that cannot be called back, whatever is erased here afterwards."""
        return [deposit for deposit in self.all() if deposit.state == "published"]

    def add(self, deposit: Deposit) -> None:
        """Append a line, and wait until the disk has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(deposit), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> Iterator[Deposit]:
        if not self.path.is_file():
            return
        names = [field.name for field in fields(Deposit)]
        for number, line in enumerate(self.path.read_text("utf-8").splitlines(), start=1):
            try:
                content = json.loads(line)
                yield Deposit(**{name: content[name] for name in names})
            except (ValueError, KeyError, TypeError) as error:
                raise BadInput(
                    f"{self.path}, line {number} is not a deposit",
                    "sent nothing: a second draft could be the result",
                    f"get the file back with `git checkout {self.path}`, or delete the line if it is the last and "
                    "incomplete",
                ) from error


def published_lines(path: Path) -> Iterator[str]:
    """What a list says was published in archives, which keep what they have: a line each, for a person who erases."""
    for deposit in DepositList(path).published():
        yield (
            f"cannot be called back: version {deposit.version} ({deposit.form}), published at {deposit.page}; what can "
            "be done is a new version without it, and a word to the archive"
        )
