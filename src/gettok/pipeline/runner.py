"""Running a stage: settings, store, lock, signals, summary, books and exit codes."""

import fcntl
import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, TypeVar

from gettok.books import STAGES, Books
from gettok.engine import ENGINES, Engine, LocalEngine, Mapper
from gettok.errors import AlreadyRunning, BadSettings, Interrupted, NoSpace, UserFacingError
from gettok.pipeline.answering import Asking, Day, Write
from gettok.pipeline.code_digest import as_json, current_code
from gettok.pipeline.experiment_inputs import refuse_missing_conf, refuse_missing_inputs
from gettok.pipeline.interrupts import SIGNALS
from gettok.pipeline.paths import DATA, PARAMS, refuse_stale, store_root
from gettok.pipeline.recorded_settings import refuse_other_settings
from gettok.pipeline.refillable import refill_hint_for
from gettok.pipeline.shards import FOLDER, DayShards, Shards, StageShards
from gettok.settings import Settings, load, select, values_of
from gettok.settings.roles import results_only
from gettok.step import Json, Step, canonical
from gettok.store import Store
from gettok.store.disk_space import full_disk_as_no_space
from gettok.store.file_access import refused_access_as_not_allowed

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")


class Signals:
    """SIGINT and SIGTERM: the first lets the stage finish what is in flight and stop, the second ends it at once."""

    def __init__(self) -> None:
        self.stop = Event()
        self.number = 0
        # Python's process that removes the semaphores of a program that ends at once warns that it had to
        quiet = os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning"
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, quiet))
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def check(self) -> None:
        """Raise `Interrupted` if a signal has come."""
        if self.number:
            raise Interrupted

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self.number:
            os._exit(128 + number)
        self.number = number
        self.stop.set()
        say("stopping: finishing what is in flight. Press Ctrl-C again to stop at once.")


@dataclass(frozen=True)
class Stage:
    """What a stage's `run` gets: the settings that it declares, the store and the engine, and its books to write."""

    name: str
    settings: Settings
    store: Store
    engine: Engine
    stop: Event
    #: What it built last, which depends on its code; and the values of its settings that can change a result.
    #: Without either, which is for runs within a process, nothing is linked.
    built: StageShards | None = None
    values: Json = None
    mapper: Mapper = field(default_factory=LocalEngine)

    def until_stopped(self, things: Iterable[T]) -> Iterator[T]:
        """The same things, for a stage that asks nothing: a signal raises `Interrupted` before the next one."""
        for thing in things:
            if self.stop.is_set():
                raise Interrupted
            yield thing

    def map(self, function: Callable[[A], R], arguments: Iterable[A]) -> Iterator[R]:
        """The result of a pure function for each argument, in order, on the engine's workers (`Mapper.map`)."""
        return self.mapper.map(function, arguments, self.stop)

    def asking(self, step: Step[Any]) -> Asking:
        return Asking(step, self.store, self.engine, self.stop)

    def answer(self, step: Step[Any], days: Iterable[Day], table: Path, write: Write) -> None:
        """Make a table of files by day in the folder `table`, and write the books.

        Days that are as they were built last are linked; the rows of the others go to `write`.
        """
        self.keep_books(self.asking(step).by_day(days, self.shards(step, table), write))

    def shards(self, step: Step[Any], table: Path, name: str = "") -> DayShards:
        """The days of a table that is made in the folder `table`; `name` tells a stage's tables apart."""
        of_step = [step.stage, step.version, dict(step.settings)]
        return DayShards(self.kept(name, self.values, of_step), table)

    def kept(self, name: str, *made_of: Json) -> Shards:
        """Shards that depend on the stage's code, and on what else is named."""
        built = self.built or StageShards(self.store.root / FOLDER / self.name, "")
        return Shards(built, name, made_of)

    def keep_books(self, books: Books) -> None:
        """Write the stage's books, and print them."""
        books.write(DATA / "books" / f"{self.name}.json")
        reasons = ", ".join(f"{reason} {count}" for reason, count in books.unusable.items())
        say(f"{self.name}: {books.ok} of {books.asked} ok" + (f"; {reasons}" if reasons else ""))


def run_stage(module: Mapping[str, Any]) -> None:
    """Run a stage module as a program: its `run`, with the settings that its `PARAMS` name. Exits with a code."""
    name = Path(module["__file__"]).stem
    sys.exit(_exit_code_of(name, module["PARAMS"], module["run"]))


def _exit_code_of(name: str, params: Sequence[str], run: Callable[[Stage], None]) -> int:
    signals = Signals()
    try:
        with refused_access_as_not_allowed(), full_disk_as_no_space(DATA):
            _run(name, params, run, signals)
    except UserFacingError as error:
        say(f"{name}: {error}")
        return error.exit_code
    except Interrupted:
        say(f"{name}: stopped as asked; all answers are kept, and the same command resumes from here")
        return 128 + signals.number
    except Exception:
        say(f"{name}: failed; all answers are kept")
        raise
    return 0


def _run(name: str, params: Sequence[str], run: Callable[[Stage], None], signals: Signals) -> None:
    settings = load(PARAMS)
    refuse_missing_conf(settings)
    refuse_stale(settings)
    declared = select(settings, params)
    code = current_code(name)
    refuse_missing_inputs(declared)
    refuse_other_settings(name)
    with (
        Store(store_root()) as store,
        _logged(store.root / "runs.jsonl", name),
        full_disk_as_no_space(DATA, store.root),
        only_one(store.root, name),
    ):
        if hint := refill_hint_for(name, store):
            say(f"{name}: {hint}")
        built = StageShards(store.root / FOLDER / name, hashlib.sha256(code).hexdigest())
        values = results_only(values_of(settings, params))
        engine = ENGINES[settings.engine.name](settings.engine)
        run(Stage(name, declared, store, engine, signals.stop, built, values, engine))
        _refuse_new_settings(name, params, declared)
        _refuse_new_code(name, code)
        built.publish()
        signals.check()  # it may have finished all the same, but DVC must not go on to the next stage


def _refuse_new_settings(name: str, params: Sequence[str], declared: Settings) -> None:
    """Raise `BadSettings` if the stage's settings are no longer those that it began with.

    DVC records the settings as they are when a stage has ended, not as they were when it began (DVC 3.67).
    """
    if select(load(PARAMS), params) != declared:
        raise BadSettings(
            f"the settings of {name} in {PARAMS} were changed while it ran",
            "stopped, as DVC would record the new settings for the results of the old; all answers are kept",
            "run `dvc repro` again: it asks only what the settings of now need and the store lacks",
        )


def _refuse_new_code(name: str, code: bytes) -> None:
    """Raise `BadSettings` if code was changed that the stage may have imported after it began."""
    if as_json(name) != code:
        raise BadSettings(
            f"the code of {name} was changed while it ran",
            "stopped, as DVC would record the old code for results of the new; all answers are kept",
            "run `dvc repro` again: it builds the tables with the code of now",
        )


@contextmanager
def only_one(root: Path, name: str) -> Iterator[None]:
    """Hold the stage's lock. DVC's own lock ends with DVC, and a stage that outlives it would pay twice."""
    path = root / f"{name}.lock"
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"another run of {name} is using the answer store {root}",
                "stopped before it did anything",
                f"wait for it, or find it with `fuser {path}` and end it",
            ) from None
        yield


@contextmanager
def none_running(root: Path) -> Iterator[None]:
    """Hold the locks of all stages."""
    with ExitStack() as locks:
        for stage in STAGES:
            locks.enter_context(only_one(root, stage.name))
        yield


@contextmanager
def _logged(log: Path, name: str) -> Iterator[None]:
    """Append a line about the run to the log: facts that must not be in an output."""
    began = time.time()
    try:
        yield
    except BaseException as error:
        with suppress(NoSpace):  # the error of the run is the one to report
            _append(log, name, _outcome(error), began)
        raise
    _append(log, name, "done", began)


def _append(log: Path, name: str, outcome: str, began: float) -> None:
    entry = {"stage": name, "outcome": outcome, "began": began, "took_s": time.time() - began}
    with full_disk_as_no_space(log.parent), log.open("a", encoding="ascii") as file:
        file.write(canonical(entry) + "\n")


def _outcome(error: BaseException) -> str:
    if isinstance(error, UserFacingError):
        return type(error).__name__
    return "interrupted" if isinstance(error, Interrupted) else "failed"


def say(text: str) -> None:
    """Print a line on the terminal, or in a log, whose disk may be full: the exit code is right all the same."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - a stage reports on its terminal
