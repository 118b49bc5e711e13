"""Proves that nothing of what was erased is left, as far as this machine can look: a search and a file that says so."""

import json
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import dvc
from tqdm import tqdm

import gettok
from gettok.collect.erased import Erased
from gettok.errors import BadInput, NotNow, Stop, counted
from gettok.pipeline.paths import DATA, INPUTS, PARAMS, REFRESH_LISTS, dvc_cache
from gettok.pipeline.runner import none_running
from gettok.purge.gathering import gather
from gettok.purge.places import (
    HISTORY,
    OutOfReach,
    PlacedFile,
    git_items,
    local_items,
    remote_items,
    site_caches,
)
from gettok.purge.search import TraceSearch
from gettok.purge.traces import Traces
from gettok.purge.words import LEAST_BYTES, MOST_WINDOWS, WINDOW
from gettok.step import Json
from gettok.store.atomic_write import atomic_write
from gettok.store.disk_space import in_words

#: Certificates, one a day; to be committed.
FOLDER = Path("purges")
_MOST_LISTED = 20
_PLAIN_EVERY_S = 30.0
_RULES = (
    (
        f"texts of {WINDOW} words or more, by up to {MOST_WINDOWS} windows of {WINDOW} words that do not touch and have"
        f" {LEAST_BYTES} bytes or more; shorter texts are only found where an id or a username is in the same file"
    ),
    (
        "usernames of fewer than 6 characters, only after an @ or where a file says that it is a username; those that"
        " texts of others have, only the latter"
    ),
    "deleted rows in free pages of databases, as far as their beginnings are left",
    "pictures and sound by the digest of the whole file: a changed copy is not recognised",
)
_NEVER_SEARCHED = (
    "clones, downloads and deposits that others have",
    "earlier versions of objects, if a bucket keeps them",
    "backups, snapshots, and blocks of disks that are free",
    "memory of services that were called: models' hosts, TikTok",
)


class FoundAt(NamedTuple):
    """Where a trace was found. The digests of texts are left out, as the certificate is to be public."""

    place: str
    file: str
    kind: str
    digest: str
    inside: str


@dataclass
class Certificate:
    """What was looked for and where, and what was found."""

    traces: Traces
    day: date
    files: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    found: list[FoundAt] = field(default_factory=list)
    in_history: list[FoundAt] = field(default_factory=list)
    not_decoded: list[dict[str, str]] = field(default_factory=list)
    unreachable: list[dict[str, str]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """`clean`, `found`, or `incomplete` where nothing was found in what could be searched."""
        if self.found:
            return "found"
        return "incomplete" if self.unreachable or self.not_decoded else "clean"

    def content(self) -> Json:
        """The certificate as JSON: the same for the same bytes on the same day."""
        lists = self.traces.lists()
        counts = {f"{kind}_count": len(digests) for kind, digests in self.traces.sought().lists().items()}
        return {
            "date": self.day.isoformat(),
            "outcome": self.outcome,
            "versions": {
                "gettok": gettok.__version__,
                "dvc": dvc.__version__,
                "python": platform.python_version(),
            },
            "sought": {
                **{f"{kind}_sha256": lists[kind] for kind in ("videos", "comments", "users")},
                **{
                    kind: counts[kind]
                    for kind in ("texts_count", "files_count", "mentioned_count", "shared_count")
                },
                "traces_sha256": self.traces.digest,
            },
            "rules": list(_RULES),
            "searched": [
                {"place": place, "files": count, "bytes": self.bytes[place]}
                for place, count in sorted(self.files.items())
            ],
            "found": [each._asdict() for each in sorted(self.found)],
            "found_in_git_history": [each._asdict() for each in sorted(self.in_history)],
            "not_decoded": sorted(self.not_decoded, key=str),
            "unreachable": self.unreachable,
            "never_searched": list(_NEVER_SEARCHED),
        }

    def write(self) -> Path:
        """Write it below `purges/`, and return where."""
        file = FOLDER / f"{self.day.isoformat()}.json"
        atomic_write(file, (json.dumps(self.content(), indent=1, ensure_ascii=True) + "\n").encode("ascii"))
        return file

    def lines(self) -> Iterator[str]:
        """What people read of it."""
        sought = self.traces.sought()
        kinds = {
            "video": sought.erased.videos,
            "comment": sought.erased.comments,
            "user": sought.erased.users,
        }
        kinds |= {"text window": sought.texts, "file": sought.files}
        yield "looked for " + ", ".join(counted(len(digests), kind) for kind, digests in kinds.items())
        for place, count in sorted(self.files.items()):
            yield f"  {place}: {counted(count, 'file')}, {in_words(self.bytes[place])}"
        yield from _listed("found", self.found)
        yield from _listed("found in git's history, which is not rewritten", self.in_history)
        for each in self.not_decoded[:_MOST_LISTED]:
            yield f"not decoded: {each['place']}: {each['file']} ({each['inside']}: {each['why']})"
        for each in self.unreachable:
            yield f"not searched: {each['place']}: {each['why']}"
        yield "nothing was found" if not self.found else f"found in {counted(_places(self.found), 'file')}"

    def refuse_unproven(self) -> None:
        """Raise unless everything could be searched and nothing was found."""
        if self.found:
            raise Stop(
                f"what was erased is still in {counted(_places(self.found), 'file')}, listed above",
                "wrote the certificate, which says so; deleted nothing",
                "`gettok purge --yes` removes it; in files of your own, take the lines out",
            )
        if self.unreachable:
            raise NotNow(
                f"{counted(len(self.unreachable), 'place')} could not be searched, listed above",
                "searched all else and found nothing; the certificate says which is missing",
                "make it reachable and run `gettok purge --prove` again",
            )
        if self.not_decoded:
            raise Stop(
                f"{counted(len(self.not_decoded), 'file')} could not be decoded, listed above",
                "searched their bytes as they are, and all else, and found nothing",
                "delete or restore the damaged files, and run `gettok purge --prove` again",
            )


def prove(store: Path, day: date) -> Certificate:
    """Search every place for what the lists say is erased. Raises `BadInput` if nothing is, `AlreadyRunning`."""
    from dvc.repo import Repo  # noqa: PLC0415 - takes a second, and this is also imported to purge

    store.mkdir(parents=True, exist_ok=True)  # a fresh clone has none, and the traces are saved in it
    with ExitStack() as stack:
        # a file that shrinks while it is mapped would end the process
        stack.enter_context(none_running(store))
        certificate = Certificate(gathered(store), day)
        repo = stack.enter_context(Repo())
        items = list(local_items(store, site_caches(repo)))
        for name in sorted(repo.config["remote"]):
            try:
                items += remote_items(repo.cloud, name)
            except OutOfReach as error:
                certificate.unreachable.append({"place": f"remote {name}", "why": str(error)})
        _search(certificate, items)
    return certificate


def gathered(store: Path, erased: Erased | None = None, *, save: bool = True) -> Traces:
    """All traces of what is erased, by the lists unless it is given, from here and from before.

    They are saved beside the store, if `save`.
    """
    erased = erased or Erased.of(REFRESH_LISTS)
    if not erased:
        raise BadInput(
            f"nothing is listed to be erased in {REFRESH_LISTS}",
            "searched nothing",
            "`gettok erase` lists videos, users and comments",
        )
    runs = dvc_cache() / "runs"
    places = [DATA.absolute(), INPUTS, store, dvc_cache() / "files"]
    settings = [PARAMS, Path("dvc.lock"), runs]
    found = gather(erased, places, settings, Traces.saved(store))
    return found.save(store) if save else found


def _search(certificate: Certificate, items: list[PlacedFile]) -> None:
    search = TraceSearch(certificate.traces)
    # without a terminal, a plain line now and then
    every_s = 0.1 if sys.stderr.isatty() else _PLAIN_EVERY_S
    total = sum(item.size for item in items)
    with tqdm(total=total, desc="searching", unit="B", unit_scale=True, mininterval=every_s) as bar:
        for item in _each(items, bar):
            _look(certificate, search, item)


def _each(items: Iterable[PlacedFile], bar: "tqdm[Any]") -> Iterator[PlacedFile]:
    for item in items:
        yield item
        bar.update(item.size)
    for item in git_items():  # their sizes are known only as they are read
        bar.total = (bar.total or 0) + item.size
        yield item
        bar.update(item.size)


def _look(certificate: Certificate, search: TraceSearch, item: PlacedFile) -> None:
    name = search.masked(item.name)
    try:
        with item.content() as content:
            found, unread = search.look(content)
    except FileNotFoundError:  # a lock or a log that was there a moment ago
        return
    except (OutOfReach, PermissionError) as error:
        certificate.unreachable.append({"place": f"{item.place}: {name}", "why": str(error)})
        return
    certificate.files[item.place] += 1
    certificate.bytes[item.place] += item.size
    listed = certificate.in_history if item.place == HISTORY else certificate.found
    for each in (*search.in_name(item.name), *found):
        digest = "" if each.kind == "text" else each.digest
        listed.append(FoundAt(item.place, name, each.kind, digest, each.inside))
    for one in unread:
        certificate.not_decoded.append({"place": item.place, "file": name, **one._asdict()})


def _listed(what: str, findings: list[FoundAt]) -> Iterator[str]:
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for each in sorted(findings):
        kinds.setdefault((each.place, each.file), Counter())[each.kind] += 1
    for number, ((place, file), counts) in enumerate(kinds.items()):
        if number == _MOST_LISTED:
            yield f"{what}: and {counted(len(kinds) - _MOST_LISTED, 'file')} more, in the certificate"
            return
        yield f"{what}: {place}: {file} ({', '.join(f'{kind} {count}' for kind, count in counts.items())})"


def _places(findings: list[FoundAt]) -> int:
    return len({(each.place, each.file) for each in findings})
