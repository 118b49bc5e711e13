"""Every place that may have bytes of a dataset: the workspace, the answer store, DVC's folders, git and the remotes."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gettok.errors import GettokError
from gettok.pipeline.paths import CONF, INPUTS, PARAMS, dvc_cache

#: Folders with installed packages and caches of tools.
_NO_DATA = frozenset({".git", ".dvc", ".venv", ".tools", "__pycache__", "node_modules"})
#: Where the workspace has what people edit for a study. Files elsewhere that git has are found in git.
_EDITED = (INPUTS, CONF, PARAMS, Path("dvc.lock"))
#: Where DVC 3.67 has them on Linux, if neither settings nor the environment name another place.
_USUAL_SITE_CACHE = Path("/var/tmp/dvc")  # noqa: S108 - DVC's, not ours
HISTORY, BESIDE_HISTORY = "git history", "git beside its history"


class OutOfReach(GettokError):
    """A place, or a file in it, that cannot be read now."""


class PlacedFile(NamedTuple):
    """A file or an object: its place and its name there, its size in bytes, and how to get at its content."""

    place: str
    name: str
    size: int
    content: Callable[[], AbstractContextManager[Path | bytes]]


def local_items(store: Path, site_caches: Mapping[str, Path]) -> Iterator[PlacedFile]:
    """The files of the workspace and beside it. What is in two places, one in the other, is in the inner one only."""
    inner = {"answer store": store, "DVC cache": dvc_cache()}
    inner.update(site_caches)
    tops = {folder.resolve() for folder in inner.values()}
    tracked = set(_git("ls-files", "-z").decode("utf-8", "surrogateescape").split("\0"))
    for file in _files(Path(), tops, _NO_DATA):
        if file.as_posix() not in tracked or any(file.is_relative_to(place) for place in _EDITED):
            yield _file("workspace", file, file.as_posix())
    for place, folder in {"DVC folder": Path(".dvc"), **inner}.items():
        for file in _files(folder, tops - {folder.resolve()}):
            yield _file(place, file, file.relative_to(folder).as_posix())


def remote_items(cloud: Any, name: str) -> list[PlacedFile]:
    """Every file below a remote, through the filesystem by which DVC reaches it. Raises `OutOfReach`."""
    with _reaching():
        remote = cloud.get_remote(name)
        found = _sizes(remote.fs, remote.path)
    if not found:  # as it is where a disk is not mounted
        raise OutOfReach("nothing is there")
    return [
        PlacedFile(
            f"remote {name}",
            os.path.relpath(path, remote.path),
            size,
            partial(_downloaded, remote.fs, path),
        )
        for path, size in sorted(found.items())
    ]


def _sizes(filesystem: Any, folder: str) -> dict[str, int]:
    """The files below a folder, each with its size; elsewhere without a question for each."""
    if filesystem.protocol == "local":
        return {path: Path(path).stat().st_size for path in filesystem.find(folder)}
    found = filesystem.fs.find(folder, detail=True)
    return {path: int(facts.get("size") or 0) for path, facts in found.items()}


def git_items() -> Iterator[PlacedFile]:
    """Git's objects, and its files beside them: the index belongs to the history, reflogs and such do not."""
    folder = Path(_git("rev-parse", "--git-common-dir").decode().strip() or ".git")
    if not folder.is_dir():
        return
    for file in _files(folder, {(folder / "objects").resolve()}):
        place = HISTORY if file.name in ("index", "packed-refs") else BESIDE_HISTORY
        yield _file(place, file, file.relative_to(folder).as_posix())
    named = _git("rev-list", "--objects", "--branches", "--tags", "--remotes", "HEAD").decode(
        "utf-8", "replace"
    )
    history = dict(line.partition(" ")[::2] for line in named.splitlines())
    with subprocess.Popen(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"],  # noqa: S607 - git as it is found
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        while head := process.stdout.readline().decode("ascii").split():
            number, kind, size = head
            content = process.stdout.read(int(size) + 1)[:-1]
            place = HISTORY if number in history else BESIDE_HISTORY
            name = f"{kind} {number} {history.get(number, '')}".rstrip()
            yield PlacedFile(place, name, len(content), partial(_here, content))


def _git(*arguments: str) -> bytes:
    """What git prints; nothing where there is no repository or no commit."""
    command: Sequence[str] = ("git", *arguments)
    return subprocess.run(command, check=False, capture_output=True).stdout  # noqa: S603 - no shell


def _files(folder: Path, without: Iterable[Path] = (), named: Iterable[str] = ()) -> Iterator[Path]:
    left_out, names = set(without), set(named)
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in names and Path(parent, name).resolve() not in left_out
        )
        yield from (file for name in sorted(files) if (file := Path(parent, name)).is_file())


def _file(place: str, file: Path, name: str) -> PlacedFile:
    return PlacedFile(place, name, file.stat().st_size, partial(_here, file))


def _here(content: Path | bytes) -> AbstractContextManager[Path | bytes]:
    return nullcontext(content)


@contextmanager
def _downloaded(filesystem: Any, path: str) -> Iterator[Path]:
    """A remote's file on this machine: itself where it is here, else a copy for as long as it is looked into."""
    if filesystem.protocol == "local":
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        with _reaching():
            filesystem.get_file(path, str(copy))
        yield copy


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each kind of remote has errors of its own, without a root of their own
        raise OutOfReach(f"{type(error).__name__}: {error}") from error


def site_caches(repo: Any) -> dict[str, Path]:
    """DVC's folders of databases about this repository: where the settings have it, and where it is without any."""
    from dvc.dirs import site_cache_dir  # noqa: PLC0415 - DVC takes a second to import

    here = Path(repo.site_cache_dir)
    places = {
        "DVC site cache, usual": _USUAL_SITE_CACHE / "repo" / here.name,
        "DVC site cache, default": Path(site_cache_dir(None), "repo", here.name),
        "DVC site cache": here,
    }
    distinct = {place.resolve(): name for name, place in places.items() if place.is_dir()}
    return {name: place for place, name in distinct.items()}
