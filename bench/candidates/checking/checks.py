"""The checks of bytes that a stage makes, and a process without them."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

Call = Callable[..., object]


def _nothing(*_: Any) -> None:
    return None


def _yes(*_: Any) -> bool:
    return True


def _bytes_of(blob: Any) -> bytes:
    data: bytes = blob.path.read_bytes() if blob.data is None else blob.data
    return data


def _digest_of(file: Path, known: str | None = None) -> str:
    from gettok.store.blobs import file_digest  # noqa: PLC0415 - a stage pays for its own imports

    return known or file_digest(file)


#: What a process without checks does instead of each, by module and name.
CHECKS: Mapping[tuple[str, str], Call] = {
    # other stages' outputs have the MD5 in dvc.lock
    ("gettok.pipeline.outputs", "_refuse_changed"): _nothing,
    # media have the SHA-256 in their table
    ("gettok.media.file", "MediaFile.check"): _nothing,
    # stored answers and blobs have their digests, and none is missing from an index
    ("gettok.store.stored_row", "StoredRow._matches"): _yes,
    ("gettok.store.answers", "Store._blob_is_intact"): _yes,
    ("gettok.store.answers", "Store._refuse_lost"): _nothing,
    ("gettok.step", "Blob.check"): _nothing,
    ("gettok.step", "Blob.read"): _bytes_of,
    # SQLite finds no fault in the ledger of requests and the log of calls
    ("gettok.store.database", "Database.check"): _nothing,
    # the disk gives back the release that was written
    ("gettok.release.folder", "_checksum"): _digest_of,
}


@dataclass
class _Meter:
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    is_running: bool = False


_METER = _Meter()


def remove_checks() -> None:
    """Remove the checks of every module that is loaded; raises `AttributeError` if one has another name by now."""
    _replace(lambda _, instead: instead)


def meter_checks() -> None:
    """Measure from now on what CPU the checks take: `checks_s`."""
    _replace(lambda check, _: _metered(check))


def checks_s() -> dict[str, float]:
    """Seconds of CPU that this process has spent in each check. Rather too many: what a check reads is read anyway."""
    return dict(_METER.seconds)


def _replace(by: Callable[[Call, Call], Call]) -> None:
    for (module, name), instead in CHECKS.items():
        if module in sys.modules:
            *owners, attribute = name.split(".")
            owner: Any = sys.modules[module]
            for part in owners:
                owner = getattr(owner, part)
            setattr(owner, attribute, by(getattr(owner, attribute), instead))


def _metered(check: Call) -> Call:
    @wraps(check)
    def measured(*args: Any) -> object:
        if _METER.is_running:  # another check calls this one
            return check(*args)
        began, _METER.is_running = time.process_time(), True
        try:
            return check(*args)
        finally:
            _METER.seconds[check.__qualname__] += time.process_time() - began
            _METER.is_running = False

    return measured
