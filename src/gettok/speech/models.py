"""Which speech model is meant, and what this machine computes it in."""

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from threading import RLock

from gettok.errors import BadSettings, NotNow
from gettok.models.hub import Model, of_folder, of_snapshot, of_transformers, troubles
from gettok.settings import Asr

#: faster-whisper takes whole seconds to import
_late = import_module

#: Python's filters belong to the whole process: two threads that set them at once would leave them wrong for good.
_TURN = RLock()
#: What faster-whisper fetches and reads; others may put more beside it.
OF_WHISPERX = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")


def find(asr: Asr) -> Model:
    """The folder that the settings name, or the hub's repository, downloaded at its first use."""
    wrong, away = partial(cannot_load, asr.model), partial(_hub_away, asr.model)
    if asr.backend == "transformers":
        return of_transformers(asr.model, asr.revision, wrong, away)
    folder = Path(asr.model)
    if folder.is_dir():
        return of_folder(folder, OF_WHISPERX)
    with troubles(wrong, away):
        repository, folder = _downloaded(asr.model, asr.revision)
    return of_snapshot(folder, repository, asr.revision, OF_WHISPERX)


@lru_cache(maxsize=4)
def _downloaded(name: str, revision: str | None) -> tuple[str, Path]:
    utils = _late("faster_whisper.utils")
    repository = name if "/" in name else str(utils._MODELS.get(name, name))  # noqa: SLF001 - its list of names is nowhere else
    return repository, Path(utils.download_model(name, revision=revision))


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


def changed(before: dict[str, str | None], now: Model, name: str, setting: str) -> BadSettings:
    """A name of the hub means other files than it did when its first answers were made.

    `setting` is how the settings would name a commit, up to the commit itself.
    """
    return BadSettings(
        f"the model {name} is now revision {now.revision} of {now.repository}; "
        f"the transcripts so far were made with revision {before['revision']}",
        "stopped before the first video, since every video would be transcribed anew",
        f"set {setting}{before['revision']} to go on as before, or {setting}{now.revision} to take the new one",
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


def _hub_away(model: str, why: str) -> NotNow:
    return NotNow(
        f"the speech model {model} cannot be fetched from the Hugging Face hub: {why}",
        "stopped before the first video",
        "run the same command when the hub can be reached, or set asr.model to a folder with the model",
    )


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Without the libraries' warnings about each other. One thread at a time."""
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
