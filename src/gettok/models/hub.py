"""A model's files: a local folder or a repository of the Hugging Face hub, identified by their digest."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from gettok.models.loading import ModelUse, cannot_fetch, cannot_load
from gettok.store.disk_space import full_disk_as_no_space

#: What the transformers library reads beside the weights.
_BESIDE_WEIGHTS = ("*.json", "*.txt")
#: A repository may hold the same weights in several formats: the library takes the first of these that it finds.
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


@dataclass(frozen=True)
class Model:
    """A model's files. `repository` and `revision` (a commit) are empty for a local folder.

    `is_pinned`: the settings name the commit, so the files cannot change unnoticed.
    """

    folder: Path
    repository: str | None
    revision: str | None
    digest: str
    is_pinned: bool

    @property
    def identity(self) -> dict[str, str | None]:
        """What an answer depends on; where the folder is does not matter."""
        return {"repository": self.repository, "revision": self.revision, "sha256": self.digest}


def local_model(folder: Path, patterns: Sequence[str]) -> Model:
    """A local folder, identified by the files that match the patterns."""
    return Model(folder, None, None, folder_digest(folder, patterns), is_pinned=False)


def snapshot_model(folder: Path, repository: str, revision: str | None, patterns: Sequence[str]) -> Model:
    """A repository in the hub's cache, which names a snapshot's folder by its commit."""
    digest = folder_digest(folder, patterns)
    return Model(folder, repository, folder.name, digest, is_pinned=revision == folder.name)


def transformers_model(name: str, revision: str | None, use: ModelUse) -> Model:
    """What the transformers library loads by this name: a folder, or a repository, downloaded at its first use."""
    folder = Path(name)
    if folder.is_dir():
        return local_model(folder, transformers_files(folder))
    with hub_errors(use, name):
        snapshot = _downloaded(name, revision)
    return snapshot_model(snapshot, name, revision, transformers_files(snapshot))


def transformers_files(folder: Path) -> tuple[str, ...]:
    """Patterns of the files that the transformers library reads in a folder."""
    weights = [pattern for pattern in _WEIGHTS if any(folder.glob(pattern))]
    return (*_BESIDE_WEIGHTS, *weights[:1])


@lru_cache(maxsize=8)
def _downloaded(name: str, revision: str | None) -> Path:
    hub = import_module("huggingface_hub")  # needed only where there is no folder
    hub.utils.disable_progress_bars()  # they would break our own
    wanted = [*_BESIDE_WEIGHTS, _WEIGHTS[0]]
    folder = Path(
        hub.snapshot_download(name, revision=revision, allow_patterns=wanted, ignore_patterns="*/*")
    )
    if not any(folder.glob(_WEIGHTS[0])):
        hub.snapshot_download(name, revision=folder.name, allow_patterns=_WEIGHTS[1], ignore_patterns="*/*")
    return folder


@contextmanager
def hub_errors(use: ModelUse, name: str) -> Iterator[None]:
    """Raise `BadSettings` for a name or revision that the hub does not have, and `NotNow` for a hub that is down.

    Raises `NoSpace` if the disk of the hub's cache is full.
    """
    errors = import_module("huggingface_hub.errors")
    cache = Path(import_module("huggingface_hub.constants").HF_HUB_CACHE)
    try:
        with full_disk_as_no_space(cache):
            yield
    # a `LocalEntryNotFoundError` is a `ValueError` too, and means that the hub could not be reached
    except errors.LocalEntryNotFoundError as error:
        raise cannot_fetch(use, name, str(error)) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, ValueError) as error:
        raise cannot_load(use, name, str(error)) from error
    except OSError as error:
        raise cannot_fetch(use, name, str(error)) from error


def folder_digest(folder: Path, patterns: Sequence[str]) -> str:
    """SHA-256 over the names and contents of the folder's files that match, without hidden ones."""
    matching = {path for pattern in patterns for path in folder.glob(pattern)}
    files = [path for path in sorted(matching) if path.is_file() and not path.name.startswith(".")]
    facts = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    names = (path.relative_to(folder).as_posix() for path in files)
    return _digest(folder, tuple(zip(names, facts, strict=True)))


@lru_cache(maxsize=8)
def _digest(folder: Path, files: tuple[tuple[str, tuple[int, int]], ...]) -> str:
    """Cached by the files' sizes and times, since a large model takes seconds to read."""
    digest = hashlib.sha256()
    for name, _ in files:
        with (folder / name).open("rb") as file:
            digest.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return digest.hexdigest()
