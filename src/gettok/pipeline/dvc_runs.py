"""Who works in this repository through DVC now. DVC's locks are read, never waited for and never kept.

DVC itself stops with an error on a path that another run holds. And a run that does not get its own lock back within
three seconds fails (DVC 3.67), so a command that only looks must not take it.
"""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from gettok.books import STAGES

_TMP = Path(".dvc/tmp")
#: DVC writes the file in place, so a reader may find it half written.
_READS, _PAUSE_S = 5, 0.05


@dataclass(frozen=True)
class DvcRun:
    """A DVC command at work: its process, the stages that it is running, and the experiment's workspace, if any."""

    command: str
    pid: int
    stages: tuple[str, ...] = ()
    workspace: str | None = None

    def in_words(self) -> str:
        """The command with its process, and the stage that it has come to."""
        where = f" for an experiment in {self.workspace}" if self.workspace else ""
        now = f", now at {', '.join(self.stages)}" if self.stages else ""
        return f"`{self.command}` (process {self.pid}){where}{now}"


@dataclass(frozen=True)
class DvcRuns:
    """The runs that are under way here and in experiments' workspaces, and what is wrong with DVC's file of locks."""

    here: tuple[DvcRun, ...]
    experiments: tuple[DvcRun, ...]
    broken_lock: str | None


def dvc_runs() -> DvcRuns:
    """What DVC is doing now; without a run, two empty tuples."""
    broken: list[str] = []
    here = [*_runs_in(Path(), broken)]
    if not here and (holder := _lock_holder(_TMP / "lock")):
        here.append(holder)
    unread: list[str] = []  # a workspace that a killed experiment left behind blocks no command here
    workspaces = sorted(_TMP.glob("exps/*/.dvc/tmp/rwlock"))
    experiments = [run for file in workspaces for run in _runs_in(file.parents[2], unread)]
    return DvcRuns(tuple(here), tuple(experiments), broken[0] if broken else None)


def _runs_in(root: Path, broken: list[str]) -> Iterator[DvcRun]:
    """The commands that write below `root`; why DVC's file of locks there cannot be trusted is added to `broken`."""
    file = root / _TMP / "rwlock"
    try:
        writers = _writers(file)
    except (OSError, ValueError, AttributeError, TypeError, LookupError):
        broken.append(f"{file} cannot be read: a DVC command was killed while it wrote the file")
        return
    for (pid, recorded), paths in writers.items():
        command = _running_command(pid)
        if command is None:
            continue  # DVC removes the entry of a process that has ended
        if "dvc" not in command and recorded not in command:
            broken.append(f"{file} is of a DVC command that was killed; process {pid} is another program now")
            continue
        yield DvcRun(_shortened(recorded), pid, _stages_of(paths), str(root) if root != Path() else None)


def _writers(file: Path) -> dict[tuple[int, str], list[str]]:
    """The paths that each process writes, by its number and command line."""
    writers: dict[tuple[int, str], list[str]] = {}
    for path, holder in _content(file).get("write", {}).items():
        writers.setdefault((int(holder["pid"]), str(holder["cmd"])), []).append(path)
    return writers


def _content(file: Path) -> Any:
    for attempt in range(_READS):
        try:
            return json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            if attempt == _READS - 1:
                raise
            time.sleep(_PAUSE_S)
    raise AssertionError


def _running_command(pid: int) -> str | None:
    """The command line of a process; None if there is none with this number."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.AccessDenied:
        return "dvc, as far as can be seen"
    except psutil.Error:
        return None


def _shortened(command: str) -> str:
    program, *arguments = command.split(" ")
    name = "dvc" if Path(program).name == "__main__.py" else Path(program).name
    return " ".join([name, *arguments])


def _stages_of(paths: list[str]) -> tuple[str, ...]:
    books = {Path(path).stem for path in paths if Path(path).parent.name == "books"}
    return tuple(stage.name for stage in STAGES if stage.name in books)


def _lock_holder(file: Path) -> DvcRun | None:
    """The command that holds the lock of the repository: one that runs no stage, such as `dvc pull`."""
    with suppress(FileNotFoundError), file.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = lock.read().split()[:1]
            number = int(pid[0]) if pid and pid[0].isdigit() else 0
            return DvcRun(_arguments(_running_command(number) or "dvc"), number)
    return None


def _arguments(command: str) -> str:
    """`dvc pull` of `/usr/bin/python /usr/bin/dvc pull`."""
    words = command.split(" ")
    named = next((place for place, word in enumerate(words) if Path(word).name == "dvc"), 0)
    return _shortened(" ".join(words[named:]))
