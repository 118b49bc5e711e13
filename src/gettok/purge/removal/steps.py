"""The steps of a purge. Each looks at what there is, and does what is left to do: after a kill, another call goes on.

Before anything is deleted, what is known of it is in the record: the digests of names and of objects. Successors are
made and pushed before what they replace is deleted.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gettok.errors import NotNow, counted
from gettok.pipeline.release_versions import ARTIFACT
from gettok.pipeline.shards import FOLDER, forget
from gettok.purge.removal import history, leftovers
from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.places import (
    Place,
    cache_of,
    entries_of,
    is_listing,
    reaching,
    remote_names,
    remote_of,
)
from gettok.purge.removal.record import Record
from gettok.purge.removal.stored_answers import compact, is_about, purge_answers, purge_logs
from gettok.purge.removal.successors import (
    GIVEN_UP,
    LEFT_OUT,
    SUCCEEDS,
    TAG,
    Rewriter,
    make_successor,
    next_version,
    outputs_in,
)
from gettok.purge.removal.traced import HasTrace, Objects, delete_runs, reached
from gettok.purge.removal.whom import used_answers
from gettok.settings.yaml_file import parse_yaml
from gettok.store import Store

_TAGS = f"refs/tags/{ARTIFACT}@v*"
_MD5 = re.compile(rb"md5: ([0-9a-f]{32}(?:\.dir)?)")
_MAX_NAMED = 5


@dataclass
class Purge:
    """One call: what is erased, where it is looked for, and what was found."""

    repo: Any
    root: Path
    names: ErasedNames
    has_trace: HasTrace
    record: Record
    scratch: Path
    #: Told each object that is looked through.
    on_object: Callable[[], object] = lambda: None
    cache: Place = field(init=False)
    remotes: list[Place] = field(default_factory=list)
    unreachable: list[NotNow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = cache_of(self.repo)
        for name in remote_names(self.repo):
            try:
                self.remotes.append(remote_of(self.repo, name))
            except NotNow as error:
                self.unreachable.append(error)

    @property
    def steps(self) -> tuple[Callable[[], Iterator[str]], ...]:
        """All steps in their order; each deletes something, or prepares for what comes after it."""
        return (
            self.store,
            self.shards,
            self.look,
            self.successors,
            self.experiments,
            self.give_up,
            self.objects,
        )

    def plan(self) -> Iterator[str]:
        """What the steps would do; nothing is written."""
        with Store(self.root, to_read=True) as store:
            answers = sum(is_about(answer.subject, self.names) for answer, _ in store.texts())
        yield f"answer store: {counted(answers, 'answer')} would go, and be taken off the pages that list it"
        found = self._objects()
        self.record.add(objects=found)
        for place in (self.cache, *self.remotes):
            yield f"{place.name}: {counted(len(found & place.oids()), 'object')} would go"
        tagged = self._to_succeed()
        for tag in tagged:
            yield f"{tag} had traces: {TAG}{next_version(tag)} would succeed it"
        others = {commit for lock in self._traced_locks() for commit in lock.commits} - set(tagged.values())
        yield f"given up, as no release is tagged there: what had traces in {counted(len(others), 'commit')}"
        for error in self.unreachable:
            yield f"{error.what}"

    def store(self) -> Iterator[str]:
        """The answers about what is erased, and the bytes that SQLite leaves of them."""
        with Store(self.root) as store:
            done = purge_answers(store, self.names, used_answers())
            store.drop_unnamed()
        logged = purge_logs(self.root, self.names)
        compact(self.root)
        yield (
            f"answer store: {counted(done.deleted, 'answer')} deleted, {counted(done.rewritten, 'page')} written again,"
            f" {counted(logged, 'line')} of logs emptied"
        )

    def shards(self) -> Iterator[str]:
        """Parts of tables that are kept beside the store."""
        forget(self.root, set())
        gone = 0
        for file in sorted((self.root / FOLDER).rglob("*")):
            if file.is_file() and self.has_trace(file):
                for each in (file, file.with_suffix(".json")):
                    each.unlink(missing_ok=True)
                gone += 1
        yield f"parts of tables beside the store: {counted(gone, 'file')} deleted"

    def look(self) -> Iterator[str]:
        """Which objects have a trace; the record has them before the first is deleted."""
        self.cache.delete_unfinished()
        self._in_remotes(Place.delete_unfinished)
        self.record.objects = self._objects()
        self.record.write()
        yield f"versions: {counted(len(self.record.objects), 'object')} with traces are known"

    def _objects(self) -> set[str]:
        kept = frozenset(reached(_outs(Path(history.LOCK).read_bytes()), self._listings()))
        objects = Objects(self.names, self.has_trace, self.scratch, kept, set(self.record.objects))
        objects.look(self.cache, self.on_object)
        self._in_remotes(lambda remote: objects.look(remote, self.on_object))
        return objects.conclude()

    def _in_remotes(self, work: Callable[[Place], object]) -> None:
        """Do something in each remote. One in which it fails is left alone from then on."""
        for remote in tuple(self.remotes):
            try:
                with reaching(remote.name):
                    work(remote)
            except NotNow as error:
                self.remotes.remove(remote)
                self.unreachable.append(error)

    def _listings(self) -> dict[str, dict[str, str]]:
        """The listings of the version that is checked out."""
        listings = {}
        for oid in filter(is_listing, _outs(Path(history.LOCK).read_bytes())):
            for place in (self.cache, *self.remotes):
                if place.has(oid):
                    listings[oid] = entries_of(place.read(oid))
                    break
        return listings

    def successors(self) -> Iterator[str]:
        """A successor for each tag of a release that had a trace, in this place and in the remotes."""
        rewriter = Rewriter(
            self.cache, self.remotes, self.record.objects, self.names, self.has_trace, self.scratch
        )
        before = self._locks_before()
        for tag, commit in self._to_succeed().items():
            made = make_successor(rewriter, tag, commit, before[commit], waits=bool(self.unreachable))
            yield f"{tag} had traces: {made} succeeds it"
        self._note_successors()
        self._push_successors()

    def _to_succeed(self) -> dict[str, str]:
        """The tags of releases that had a trace and have no successor yet, each with its commit."""
        before, done = self._locks_before(), self._succeeded()
        tags = {ref.removeprefix("refs/tags/"): commit for ref, commit in sorted(history.refs(_TAGS).items())}
        return {
            tag: commit
            for tag, commit in tags.items()
            if commit in before and tag not in done and history.is_annotated(tag)
        }

    def _locks_before(self) -> dict[str, str]:
        """Which `dvc.lock` each commit has, of those that had a trace."""
        return {commit: lock.blob for lock in self._traced_locks() for commit in lock.commits}

    def _traced_locks(self) -> list[history.Locked]:
        return [lock for lock in history.locks() if self._is_traced(lock.blob)]

    def _is_traced(self, blob: str) -> bool:
        return not self.record.objects.isdisjoint(_named(blob)) and not self.record.objects.isdisjoint(
            _outs(history.blob(blob))
        )

    def _succeeded(self) -> dict[str, str]:
        """The successor of each tag that has one."""
        found = {}
        for ref in history.refs(_TAGS):
            tag = ref.removeprefix("refs/tags/")
            if history.is_annotated(tag) and (of := _lines(tag, SUCCEEDS)):
                found[of[0]] = tag
        return found

    def _note_successors(self) -> None:
        for tag, successor in self._succeeded().items():
            self.record.versions[tag] = {
                "outcome": "succeeded",
                "by": successor,
                "left_out": _lines(successor, LEFT_OUT),
                "given_up": _lines(successor, GIVEN_UP),
            }
        self.record.write()

    def _push_successors(self) -> None:
        """To each remote that has an output as it was, the output as it is now."""
        for tag, successor in self._succeeded().items():
            before, now = (
                _by_path(history.git("show", f"{name}^{{commit}}:{history.LOCK}"))
                for name in (tag, successor)
            )
            for path in before.keys() & now.keys():
                if before[path] != now[path] and self.cache.has(now[path]):
                    self._push(before[path], now[path])

    def _push(self, before: str, now: str) -> None:
        files = entries_of(self.cache.read(now)).values() if is_listing(now) else ()

        def push(remote: Place) -> None:
            if remote.has(before):
                for oid in (*files, now):  # the listing last: what it lists is there then
                    self._add_to(remote, oid)

        self._in_remotes(push)

    def _add_to(self, remote: Place, oid: str) -> None:
        if self.cache.has(oid):
            with self.cache.file(oid, self.scratch) as file:
                remote.add(file, oid)

    def give_up(self) -> Iterator[str]:
        """The other versions that had a trace: nothing of theirs that had one can be brought back."""
        tagged = {
            commit
            for ref, commit in history.refs(_TAGS).items()
            if ref.removeprefix("refs/tags/") in self._succeeded()
        }
        given_up = {commit for lock in self._traced_locks() for commit in lock.commits} - tagged
        for commit in given_up:
            self.record.versions[commit] = {"outcome": "given up"}
        self.record.write()
        if given_up:
            yield f"given up, as no release is tagged there: what had traces in {counted(len(given_up), 'commit')}"

    def experiments(self) -> Iterator[str]:
        """Experiments that were made from a version with traces; the queue; DVC's temporary files."""
        traced = {commit for lock in self._traced_locks() for commit in lock.commits}
        gone = [ref for ref, commit in leftovers.experiments().items() if commit in traced]
        queued = leftovers.queued()
        leftovers.remove_refs([*gone, *queued])
        leftovers.clear_temporary()
        self.scratch.mkdir(parents=True, exist_ok=True)
        leftovers.prune()
        if gone or queued:
            yield f"experiments: {len(gone)} removed, and what waited in the queue or was left of it"

    def objects(self) -> Iterator[str]:
        """The objects with traces, and run-cache entries that name one, in the cache and in each remote."""
        yield from self._other_names()
        said: list[str] = []

        def delete(place: Place) -> None:
            runs = delete_runs(place, self.record.objects, self.has_trace)
            gone = place.delete(self.record.objects)
            said.append(
                f"{place.name}: {counted(gone, 'object')} deleted, {counted(runs, 'run')} of the run cache"
            )

        delete(self.cache)
        self._in_remotes(delete)
        yield from said

    def _other_names(self) -> Iterator[str]:
        """Files that have another name on this disk, which stays."""
        linked = [
            stat.st_ino
            for oid in sorted(self.record.objects & self.cache.oids())
            if (stat := Path(self.cache.odb.oid_to_path(oid)).stat()).st_nlink > 1
        ]
        if linked:
            shown = " ".join(map(str, linked[:_MAX_NAMED]))
            yield (
                f"{counted(len(linked), 'file')} that go have another name on this disk, such as in a workspace that "
                f"shares the cache; `find / -xdev -inum INODE` finds it (inodes {shown}, …): delete it there"
            )


@cache
def _named(blob: str) -> frozenset[str]:
    """Every MD5 in a `dvc.lock` of git's, without parsing it, which takes long."""
    return frozenset(found.decode() for found in _MD5.findall(history.blob(blob)))


def _lines(tag: str, start: str) -> list[str]:
    return [
        line.removeprefix(start) for line in history.message_of(tag).splitlines() if line.startswith(start)
    ]


def _outs(lock: bytes) -> list[str]:
    return [out["md5"] for out in outputs_in(parse_yaml(lock))]


def _by_path(lock: str) -> dict[str, str]:
    return {out["path"]: out["md5"] for out in outputs_in(parse_yaml(lock.encode()))}
