"""A release that is checked, with a bar, before anything is done with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from tqdm import tqdm

from gettok.errors import Damaged, counted
from gettok.report.display import label
from gettok.verification.folder_check import Verification, bytes_to_read, verify

_LONGEST_LINE = 500


def verified(folder: Path, name: str) -> Verification:
    """What it has; raises `Damaged` after printing each problem."""
    with _bar(folder) as on_bytes:
        found = verify(folder, on_bytes)
    for problem in found.problems:
        # names and ids of a stranger's file may hold control characters, which must not reach the terminal
        typer.echo(label(problem, _LONGEST_LINE))
    if found.problems:
        raise Damaged(
            f"{counted(len(found.problems), 'problem')} in {name}, listed above",
            "changed nothing",
            "get the release again from where it was published; if it is your own, run `dvc repro release`, or `dvc "
            "pull release` if a remote has it",
        )
    return found


@contextmanager
def _bar(folder: Path) -> Iterator[Callable[[int], object]]:
    total = bytes_to_read(folder)
    with tqdm(total=total, desc="checking", unit="B", unit_scale=True, leave=False, disable=None) as bar:
        yield bar.update
