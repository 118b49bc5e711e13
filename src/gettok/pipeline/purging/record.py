"""What purges have found and done, in a file that git keeps: with hashes only, so that any later call can go on."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gettok.errors import Damaged
from gettok.step import Json
from gettok.store.atomic_write import write_json

#: At the top of the repository: under `inputs/refresh/`, it would make `collect` run again.
PURGES = Path("purges")
_FILE = PURGES / "purges.json"


@dataclass
class Record:
    """What is known of earlier calls. A name is a digest; an object is the MD5 by which DVC names it."""

    #: Objects that had a trace: they are deleted wherever they come back.
    objects: set[str] = field(default_factory=set)
    #: Digests of names that go beside those on the lists: authors without another video, and pseudonyms.
    names: set[str] = field(default_factory=set)
    #: Outcomes by version: a tag, or a commit.
    versions: dict[str, Json] = field(default_factory=dict)

    @staticmethod
    def read() -> "Record":
        """The record of this repository; an empty one where nothing was purged yet."""
        try:
            content = json.loads(_FILE.read_bytes())
            return Record(set(content["objects"]), set(content["names"]), dict(content["versions"]))
        except FileNotFoundError:
            return Record()
        except (ValueError, LookupError, TypeError) as error:
            raise Damaged(
                f"{_FILE} cannot be read: {error}",
                "stopped before anything was deleted",
                f"restore it with `git checkout {_FILE}`",
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
        write_json(_FILE, content)
