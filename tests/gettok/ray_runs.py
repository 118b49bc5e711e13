"""Runs of the program `ray_driver`, and what they left: the notes of the step, and the answers in the store."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ray_nodes import NODE_ENVIRONMENT
from ray_steps import Deeds, deed_items

from gettok.pipeline.answering import scope_of
from gettok.store import Store

DRIVER = Path(__file__).with_name("ray_driver.py")
ENVIRONMENT = {"PYTHONPATH": NODE_ENVIRONMENT["PYTHONPATH"]}


def notes(folder: Path, what: str) -> list[int]:
    """The process ids that a step noted, of each time it did so."""
    return [int(path.read_text()) for path in folder.glob(f"{what}-*")]


def begun(folder: Path) -> Counter[str]:
    """How often each question was begun."""
    return Counter(path.name.rpartition("-")[0] for path in folder.glob("began-*"))


def driver(
    address: str, folder: Path, *more: str, below: Sequence[str | Path] = (), **environment: str
) -> subprocess.Popen:
    """The program, with its own process group, its store and notes in the folder; `below` another one."""
    (folder / "notes").mkdir(parents=True, exist_ok=True)
    command = [*below, sys.executable, DRIVER, address, folder / "store", folder / "notes", *more]
    with (folder / "said").open("a") as said:
        return subprocess.Popen(
            command,
            env=os.environ | ENVIRONMENT | environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stored(folder: Path, count: int, what: str = "slow") -> set[int]:
    """The numbers of the questions whose answers are in the store."""
    step = Deeds(str(folder / "notes"))
    with Store(folder / "store") as store:
        scope = scope_of(step)
        keys = {
            scope.key(item.inputs).digest: item for item in deed_items(*((what, n) for n in range(count)))
        }
        return {keys[digest].content.number for digest in store.known(keys)}
