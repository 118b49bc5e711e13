"""A model's files: a folder of one's own, or a repository of the Hugging Face hub, known to the byte."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from gettok.errors import GettokError

#: The hub's library is wanted only where there is no folder.
_late = import_module

#: What the transformers library reads beside the weights.
_BESIDE_WEIGHTS = ("*.json", "*.txt")
#: A repository may hold the same weights several times: the library takes the first of these that it finds.
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")

Trouble = Callable[[str], GettokError]


@dataclass(frozen=True)
class Model:
    """A model's files. `repository` and `revision` (a commit) are empty for a folder of one's own.

    `is_pinned`: the settings name the commit, so that it cannot change by itself.
    """

    folder: Path
    repository: str | None
    revision: str | None
    digest: str
    is_pinned: bool

    @property
    def identity(self) -> dict[str, str | None]:
        """What an answer depends on: where a folder lies says nothing."""
        return {"repository": self.repository, "revision": self.revision, "sha256": self.digest}


def of_folder(folder: Path, named: Sequence[str]) -> Model:
    """A folder of one's own, by those of its files that are so named."""
    return Model(folder, None, None, folder_digest(folder, named), is_pinned=False)


def of_snapshot(folder: Path, repository: str, revision: str | None, named: Sequence[str]) -> Model:
    """A repository in the hub's cache, which names the folder of a snapshot by its commit."""
    digest = folder_digest(folder, named)
    return Model(folder, repository, folder.name, digest, is_pinned=revision == folder.name)


def of_transformers(name: str, revision: str | None, wrong: Trouble, away: Trouble) -> Model:
    """What the transformers library loads by this name: a folder, or a repository, downloaded at its first use."""
    folder = Path(name)
    if folder.is_dir():
        return of_folder(folder, read_by_transformers(folder))
    with troubles(wrong, away):
        snapshot = _downloaded(name, revision)
    return of_snapshot(snapshot, name, revision, read_by_transformers(snapshot))


def read_by_transformers(folder: Path) -> tuple[str, ...]:
    """Names of the files that the library reads there."""
    weights = [named for named in _WEIGHTS if any(folder.glob(named))]
    return (*_BESIDE_WEIGHTS, *weights[:1])


@lru_cache(maxsize=8)
def _downloaded(name: str, revision: str | None) -> Path:
    hub = _late("huggingface_hub")
    hub.utils.disable_progress_bars()  # they would run into our own
    wanted = [*_BESIDE_WEIGHTS, _WEIGHTS[0]]
    folder = Path(
        hub.snapshot_download(name, revision=revision, allow_patterns=wanted, ignore_patterns="*/*")
    )
    if not any(folder.glob(_WEIGHTS[0])):
        hub.snapshot_download(name, revision=folder.name, allow_patterns=_WEIGHTS[1], ignore_patterns="*/*")
    return folder


@contextmanager
def troubles(wrong: Trouble, away: Trouble) -> Iterator[None]:
    """Tell a name or a revision that the hub does not have from a hub that is away."""
    errors = _late("huggingface_hub.errors")
    try:
        yield
    except errors.LocalEntryNotFoundError as error:
        raise away(str(error)) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, ValueError) as error:
        raise wrong(str(error)) from error
    except OSError as error:
        raise away(str(error)) from error


def folder_digest(folder: Path, named: Sequence[str]) -> str:
    """SHA-256 over the names and contents of the folder's files that are so named, hidden ones aside."""
    found = {path for pattern in named for path in folder.glob(pattern)}
    files = [path for path in sorted(found) if path.is_file() and not path.name.startswith(".")]
    facts = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    names = (path.relative_to(folder).as_posix() for path in files)
    return _digest(folder, tuple(zip(names, facts, strict=True)))


@lru_cache(maxsize=8)
def _digest(folder: Path, files: tuple[tuple[str, tuple[int, int]], ...]) -> str:
    whole = hashlib.sha256()
    for name, _ in files:
        with (folder / name).open("rb") as file:
            whole.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return whole.hexdigest()
