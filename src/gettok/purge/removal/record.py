"""What purges have found and done, beside the answer store: with hashes only, so that any later call can go on."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gettok.errors import Damaged
from gettok.step import Json
from gettok.store.atomic_write import write_json

#: Below the answer store's folder, beside the traces. It is not in git, since a digest confirms a guess.
_FILE = Path("purge", "purged.json")


@dataclass
class Record:
    """What is known of earlier calls. A name is a digest; an object is the MD5 by which DVC names it."""

    file: Path
    #: Objects that had a trace: they are deleted wherever they come back.
    objects: set[str] = field(default_factory=set)
    #: Digests of names that go beside those on the lists: authors without another video, and pseudonyms.
    names: set[str] = field(default_factory=set)
    #: Outcomes by version: a tag, or a commit.
    versions: dict[str, Json] = field(default_factory=dict)

    @staticmethod
    def of(store: Path) -> "Record":
        """The record beside a store; an empty one where nothing was purged yet."""
        file = store / _FILE
        try:
            content = json.loads(file.read_bytes())
            return Record(file, set(content["objects"]), set(content["names"]), dict(content["versions"]))
        except FileNotFoundError:
            return Record(file)
        except (ValueError, LookupError, TypeError) as error:
            raise Damaged(
                f"{file} cannot be read: {error}",
                "stopped before anything was deleted",
                "restore it from a copy; or delete it, and all objects are searched again: media that only a path "
                "shows to be erased, and whose listing is deleted already, are then not found in remotes",
            ) from error

    def add(self, objects: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self.objects.update(objects)
        self.names.update(names)

    def write(self) -> None:
        """Write it; complete or not at all."""
        content = {
            "names": sorted(self.names),
            "objects": sorted(self.objects),
            "versions": self.versions,
        }
        write_json(self.file, content)
