"""Prepare a release for an archive, and send it there only if that is asked for."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import typer
from tqdm import tqdm

from gettok.cli.release_checked import verified
from gettok.collect.tombstones import RefreshLists, sha256
from gettok.deposit import (
    Archive,
    Bundle,
    DepositList,
    Draft,
    Order,
    describe,
    make_bundle,
    open_archive,
    send,
)
from gettok.deposit.bundle import METADATA
from gettok.deposit.description import Related, ReleaseDescription, refuse_form, refuse_terms
from gettok.errors import BadInput, counted
from gettok.pipeline.outputs import is_made
from gettok.pipeline.paths import DEPOSITS, PARAMS, REFRESH_LISTS, current_settings
from gettok.pipeline.release_versions import address_of
from gettok.pipeline.released import release_folder
from gettok.pipeline.sharing import refuse_overdue
from gettok.report.display import label
from gettok.tables.dataset import DATASET

#: Where bundles go: each into a folder of its archive's word in this one.
BUNDLES = Path("data", "deposits")
_LONGEST_LINE = 500


def deposit(  # noqa: PLR0913 -- the options of the command
    archive: str,
    given: str,
    *,
    yes: bool,
    publish: bool,
    dry_run: bool,
    into: str | None,
    url: str | None,
    bundle: Path | None,
    new: bool,
) -> None:
    """What `gettok release deposit` does."""
    is_sent = yes and not dry_run
    with release_folder(given) as folder:
        form = refuse_form(folder)
        about = describe(folder, _repository(given))
        _refuse_by_study(about, form)
        _refuse_gone(folder, form)
        chosen = open_archive(archive, url, into, to_send=is_sent)
        verified(folder, given)
        made = make_bundle(folder, bundle or BUNDLES / archive, chosen, about)
    _say_bundle(made, chosen, about)
    if not is_sent:
        typer.echo(
            "sent nothing; with --yes, it is uploaded into a draft, which is not public until it is published"
        )
        return
    order = Order(archive, made, about, publish, new, lambda: datetime.now(UTC).date())
    with (
        closing(chosen),
        tqdm(total=made.bytes, desc="uploading", unit="B", unit_scale=True, leave=False, disable=None) as bar,
    ):
        draft = send(chosen, order, DepositList(DEPOSITS), bar.update)
    _say_draft(draft, chosen)


def _refuse_by_study(about: ReleaseDescription, form: str) -> None:
    """Raise `BadInput` if the study's settings of today do not allow it: terms change, and refreshes become due."""
    if not PARAMS.is_file():
        return
    settings = current_settings()
    if settings.study.name == about.study:
        refuse_terms(form, settings.terms.name, settings.terms.forms)
        if is_made("videos"):
            refuse_overdue(settings)


def _refuse_gone(folder: Path, form: str) -> None:
    """Raise `BadInput` if the release has ids of videos that are gone by now, or that a person asked to be erased."""
    gone = RefreshLists(REFRESH_LISTS).gone() if REFRESH_LISTS.is_dir() and form == "ids_only" else set()
    if not gone:
        return
    ids = pl.read_parquet(folder / f"{DATASET.name}.parquet", columns=["video_id"])["video_id"]
    if found := sum(sha256(name) in gone for name in ids):
        raise BadInput(
            f"the release has {counted(found, 'video')} that {REFRESH_LISTS} lists as gone or erased",
            "sent nothing; what an archive has published cannot be called back",
            "make the release again, which leaves them out: `dvc repro release`, or `gettok release write ids_only`",
        )


def _repository(given: str) -> list[Related]:
    """The repository at the tag that is deposited, if it has an address on the web."""
    address = None if Path(given).is_dir() else address_of(given)
    return [Related(address, "IsCompiledBy")] if address else []


def _say_bundle(made: Bundle, archive: Archive, about: ReleaseDescription) -> None:
    typer.echo(
        f"{made.folder}: {counted(len(made.files), 'file')}, {made.bytes:,} bytes, for {archive.name} ({archive.url})"
    )
    # a stranger's release may hold control characters, which must not reach the terminal
    typer.echo(f"  title    {label(about.title, _LONGEST_LINE)}")
    typer.echo(f"  authors  {label('; '.join(person.name for person in about.authors), _LONGEST_LINE)}")
    typer.echo(f"  licence  {about.licence}, version {about.version}, form {about.form}")
    typer.echo(f"  {made.folder / METADATA} has the metadata as they are sent")


def _say_draft(draft: Draft, archive: Archive) -> None:
    typer.echo(f"{archive.name} has all files, with the same checksums")
    doi = f"DOI {draft.doi}" if draft.doi else "no DOI yet"
    if draft.is_published:
        typer.echo(f"published: {draft.page} ({doi})")
    else:
        typer.echo(f"draft, not public: {draft.page} ({doi})")
        typer.echo(f"Look at it there. Once it is published, {archive.publishing}.")
        typer.echo("To publish it: there, or by the same command with --publish")
    typer.echo(f"{DEPOSITS} lists it: commit that file")
    if draft.doi:
        typer.echo(f"To have the next release cite it: gettok compose citation.doi={draft.doi}")
