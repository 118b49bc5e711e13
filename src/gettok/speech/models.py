"""Which speech model is meant: where its files come from, and what they are to the byte."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from gettok.errors import BadSettings, NotNow
from gettok.settings import Asr

#: faster-whisper takes whole seconds to import, and the hub's library is wanted only where there is no folder
_late = import_module

#: What the transformers library reads; a repository may hold the same weights several times.
_OF_TRANSFORMERS = ("*.json", "*.txt", "*.safetensors")
#: What faster-whisper fetches; others may put more into the hub's cache.
_OF_WHISPERX = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")


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


def find(asr: Asr) -> Model:
    """The folder that the settings name, or the hub's repository, downloaded at its first use."""
    folder = Path(asr.model)
    if folder.is_dir():
        return Model(folder, None, None, folder_digest(folder), is_pinned=False)
    return _fetched(asr.model, asr.revision, asr.backend)


@lru_cache(maxsize=4)
def _fetched(name: str, revision: str | None, backend: Literal["whisperx", "transformers"]) -> Model:
    hub = _late("huggingface_hub.errors")
    try:
        if backend == "whisperx":
            utils = _late("faster_whisper.utils")
            repository = name if "/" in name else str(utils._MODELS.get(name, name))  # noqa: SLF001 - its list of names is nowhere else
            folder = Path(utils.download_model(name, revision=revision))
        else:
            repository = name
            fetch = _late("huggingface_hub").snapshot_download
            folder = Path(fetch(name, revision=revision, allow_patterns=list(_OF_TRANSFORMERS)))
    except hub.LocalEntryNotFoundError as error:
        raise _hub_away(name) from error
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError, ValueError) as error:
        raise cannot_load(name, str(error)) from error
    except OSError as error:
        raise _hub_away(name) from error
    # the hub's cache names the folder of a snapshot by its commit
    digest = folder_digest(folder, _OF_WHISPERX if backend == "whisperx" else _OF_TRANSFORMERS)
    return Model(folder, repository, folder.name, digest, is_pinned=revision == folder.name)


def folder_digest(folder: Path, named: Sequence[str] = ("*",)) -> str:
    """SHA-256 over the names and contents of the folder's files that are so named, hidden ones aside."""
    found = {path for pattern in named for path in folder.rglob(pattern)}
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


def device_of(asr: Asr) -> str:
    """`cpu` or `cuda`; `auto` is cuda where the backend finds one."""
    if asr.device != "auto":
        return asr.device
    if asr.backend == "whisperx":
        found = bool(_late("ctranslate2").get_cuda_device_count())
    else:
        found = bool(_late("torch").cuda.is_available())
    return "cuda" if found else "cpu"


def compute_type_of(asr: Asr) -> str:
    """The number format in use: answers depend on it, so `auto` is told by what it stands for on this machine."""
    if asr.compute_type != "auto":
        return asr.compute_type
    device = device_of(asr)
    return quickest(device, _supported(asr.backend, device))


def quickest(device: str, supported: Collection[str]) -> str:
    """The number format that `auto` stands for, out of those that a device computes well in."""
    wanted = "float16" if device == "cuda" else "int8"
    return wanted if wanted in supported else "float32"


def _supported(backend: str, device: str) -> Collection[str]:
    if backend == "transformers":
        return {"float16", "float32"}
    try:
        found: Collection[str] = _late("ctranslate2").get_supported_compute_types(device)
    except RuntimeError as error:  # a GPU is wanted, and there is none
        raise cannot_run(device, str(error)) from error
    return found


def changed(before: dict[str, str | None], now: Model, name: str) -> BadSettings:
    """A name of the hub means other files than it did when its first answers were made."""
    return BadSettings(
        f"the speech model {name} is now revision {now.revision} of {now.repository}; "
        f"the transcripts so far were made with revision {before['revision']}",
        "stopped before the first video, since every video would be transcribed anew",
        f"set asr.revision to {before['revision']} to go on as before, or to {now.revision} to take the new one",
    )


def cannot_run(device: str, why: str) -> BadSettings:
    return BadSettings(
        f"the speech model cannot run on {device}: {why}",
        "stopped before the first video",
        "choose device: auto or cpu, or check the GPU's driver with nvidia-smi",
    )


def cannot_load(model: str, why: str) -> BadSettings:
    return BadSettings(
        f"the speech model {model} cannot be loaded: {why}",
        "stopped before the first video",
        "set asr.model to a folder or a name that the backend knows; check asr.backend, device and compute_type",
    )


def _hub_away(model: str) -> NotNow:
    return NotNow(
        f"the speech model {model} cannot be fetched from the Hugging Face hub",
        "stopped before the first video",
        "run the same command when the hub can be reached, or set asr.model to a folder with the model",
    )
