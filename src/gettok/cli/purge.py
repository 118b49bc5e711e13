"""Remove the bytes of what was erased: from the answer store, DVC's cache, remotes, experiments and versions.

List it with `gettok erase`, and build without it, first. Nothing is deleted without `--yes`, and nothing that is deleted
can be brought back. The same command goes on after a kill.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from gettok.cli.status_stages import pipeline_status
from gettok.collect.erased import Erased
from gettok.errors import AlreadyRunning, BadInput, NotNow, counted
from gettok.pipeline.dvc_runs import dvc_runs
from gettok.pipeline.paths import PARAMS, REFRESH_LISTS, store_root
from gettok.pipeline.purging.history import git
from gettok.pipeline.purging.leftovers import clear_site_cache
from gettok.pipeline.purging.record import PURGES, Record
from gettok.pipeline.purging.steps import Purge
from gettok.pipeline.purging.whom import names_of, note_names, used_answers
from gettok.pipeline.runner import none_running
from gettok.pipeline.sharing import existing_pseudonyms
from gettok.settings import load
from gettok.store import Store

_SCRATCH = Path(".dvc/tmp/purge")
_NOTHING = "deleted nothing"
_MOST_NAMED = 3


def refuse_unready(erased: Erased) -> None:
    """Raise unless something is erased, the workspace is built without it and committed, and nothing runs."""
    if not erased:
        raise BadInput(
            f"no erasure is listed under {REFRESH_LISTS}",
            _NOTHING,
            "list what is to be erased with `gettok erase`, and build without it with `dvc repro`",
        )
    runs = dvc_runs()
    if busy := (*runs.here, *runs.experiments):
        raise AlreadyRunning(
            f"DVC is at work: {busy[0].in_words()}", _NOTHING, "wait for it or end it, and run this again"
        )
    changed = git("status", "--porcelain", "--", ".", f":(exclude){PURGES}").splitlines()
    if changed:
        names = ", ".join(line[3:] for line in changed[:_MOST_NAMED])
        raise BadInput(
            f"git does not have {counted(len(changed), 'file')} as they are here: {names}",
            f"{_NOTHING}: what is checked out must be a version that git has, so that it is kept",
            "commit them, or restore them with `git restore`, and run this again",
        )
    if stages := [stage.name for stage in pipeline_status().stages if stage.state != "done"]:
        raise BadInput(
            f"the workspace is not built as the lists of erasures now ask: {', '.join(stages)}",
            f"{_NOTHING}: the next build needs what the store has",
            "run `dvc repro`, or `dvc pull` what is missing, commit dvc.lock, and run this again",
        )


@contextmanager
def _opened(erased: Erased, *, changes: bool) -> Iterator[tuple[Purge, Path]]:
    """A purge in this repository, while no stage and no other DVC command runs if it `changes` anything."""
    from dvc.repo import Repo, lock_repo  # noqa: PLC0415 - DVC takes a second to import

    root, record = store_root(), Record.read()
    with ExitStack() as stack:
        repo: Any = stack.enter_context(Repo("."))
        if changes:
            stack.enter_context(none_running(root))
            stack.enter_context(lock_repo(repo))
            stack.callback(clear_site_cache, repo)
        store = stack.enter_context(Store(root, to_read=not changes))
        note_names(record, erased, store, existing_pseudonyms(load(PARAMS).source.name))
        names = names_of(erased, record)
        has_trace = _trace_test(erased, record, store)
        store.close()
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        bar = stack.enter_context(tqdm(desc="searching", unit="object", leave=False, disable=None))
        yield Purge(repo, names, has_trace, record, _SCRATCH, bar.update), root


def purge(erased: Erased) -> Iterator[str]:
    """Delete everything, step by step; raises `NotNow` at the end if a remote could not be reached."""
    with _opened(erased, changes=True) as (purging, root):
        purging.record.write()
        steps = (
            lambda: purging.store(root, used_answers()),
            lambda: purging.shards(root),
            purging.look,
            purging.successors,
            purging.experiments,
            purging.give_up,
            purging.objects,
        )
        for step in steps:
            yield from step()
            _pause()
        unreachable = purging.unreachable
    yield from _left()
    if unreachable:
        raise unreachable[0]


def _pause() -> None:
    """Where a test ends the process, to see that another call comes to the same end."""


def _left() -> Iterator[str]:
    yield f"next: `git add {PURGES} && git commit -m Purge`; then push HEAD and the new tags"
    yield (
        "not reached: clones and their caches, deposits and copies of releases that others have, and files that git's "
        "history has (docs/how-to/erase.md)"
    )
