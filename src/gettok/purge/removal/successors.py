"""Versions without what is erased: each tag of a release gets a successor, the next patch version of its own line.

A folder of a version is listed again without the files of what is erased, tables are written again without its rows,
and a file from which no rule can take the traces is left out. The successor is a commit on top of the tag's, with the
new `dvc.lock` and the lists of erasures. A version whose outputs cannot be read any more has no successor.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from semver import Version

from gettok.collect.tombstones import SUBJECTS, RefreshLists
from gettok.errors import NotNow
from gettok.pipeline.paths import REFRESH_LISTS
from gettok.pipeline.release_versions import ARTIFACT
from gettok.purge.removal.history import LOCK, blob, commit_with, git
from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.places import Place, entries_of, is_listing, listing_of, md5_of
from gettok.purge.removal.release_files import amend_release, is_release
from gettok.purge.removal.rewriting import rewritten
from gettok.purge.removal.traced import HasTrace
from gettok.settings.yaml_file import parse_yaml
from gettok.step import Json

TAG = f"{ARTIFACT}@v"
#: What lines of a successor's tag begin with: what it succeeds, and what it lacks beside what is erased.
SUCCEEDS, LEFT_OUT, GIVEN_UP = "Succeeds: ", "Left out: ", "Given up: "


@dataclass
class Rewriter:
    """Writes objects again without what is erased, into DVC's cache."""

    cache: Place
    #: Where an object is read that the cache lacks.
    places: list[Place]
    traced: set[str]
    names: ErasedNames
    has_trace: HasTrace
    scratch: Path
    left_out: list[str] = field(default_factory=list)
    #: What an output's MD5 became, in this and in other versions.
    known: dict[str, "_Rewritten"] = field(default_factory=dict)

    def output(self, path: str, md5: str, successor: str, of: str) -> "_Rewritten":
        """An output without what is erased."""
        if not is_listing(md5):
            return self._file(path, md5)
        entries = entries_of(self._read(md5))
        with TemporaryDirectory(dir=self.scratch) as scratch:
            if is_release(entries):
                return self._release(path, entries, Path(scratch), successor, of)
            return self._folder(path, entries)

    def _folder(self, path: str, entries: Mapping[str, str]) -> "_Rewritten":
        left = {}
        for name, md5 in entries.items():
            if self.names.has_id(name):
                continue
            new = self._file(f"{path}/{name}", md5) if md5 in self.traced else _Rewritten(md5)
            if new.md5 is None:
                self.left_out.append(f"{path}/{name}")
            else:
                left[name] = new.md5
        return self._listed(left)

    def _release(
        self, path: str, entries: Mapping[str, str], folder: Path, successor: str, of: str
    ) -> "_Rewritten":
        """All of a release: what describes its files changes with them."""
        for name, md5 in entries.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(self._read(md5))
        without = amend_release(folder, self.names, self.has_trace, successor=successor, of=of)
        self.left_out += [f"{path}/{name}" for name in without]
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return self._listed(
            {file.relative_to(folder).as_posix(): self._add(file.read_bytes()) for file in files}
        )

    def _listed(self, entries: dict[str, str]) -> "_Rewritten":
        listing, oid = listing_of(entries)
        self._add(listing, oid)
        size = sum(
            Path(self.cache.odb.oid_to_path(md5)).stat().st_size
            for md5 in entries.values()
            if self.cache.has(md5)
        )
        return _Rewritten(oid, size, len(entries))

    def _file(self, path: str, md5: str) -> "_Rewritten":
        try:
            content = rewritten(self._read(md5), path, self.names)
        except ValueError:
            content = None
        if content is None or self.has_trace(content):
            return _Rewritten(None)
        return _Rewritten(self._add(content), len(content))

    def _read(self, oid: str) -> bytes:
        for place in (self.cache, *self.places):
            if place.has(oid):
                return place.read(oid)
        raise LookupError(oid)

    def _add(self, content: bytes, oid: str = "") -> str:
        oid = oid or md5_of(content)
        with TemporaryDirectory(dir=self.scratch) as folder:
            file = Path(folder) / "object"
            file.write_bytes(content)
            self.cache.add(file, oid)
        return oid


@dataclass(frozen=True)
class _Rewritten:
    """An output or a file as it is now; None if there is nothing left of it that may be shown."""

    md5: str | None
    size: int = 0
    files: int | None = None


def make_successor(rewriter: Rewriter, tag: str, commit: str, lock: str, *, waits: bool) -> str:
    """Make the successor of a tag of a release, with its commit and its tag, whose name it returns.

    Raises `NotNow` if an output cannot be read and `waits`, as a remote that may have it cannot be reached.
    """
    name = f"{TAG}{next_version(tag)}"
    content = parse_yaml(blob(lock))
    new: dict[str, _Rewritten] = {}
    given_up: dict[str, str] = {}
    rewriter.left_out = []
    for path, md5 in traced_outputs(content, rewriter.traced):
        try:
            found = rewriter.output(path, md5, name, tag)
        except LookupError as error:
            if waits:
                raise _not_read(tag, path) from error
            given_up[path] = "some of it is neither in DVC's cache nor in a remote"
            continue
        if found.md5 is None:
            given_up[path] = "no rule takes the traces out of it"
        else:
            new[md5] = found
    files = {LOCK: _dumped(_with(content, new, given_up)), **dict(_lists())}
    made = commit_with(commit, files, f"Succeed {tag} after an erasure\n")
    lines = [name, "", f"{SUCCEEDS}{tag}"]
    lines += [f"{LEFT_OUT}{path}" for path in sorted(rewriter.left_out)]
    lines += [f"{GIVEN_UP}{path}: {why}" for path, why in sorted(given_up.items())]
    git("tag", "--annotate", "--message", "\n".join(lines), name, made)
    return name


def _not_read(tag: str, path: str) -> NotNow:
    return NotNow(
        f"{path} of {tag} is not in DVC's cache, and a remote that may have it cannot be reached",
        "made no successor of the version, and deleted no object",
        "see that the remotes can be reached, and run the same command again; or remove the remote from DVC's settings "
        "if it is gone for good, and the output is given up",
    )


def next_version(tag: str) -> Version:
    """The next version of the tag's own line that no tag has yet."""
    version = Version.parse(tag.removeprefix(TAG))
    taken = set(git("tag", "--list").split())
    while f"{TAG}{version}" in taken:
        version = version.bump_prerelease() if version.prerelease else version.bump_patch()
    return version


def traced_outputs(content: Json, traced: set[str]) -> Iterator[tuple[str, str]]:
    """The path and MD5 of each output in a parsed `dvc.lock` that has a trace."""
    for out in outputs_in(content):
        if out["md5"] in traced:
            yield out["path"], out["md5"]


def outputs_in(content: Json) -> Iterator[Json]:
    """The outputs in a parsed `dvc.lock`."""
    for stage in (content.get("stages") or {}).values():
        yield from (out for out in stage.get("outs", ()) if "md5" in out)


def _with(content: Json, new: Mapping[str, _Rewritten], given_up: Mapping[str, str]) -> Json:
    """The same `dvc.lock` with the outputs as they are now, also where other stages read them."""

    def changed(entry: Json) -> Json:
        found = new.get(entry.get("md5"))
        if found is None:
            return entry
        facts = {"md5": found.md5, "size": found.size}
        return entry | facts | ({"nfiles": found.files} if found.files is not None else {})

    stages = {}
    for name, stage in content["stages"].items():
        outs = [changed(out) for out in stage.get("outs", ()) if out["path"] not in given_up]
        deps = [changed(dep) for dep in stage.get("deps", ())]
        stages[name] = stage | ({"deps": deps} if deps else {}) | ({"outs": outs} if outs else {})
        if not outs:
            stages[name].pop("outs", None)
    return content | {"stages": stages}


def _lists() -> Iterator[tuple[str, bytes]]:
    """The lists of erasures: what is built on top of the successor is built without them, too."""
    for subject in SUBJECTS:
        file = RefreshLists(REFRESH_LISTS, subject).tombstones_file
        if file.is_file():
            yield file.as_posix(), file.read_bytes()


def _dumped(content: Json) -> bytes:
    from dvc.utils.serialize._yaml import dumps_yaml  # noqa: PLC0415 - DVC takes a second to import

    return str(dumps_yaml(content)).encode()
