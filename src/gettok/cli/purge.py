"""Remove the bytes of what was erased: from the answer store, DVC's cache, remotes, experiments and versions.

List it with `gettok erase`, and build without it, first. Nothing is deleted without `--yes`, and what is deleted cannot
be brought back. The same command goes on after a kill. At the end, or with --prove alone at any time, it searches every
place and writes a certificate into purges/, which has digests only and is to be committed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from gettok.cli.status_stages import pipeline_status
from gettok.collect.erased import Erased
from gettok.deposit.deposit_list import published_lines
from gettok.errors import AlreadyRunning, BadInput, counted
from gettok.pipeline.dvc_runs import dvc_runs
from gettok.pipeline.paths import DEPOSITS, PARAMS, REFRESH_LISTS, store_root
from gettok.pipeline.runner import none_running
from gettok.pipeline.sharing import existing_pseudonyms
from gettok.purge.certificate import FOLDER, gathered, prove
from gettok.purge.removal.history import git
from gettok.purge.removal.leftovers import clear_site_cache
from gettok.purge.removal.record import Record
from gettok.purge.removal.steps import Purge
from gettok.purge.removal.whom import names_of, note_names
from gettok.purge.search import TraceSearch
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
    if changed := git("status", "--porcelain", "--", ".", f":(exclude){FOLDER}").splitlines():
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
def opened(erased: Erased, *, changes: bool) -> Iterator[Purge]:
    """A purge in this repository, while no stage and no other DVC command runs if it `changes` anything."""
    from dvc.repo import Repo, lock_repo  # noqa: PLC0415 - DVC takes a second to import

    root = store_root()
    record = Record.of(root)
    with ExitStack() as stack:
        repo: Any = stack.enter_context(Repo("."))
        if changes:
            stack.enter_context(none_running(root))
            stack.enter_context(lock_repo(repo))
            stack.callback(clear_site_cache, repo)
        with Store(root, to_read=True) as store:
            note_names(record, erased, store, existing_pseudonyms(load(PARAMS).source.name))
        names = names_of(erased, record)
        if changes:
            record.write()
        search = TraceSearch(gathered(root, names.erased, save=changes))
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        bar = stack.enter_context(tqdm(desc="searching", unit="object", leave=False, disable=None))
        yield Purge(
            repo, root, names, lambda content: bool(search.look(content)[0]), record, _SCRATCH, bar.update
        )


def purge(erased: Erased) -> Iterator[str]:
    """Delete everything, step by step; raises `NotNow` at the end if a remote could not be reached."""
    with opened(erased, changes=True) as purging:
        for step in purging.steps:
            yield from step()
        unreachable = purging.unreachable
    yield "next: push the new tags that `git tag` lists, and have those who have clones fetch them and purge, too"
    yield (
        "not reached: clones and their caches, deposits and copies of releases that others have, and files that git's "
        "history has (docs/how-to/erase.md)"
    )
    yield from published_lines(DEPOSITS)
    if unreachable:
        raise unreachable[0]


def plan(erased: Erased) -> Iterator[str]:
    """What would be deleted, line by line."""
    with opened(erased, changes=False) as purging:
        yield from purging.plan()
    yield "nothing was deleted; `gettok purge --yes` deletes it, and cannot be undone"


def command(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it. This cannot be undone.")] = False,
    only_prove: Annotated[
        bool, typer.Option("--prove", help="Only search, and write what was found into purges/.")
    ] = False,
    no_prove: Annotated[bool, typer.Option("--no-prove", help="Do not search at the end.")] = False,
) -> None:
    if only_prove and (yes or no_prove):
        raise BadInput(
            "--prove was given with another option", _NOTHING, "give --prove alone, which only searches"
        )
    if not only_prove:
        erased = Erased.of(REFRESH_LISTS)
        refuse_unready(erased)
        for line in purge(erased) if yes else plan(erased):
            typer.echo(line)
    if only_prove or (yes and not no_prove):
        _prove()


def _prove() -> None:
    certificate = prove(store_root(), datetime.now(UTC).date())
    file = certificate.write()
    for line in certificate.lines():
        typer.echo(line)
    typer.echo(f"certificate: {file}; commit it: git add {file.parent}")
    certificate.refuse_unproven()
