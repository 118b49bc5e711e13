"""Running a stage: settings, store, lock, signals, summary, books and exit codes."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from gettok.books import Books
from gettok.engine import ENGINES, Engine
from gettok.errors import AlreadyRunning, Interrupted, UserFacingError
from gettok.pipeline.answering import Asking, Skipped, Write
from gettok.pipeline.code_digest import refuse_stale_code
from gettok.pipeline.experiment_inputs import refuse_missing_inputs
from gettok.pipeline.paths import DATA, current_settings, store_root
from gettok.settings import Settings, select
from gettok.step import Item, Step, canonical
from gettok.store import Store


class Signals:
    """SIGINT and SIGTERM: the first lets the stage finish what is in flight and stop, the second ends it at once."""

    def __init__(self) -> None:
        self.stop = Event()
        self.number = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

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

    def asking(self, step: Step[Any]) -> Asking:
        return Asking(step, self.store, self.engine, self.stop)

    def answer(self, step: Step[Any], entries: Sequence[Item[Any] | Skipped], write: Write) -> None:
        """Ask what the store has no answer to, hand each day's rows to `write`, and write the books."""
        self.keep_books(self.asking(step).table(entries, write))

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
    began = time.time()
    signals = Signals()
    outcome = "failed"
    store: Store | None = None
    try:
        settings = current_settings()
        declared = select(settings, params)
        refuse_stale_code(name)
        refuse_missing_inputs(declared)
        with Store(store_root()) as store, only_one(store.root, name):
            engine = ENGINES[settings.engine.name](settings.engine.workers)
            run(Stage(name, declared, store, engine, signals.stop))
        outcome = "done"
    except UserFacingError as error:
        outcome = type(error).__name__
        say(f"{name}: {error}")
        return error.exit_code
    except Interrupted:
        outcome = "interrupted"
        say(f"{name}: stopped as asked; all answers are kept, and the same command resumes from here")
        return 128 + signals.number
    except Exception:
        say(f"{name}: failed; all answers are kept")
        raise
    finally:
        if store is not None:
            _log(
                store.root, {"stage": name, "outcome": outcome, "began": began, "took_s": time.time() - began}
            )
    return 0


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
                "stopped before asking anything",
                f"wait for it, or find it with `fuser {path}` and end it",
            ) from None
        yield


def _log(root: Path, entry: Mapping[str, Any]) -> None:
    """Append to the run log beside the store: facts that must not be in an output."""
    with (root / "runs.jsonl").open("a", encoding="ascii") as file:
        file.write(canonical(dict(entry)) + "\n")


def say(text: str) -> None:
    """Print a line on the terminal."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a stage reports on its terminal
