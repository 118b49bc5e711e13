"""Check a release, compare two, tag one as a version that others can fetch, or write it in other forms."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from gettok.errors import BadInput, Damaged, counted
from gettok.pipeline.paths import RELEASE, RELEASES
from gettok.pipeline.released import release_folder
from gettok.report.display import label
from gettok.tables.forms import FORMS
from gettok.verification.folder_check import Verification, bytes_to_read, verify

# The other commands import what they need when they run: a check takes less time than all of that takes to import.

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

_LONGEST_LINE = 500


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
        found = _verified(folder, given)
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
    found = _verified(output(RELEASE.name), str(RELEASE))
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


def _verified(folder: Path, name: str) -> Verification:
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
