"""What runs on the machines of a Ray cluster: an actor that holds a step, and what a machine says of itself."""

import json
import os
import pickle
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any

import gettok
from gettok.engine.cores import take_at_most
from gettok.engine.local import outcome_of
from gettok.engine.packing import Packed, pack, pack_bug
from gettok.errors import BadSettings, GettokError
from gettok.step import Json, SentContent, Step, canonical, digest_of
from gettok.store.blobs import file_digest


@dataclass(frozen=True)
class SentStep:
    """A step on its way to a worker: pickled, with the digest of its settings here, and the folder of relative paths.

    The folder is None if workers share no disk with the driver. `cores` is how many a worker may take; None for all of
    its machine, as one with a GPU does, which would have to wait for fewer.
    """

    pickled: bytes
    settings: Json
    folder: str | None
    cores: int | None = None


class RayWorker:
    """An actor. It opens its step once, and answers several questions at a time in threads.

    What it returns is plain data, so that no exception has to be pickled.
    """

    def __init__(self) -> None:
        self._step: Step[Any] | None = None

    def node(self) -> str:
        """The id of the node that it runs on, in Ray's notation."""
        import ray  # noqa: PLC0415 - an extra

        return str(ray.get_runtime_context().get_node_id())

    def open(self, sent: SentStep) -> Packed | None:
        """Open the step. Returns None, or the error that says why that is not possible here."""
        try:
            self._step = opened(sent)
        except GettokError as error:
            return pack(error)
        except Exception as error:  # noqa: BLE001 - raised by the driver
            return pack_bug(error)
        return None

    def ask(self, content: Any) -> Packed:
        assert self._step is not None, "it was opened before its first question"
        try:
            with _received(content) as here:
                return pack(outcome_of(self._step, here))
        except GettokError as error:
            return pack(error)
        except Exception as error:  # noqa: BLE001 - raised by the driver once what is in flight has come back
            return pack_bug(error)


def opened(sent: SentStep) -> Step[Any]:
    """The step, opened. Raises `BadSettings` if an answer would not be the same here as at the driver."""
    if sent.folder is not None:
        _enter(sent.folder)
    if sent.cores is not None:
        take_at_most(sent.cores)
    step: Step[Any] = without_caches(pickle.loads(sent.pickled))  # noqa: S301 - from our own driver
    refuse_other_meaning(plain(step.settings), sent.settings)
    step.open()
    return step


def meaning(pickled: bytes) -> Json:
    """The settings of a step as they are on this machine; a text if they cannot be found out."""
    try:
        return plain(without_caches(pickle.loads(pickled)).settings)  # noqa: S301 - from our own driver
    except GettokError as error:
        return str(error)


def without_caches(step: Any) -> Any:
    """The step as it is made from its settings: what the driver found out about its own machine is left out."""
    return replace(step) if is_dataclass(step) and not isinstance(step, type) else step


def plain(settings: Mapping[str, Json]) -> Json:
    """Settings as JSON has them, which can be compared and sent."""
    return json.loads(canonical(dict(settings)))


def refuse_other_meaning(here: Mapping[str, Json], there: Mapping[str, Json]) -> None:
    """Raise `BadSettings` if the settings that an answer's key is made of mean something else on this machine."""
    differing = [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
    if differing:
        named = "; ".join(f"{name}: {here.get(name)!r} there, {there.get(name)!r} here" for name in differing)
        raise BadSettings(
            f"on the worker {socket.gethostname()} the settings mean something else than here: {named}",
            "stopped before a question was asked there, as its answers would be stored as if they were from here",
            "install the same models on all machines, and give what is chosen by the machine a value, such as "
            "asr.compute_type; `gettok doctor engine` compares all nodes",
        )


def code_digest() -> str:
    """The digest of the code of gettok on this machine."""
    root = Path(gettok.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix in {".py", ".j2", ".html", ".json"})
    return digest_of({path.relative_to(root).as_posix(): file_digest(path) for path in files})[:16]


def facts() -> dict[str, Json]:
    """What a machine says of itself, as plain data."""
    return {
        "host": socket.gethostname(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "gettok": gettok.__version__,
        "code": code_digest(),
        "free_bytes": shutil.disk_usage(tempfile.gettempdir()).free,
    }


def _received(content: Any) -> AbstractContextManager[Any]:
    return content.received() if isinstance(content, SentContent) else nullcontext(content)


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise BadSettings(
            f"the worker {socket.gethostname()} has no folder {folder}: {error.strerror}",
            "stopped before a question was asked there",
            "share this folder at the same path on all machines, or set engine.media to bytes",
        ) from None
