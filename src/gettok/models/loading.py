"""Loading a model: on the right device, without the libraries' chatter, and with errors that say what to do."""

import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from threading import RLock
from types import MappingProxyType
from typing import Any

from gettok.errors import BadSettings, NotNow

#: Python's warning filters belong to the whole process: two threads that set them at once would leave them wrong.
_WARNINGS_LOCK = RLock()
#: What the transformers library raises for a folder that holds something else, or only half of a model.
UNREADABLE = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
#: For a class of the transformers library that a model's own files choose: it reads the folder alone, and neither runs
#: code that is among these files nor asks at the terminal whether it may.
LOCAL: Mapping[str, bool] = MappingProxyType({"local_files_only": True, "trust_remote_code": False})
#: How torch and its libraries report that memory is short when they do not say `out of memory`.
_OOM_MESSAGES = ("not enough memory", "can't allocate memory", "ALLOC_FAILED")


@dataclass(frozen=True)
class ModelUse:
    """What a model is used for, in the words of the errors about it.

    `kind` is what it is called, `setting` names it in the settings, `stopped` is what a run does without it, and
    `advice` is what a person can do when it cannot be loaded.
    """

    kind: str
    setting: str
    stopped: str
    advice: str


def cannot_load(use: ModelUse, name: str, why: str) -> BadSettings:
    """The error for a model that is missing, incomplete or of another kind."""
    return BadSettings(f"the {use.kind} {name} cannot be loaded: {why}", use.stopped, use.advice)


def cannot_fetch(use: ModelUse, name: str, why: str) -> NotNow:
    """The error for a model that is not on this machine while the network is down."""
    return NotNow(
        f"the {use.kind} {name} cannot be fetched: {why}",
        use.stopped,
        f"check {use.setting}, and run the same command when the network is up; or name a folder with the model there",
    )


def cannot_run(device: str, why: str) -> BadSettings:
    """The error for a device that this machine does not have."""
    return BadSettings(
        f"the model cannot run on {device}: {why}",
        "stopped before the first video",
        "choose device: auto or cpu, or check the GPU's driver with nvidia-smi",
    )


def torch_device(wanted: str) -> str:
    """The device for torch; `auto` is the GPU where there is one."""
    has_gpu = import_module("torch").cuda.is_available()
    if wanted == "auto":
        return "cuda" if has_gpu else "cpu"
    if wanted.startswith("cuda") and not has_gpu:
        raise cannot_run(wanted, "torch finds no GPU")
    return wanted


def fastest_compute_type(device: str, supported: Collection[str]) -> str:
    """The number format that `auto` means on a device, out of those in which it computes well."""
    wanted = "float16" if device.startswith("cuda") else "int8"
    return wanted if wanted in supported else "float32"


def transformers_library() -> Any:
    """The transformers library, without its advice and its progress bars, which would break our progress bar."""
    library = import_module("transformers")
    library.logging.set_verbosity_error()
    library.logging.disable_progress_bar()
    import_module("huggingface_hub").logging.set_verbosity_error()
    return library


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Without the libraries' warnings about each other. One thread at a time."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def uniform_oom() -> Iterator[None]:
    """Make every error of torch's about short memory say `out of memory`."""
    try:
        yield
    except RuntimeError as error:
        if any(message in str(error) for message in _OOM_MESSAGES):
            raise RuntimeError(f"out of memory: {error}") from error
        raise
