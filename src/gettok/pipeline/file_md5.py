"""The MD5 of files, each read once in a run of DVC, in which every stage is a process of its own.

What a run has read is kept in `.dvc/tmp`, with the file's size, times and inode, for later stages of the same run
alone. A disk can change bytes without changing any of these, so the next run, and each command, reads all files again.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from gettok.step import Json, canonical
from gettok.store.atomic_write import atomic_write

_KEPT = Path(".dvc", "tmp", "gettok-md5.json")

#: DVC's process: its id, and when it began.
_Run: TypeAlias = list[float]


def md5(path: Path) -> str:
    """The MD5 of a file, which is read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def md5s_in_run(files: Sequence[Path]) -> list[str]:
    """The MD5 of each file. A file that this run has read before, and no program has written since, is not read."""
    run = _run_of_dvc()
    if run is None:
        return _read(files)
    known = _kept_by(run)
    states = [
        file_state(file) for file in files
    ]  # before reading: a file that is written meanwhile is read again
    unread = {state: file for state, file in zip(states, files, strict=True) if state not in known}
    if unread:
        known |= zip(unread, _read(unread.values()), strict=True)
        atomic_write(_KEPT, canonical({"run": run, "md5s": known}).encode("ascii"))
    return [known[state] for state in states]


def _read(files: Iterable[Path]) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(md5, files))


def _run_of_dvc() -> _Run | None:
    """The process of DVC that has started this stage; None if DVC has not.

    DVC starts a stage in a shell, which some shells replace by the stage and others keep between the two.
    """
    stage = os.environ.get("DVC_STAGE")
    if stage is None or not _KEPT.parent.is_dir():
        return None
    import psutil  # noqa: PLC0415 - only runs of DVC need it

    try:
        for process in psutil.Process().parents():
            if process.environ().get("DVC_STAGE") != stage:
                return [process.pid, process.create_time()]
    except psutil.Error:  # a parent of another user, or one that has just ended
        return None
    return None


def _kept_by(run: _Run) -> dict[str, str]:
    """The MD5s that this run has kept, by the files' states."""
    try:
        kept: Json = json.loads(_KEPT.read_bytes())
        return dict(kept["md5s"]) if kept["run"] == run else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def file_state(file: Path) -> str:
    """All that changes when a program writes into a file, or puts another in its place."""
    stat = file.stat()
    facts = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return " ".join(map(str, facts))
