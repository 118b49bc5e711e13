"""By what an erased person is found: digests, and nothing from which a text or an id can be read.

They are kept beside the answer store and not in git, since a digest confirms a guess. They are saved before anything is
deleted and only ever added to, so that a purge that was killed, and a search long after it, know what to look for.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gettok.collect.erased import NONE_ERASED, Erased
from gettok.errors import Damaged
from gettok.step import canonical, digest_of
from gettok.store.atomic_write import atomic_write

#: Below the answer store's folder.
FILE = Path("purge", "traces.json")


@dataclass(frozen=True)
class Traces:
    """The digests that a search compares with.

    `texts` are the windows of `gettok.purge.words`, `files` the SHA-256 of whole contents: media, frames, captions.
    `mentioned` are those erased usernames that videos of others mention or have as a word: they are looked for only
    where a file says that they are a username. `shared` are the texts and files that others have as well: they are not
    looked for.
    """

    erased: Erased = NONE_ERASED
    texts: frozenset[str] = field(default=frozenset())
    files: frozenset[str] = field(default=frozenset())
    mentioned: frozenset[str] = field(default=frozenset())
    shared: frozenset[str] = field(default=frozenset())

    def __bool__(self) -> bool:
        return bool(self.erased)

    def __or__(self, other: "Traces") -> "Traces":
        """All of both."""
        erased = Erased(
            self.erased.videos | other.erased.videos,
            self.erased.comments | other.erased.comments,
            self.erased.users | other.erased.users,
        )
        return Traces(
            erased,
            self.texts | other.texts,
            self.files | other.files,
            self.mentioned | other.mentioned,
            self.shared | other.shared,
        )

    def sought(self) -> "Traces":
        """Without the texts and files that others have as well."""
        return Traces(
            self.erased, self.texts - self.shared, self.files - self.shared, self.mentioned, self.shared
        )

    @property
    def digest(self) -> str:
        """SHA-256 over all of them: by it a certificate says what was looked for."""
        return digest_of(self.lists())

    def lists(self) -> dict[str, list[str]]:
        """Every kind with its digests, sorted."""
        kinds: Mapping[str, Iterable[str]] = {
            "videos": self.erased.videos,
            "comments": self.erased.comments,
            "users": self.erased.users,
            "texts": self.texts,
            "files": self.files,
            "mentioned": self.mentioned,
            "shared": self.shared,
        }
        return {kind: sorted(digests) for kind, digests in kinds.items()}

    @staticmethod
    def saved(store: Path) -> "Traces":
        """Those that were saved beside a store; none if there are none. Raises `Damaged`."""
        file = store / FILE
        if not file.is_file():
            return Traces()
        try:
            content = json.loads(file.read_bytes())
            lists = {kind: frozenset(map(str, digests)) for kind, digests in content["traces"].items()}
            erased = Erased(lists.pop("videos"), lists.pop("comments"), lists.pop("users"))
            traces = Traces(erased, **lists)
            if traces.digest == content["digest"]:
                return traces
        except (ValueError, LookupError, TypeError, AttributeError):
            pass
        raise Damaged(
            f"{file} does not match its digest",
            "searched nothing: what is missing in it would not be found",
            "restore it from a copy; without it, texts and media that are already purged here cannot be looked for "
            "elsewhere, and only ids and usernames can: delete it to go on with these",
        )

    def save(self, store: Path) -> "Traces":
        """Add them to those that are saved beside a store, and return all. It is on disk when this returns."""
        every = Traces.saved(store) | self
        content = {"traces": every.lists(), "digest": every.digest}
        file = store / FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, (canonical(content) + "\n").encode("ascii"))
        for path in (file, file.parent):
            _sync(path)
        return every


NO_TRACES = Traces()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
