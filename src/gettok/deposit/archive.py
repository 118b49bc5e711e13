"""What an archive does for a deposit: a draft that can be found again, filled file by file, and published."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from gettok.deposit.description import ReleaseDescription
from gettok.step import Json

#: Told how many more bytes were sent; a negative number after a failure that is repeated.
OnBytes = Callable[[int], object]


@dataclass(frozen=True)
class Draft:
    """A deposit in an archive."""

    id: str
    #: Where a person reads and edits it.
    page: str
    #: Reserved for a draft, minted for a published deposit; None where the archive has none yet.
    doi: str | None = None
    is_published: bool = False


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive takes; None where it states no limit."""

    max_files: int | None
    max_file_bytes: int | None
    max_total_bytes: int | None
    #: Whether it can have files in folders; where it cannot, each folder is sent as one zip file.
    has_folders: bool = True


class Stored(NamedTuple):
    """A file that the archive has: its digest in hexadecimal, and the algorithm."""

    algorithm: str
    digest: str


@dataclass(frozen=True)
class BundleFile:
    """A file of a bundle, by the name that it has in the archive; parts of the name are separated by `/`."""

    name: str
    path: Path
    size: int
    _digests: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def digest(self, algorithm: str) -> str:
        """In hexadecimal, by a name of hashlib, or `git-sha1`; the file is read once for each algorithm."""
        if algorithm not in self._digests:
            self._digests[algorithm] = self._read(algorithm)
        return self._digests[algorithm]

    def _read(self, algorithm: str) -> str:
        if algorithm == "git-sha1":
            return hashlib.sha1(
                b"blob %d\0" % self.size + self.path.read_bytes(), usedforsecurity=False
            ).hexdigest()
        with self.path.open("rb") as opened:
            return hashlib.file_digest(
                opened, lambda: hashlib.new(algorithm, usedforsecurity=False)
            ).hexdigest()

    def is_stored(self, stored: Stored | None) -> bool:
        return stored is not None and self.digest(stored.algorithm) == stored.digest.lower()


class CountedFile(io.FileIO):
    """A file that tells how many bytes are read from it, for an HTTP client that streams it."""

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        super().__init__(path)
        self._on_bytes = on_bytes
        self.sent = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self.sent += len(data)
        self._on_bytes(len(data))
        return data

    def again(self) -> "CountedFile":
        """Itself from its beginning, for another try: what was sent before does not count."""
        self.seek(0)
        self._on_bytes(-self.sent)
        self.sent = 0
        return self


class Archive(Protocol):
    """One archive on one server; every method raises the three-part errors of `gettok.errors`."""

    #: As the archive calls itself.
    name: str
    #: The address of the server.
    url: str
    limits: ArchiveLimits
    #: Whether a published deposit gets new versions that stay drafts until they are published, too.
    has_versions: bool
    #: Whether publishing gives a DOI.
    mints_dois: bool
    #: What publishing does there, for the person who decides on it.
    publishing: str

    def metadata(self, about: ReleaseDescription, marker: str) -> dict[str, Json]:
        """The metadata as this archive wants them; raises `BadInput` if it requires more. Sends nothing."""

    def prepare(self, files: Path, metadata: Mapping[str, Json]) -> Mapping[str, Json]:
        """Change what this archive wants otherwise, in a folder of links to the release's files. Sends nothing.

        Returns the metadata, with what only the files could tell.
        """

    def find(self, marker: str) -> str | None:
        """The id of the draft that has this marker, if the account has one: the run that made it may be dead."""

    def look(self, id_: str) -> Draft | None:
        """The deposit as it is now; None if it is gone."""

    def create(self, metadata: Mapping[str, Json], marker: str, previous: str | None) -> Draft:
        """A new draft; or one of a new version of the published deposit `previous`, without its metadata."""

    def update(self, draft: Draft, metadata: Mapping[str, Json]) -> None:
        """Send the metadata of a draft; raises `BadInput` if the archive refuses them."""

    def files(self, draft: Draft) -> Mapping[str, Stored]:
        """The complete files of a deposit, by name."""

    def upload(self, draft: Draft, file: BundleFile, on_bytes: OnBytes) -> None:
        """Upload a file that the draft lacks, or has with other bytes."""

    def remove(self, draft: Draft, name: str) -> None:
        """Remove a file that the bundle lacks."""

    def commit(self, draft: Draft) -> None:
        """Make uploads and removals take effect, where the archive does this for all files at once."""

    def publish(self, draft: Draft) -> Draft:
        """Publish it. This cannot be undone."""

    def close(self) -> None:
        """Close the connections."""
