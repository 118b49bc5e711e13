"""Check a release, compare two, tag one as a version, deposit it in an archive, or write it in other forms."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.release_checked import verified
from gettok.errors import BadInput, counted
from gettok.pipeline.paths import RELEASE, RELEASES
from gettok.pipeline.released import release_folder
from gettok.tables.forms import FORMS

# The other commands import what they need when they run: a check takes less time than all of that takes to import.

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


class ArchiveName(StrEnum):
    """The archives that are known."""

    ZENODO = "zenodo"
    DATAVERSE = "dataverse"
    OSF = "osf"
    HF = "hf"


class DifferenceFormat(StrEnum):
    """How a difference is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


@app.command()
def check(
    given: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|TAG", help="A folder; or a commit, tag or version, whose release DVC brings."
        ),
    ] = str(RELEASE),
) -> None:
    """Check a release by what is in it: checksums, tables, ids, books and provenance; exit 65 if anything is wrong."""
    with release_folder(given) as folder:
        found = verified(folder, given)
    counts = f"{counted(found.files, 'file')}, {counted(found.videos, 'video')}, form {found.form}"
    typer.echo(f"{given}: {counts}: nothing is wrong")


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A folder, commit, tag or version.")],
    new: Annotated[str, typer.Argument(help="Another, of the same form.")] = str(RELEASE),
    *,
    form: Annotated[
        DifferenceFormat, typer.Option("--format", help="How to print it.")
    ] = DifferenceFormat.TEXT,
    write: Annotated[
        Path | None, typer.Option(help="Write it to this file, such as CHANGES.md, instead of printing it.")
    ] = None,
) -> None:
    """Show what changed between two releases: videos, codes, shares, prompts, models, settings and files."""
    from gettok.cli.arguments import refuse_no_file  # noqa: PLC0415
    from gettok.release.difference import compare_releases  # noqa: PLC0415
    from gettok.release.difference_text import as_text  # noqa: PLC0415
    from gettok.store.atomic_write import atomic_write  # noqa: PLC0415

    with release_folder(old) as before, release_folder(new) as after:
        found = compare_releases(before, after, names=(old, new))
    if form is DifferenceFormat.JSON:
        text = json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = as_text(found, markdown=form is DifferenceFormat.MARKDOWN)
    if write is None:
        typer.echo(text, nl=False)
        return
    refuse_no_file(write, "CHANGES.md")
    atomic_write(write, text.encode())
    typer.echo(f"{write} has what changed from {old} to {new}")


@app.command()
def tag(
    version: Annotated[str, typer.Argument(help="A semantic version above the last, such as 1.2.0.")],
) -> None:
    """Tag the commit with the release in data/ as a version, once it is up to date and passes the check."""
    from gettok.pipeline import release_versions  # noqa: PLC0415
    from gettok.pipeline.outputs import output  # noqa: PLC0415
    from gettok.pipeline.paths import PARAMS  # noqa: PLC0415
    from gettok.settings import load  # noqa: PLC0415

    number = release_versions.new_version(version)
    release_versions.refuse_dirty_tree()
    release_versions.refuse_no_artifact(RELEASE)
    _refuse_outdated()
    found = verified(output(RELEASE.name), str(RELEASE))
    release_versions.refuse_other_version(number, output(RELEASE.name))
    name = release_versions.add_tag(
        number, f"{load(PARAMS).study.title}, version {number}, {counted(found.videos, 'video')}"
    )
    typer.echo(f"{name} is the commit that is checked out, with {counted(found.videos, 'video')}")
    typer.echo(f"To publish it: dvc push release, then git push origin HEAD {name}")


@app.command()
def write(
    forms: Annotated[list[str], typer.Argument(metavar="FORM...", help=f"Of {', '.join(FORMS)}.")],
    *,
    folder: Annotated[
        Path, typer.Option(help="Where they go: each into a folder of its name in this one.")
    ] = RELEASES,
) -> None:
    """Write the results of the last run in one or more forms, beside `data/release/`."""
    from gettok.cli.release_write import write_form  # noqa: PLC0415
    from gettok.pipeline.paths import current_settings  # noqa: PLC0415

    settings = current_settings()
    for form in dict.fromkeys(forms):
        videos = write_form(settings, form, folder / form)
        typer.echo(f"{folder / form}: {videos}")


@app.command()
def deposit(  # noqa: PLR0913 -- the options of the command
    archive: Annotated[ArchiveName, typer.Argument(help="Where it goes.", show_default=False)],
    given: Annotated[
        str, typer.Argument(metavar="FOLDER|TAG", help="A folder; or a commit, tag or version.")
    ] = str(RELEASE),
    *,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Upload it into a draft, which only you see. Without it, nothing is sent."
        ),
    ] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="With --yes: publish the draft, too. This cannot be undone.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing, whatever else is said: the same as without --yes."),
    ] = False,
    into: Annotated[
        str | None,
        typer.Option(
            help="dataverse: the alias of the collection; hf: the repository, such as lab/peru-2022."
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="The server, such as https://sandbox.zenodo.org; for dataverse there is no default."
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Where the files and the metadata go; data/deposits/ARCHIVE by default."),
    ] = None,
    new: Annotated[
        bool,
        typer.Option("--new", help="Make a deposit of its own, not a new version of the study's last one."),
    ] = False,
) -> None:
    """Write a public release as an archive wants it; with --yes upload it into a draft, with --publish publish it."""
    from gettok.cli import release_deposit  # noqa: PLC0415

    release_deposit.deposit(
        archive.value,
        given,
        yes=yes,
        publish=publish,
        dry_run=dry_run,
        into=into,
        url=url,
        bundle=bundle,
        new=new,
    )


def _refuse_outdated() -> None:
    from gettok.cli.status_stages import pipeline_status  # noqa: PLC0415 - imports DVC, which a check does not need

    stages = {stage.name: stage for stage in pipeline_status().stages}
    state = stages["release"].state if "release" in stages else None
    if state != "done":
        missing = state == "missing"
        raise BadInput(
            f"{RELEASE} is {'not here' if missing else 'not up to date'}",
            "made no tag",
            "run `dvc pull release`"
            if missing
            else "run `dvc repro release` and commit dvc.lock; `gettok status` says why",
        )
