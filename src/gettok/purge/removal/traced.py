"""Which of DVC's objects have a trace of what is erased.

They have it in their content; or only a path with an erased id leads to them, as to a medium; or they list such a file.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.places import Place, entries_of, is_listing

#: Whether a file or a text has a trace.
HasTrace = Callable[[Path | bytes], bool]


@dataclass
class Objects:
    """The objects of all places together, each read once wherever it is."""

    names: ErasedNames
    has_trace: HasTrace
    scratch: Path
    #: What the version that is checked out, and successors, are made of: no trace is looked for, and nothing deleted.
    kept: frozenset[str]
    #: Objects with a trace, those of earlier calls included.
    traced: set[str] = field(default_factory=set)
    listings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _looked: set[str] = field(default_factory=set)

    def look(self, place: Place, on_object: Callable[[], object] = lambda: None) -> None:
        """Look through the objects of a place that no other had."""
        for oid in sorted(place.oids() - self._looked):
            self._looked.add(oid)
            on_object()
            if is_listing(oid):
                self.listings[oid] = entries_of(place.read(oid))
            elif oid not in self.traced | self.kept:
                with place.file(oid, self.scratch) as file:
                    if self.has_trace(file):
                        self.traced.add(oid)

    def conclude(self) -> set[str]:
        """All objects with a trace: also what only paths with an erased id lead to, and listings that name any."""
        named: set[str] = set()
        otherwise: set[str] = set(self.kept)
        for entries in self.listings.values():
            for path, md5 in entries.items():
                (named if self.names.has_id(path) else otherwise).add(md5)
        self.traced |= named - otherwise
        self.traced |= {
            oid
            for oid, entries in self.listings.items()
            if self._leads_to_one(entries) and oid not in self.kept
        }
        self.traced -= self.kept
        return self.traced

    def _leads_to_one(self, entries: Mapping[str, str]) -> bool:
        return not self.traced.isdisjoint(entries.values()) or any(map(self.names.has_id, entries))


def reached(outs: Iterable[str], listings: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The objects that outputs lead to, by their MD5s: they themselves, and the files of folders."""
    oids = set(outs)
    return oids | {md5 for oid in oids for md5 in listings.get(oid, {}).values()}


def delete_runs(place: Place, traced: Collection[str], has_trace: HasTrace) -> int:
    """Delete the entries of a run cache that name an object with a trace, or have one; returns how many."""
    gone = 0
    for path, content in place.run_entries().items():
        text = content.decode("utf-8", "replace")
        if _named(text, traced) or has_trace(content):
            place.delete_run(path)
            gone += 1
    return gone


def _named(text: str, traced: Collection[str]) -> set[str]:
    words = {word.strip("'\"") for line in text.splitlines() for word in line.split()}
    return words & set(traced)
