"""Check a release, compare two, tag one as a version, deposit it in an archive, or write it in other forms."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.arguments import refuse_no_file
from gettok.cli.release_checked import verified
from gettok.cli.release_deposit import deposit
from gettok.cli.release_write import RELEASES, write_form
from gettok.errors import BadInput, counted
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import PARAMS, current_settings
from gettok.pipeline.release_versions import (
    add_tag,
    new_version,
    refuse_dirty_tree,
    refuse_no_artifact,
    refuse_other_version,
)
from gettok.pipeline.released import RELEASE, release_folder
from gettok.release.difference import compare_releases
from gettok.release.difference_text import as_text
from gettok.settings import load
from gettok.store.atomic_write import atomic_write
from gettok.tables.forms import FORMS

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.command()(deposit)


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
    number = new_version(version)
    refuse_dirty_tree()
    refuse_no_artifact(RELEASE)
    _refuse_outdated()
    found = verified(output(RELEASE.name), str(RELEASE))
    refuse_other_version(number, output(RELEASE.name))
    name = add_tag(number, f"{load(PARAMS).study.title}, version {number}, {counted(found.videos, 'video')}")
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
    settings = current_settings()
    for form in dict.fromkeys(forms):
        videos = write_form(settings, form, folder / form)
        typer.echo(f"{folder / form}: {videos}")


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
