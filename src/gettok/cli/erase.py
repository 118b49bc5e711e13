"""List videos, users or comments to be erased: the next build leaves them out of everything that it makes.

No data is deleted, and only lists under inputs/refresh/ change. To undo it, go back to the lists as git has them.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from gettok.collect.erased import Erased, user_digest
from gettok.collect.tombstones import RefreshLists, Subject, sha256
from gettok.deposit.deposit_list import published_lines
from gettok.errors import counted
from gettok.pipeline.erasing.held import Held, held
from gettok.pipeline.erasing.own_files import Named, own_files
from gettok.pipeline.erasing.request import ErasureRequest, read_request, refuse_impossible
from gettok.pipeline.outputs import is_made
from gettok.pipeline.paths import DEPOSITS, REFRESH_LISTS

_MAX_LISTED = 10
_NOT_IN_TABLES = "is in no table; it is listed all the same, and stays out if it is ever collected"


def erase(request: ErasureRequest, day: date, *, dry_run: bool) -> Iterator[str]:
    """List what is requested, unless `dry_run`, and say line by line what goes, what is left and what comes next."""
    before = Erased.of(REFRESH_LISTS)
    found = held(request)
    refuse_impossible(found.unknown_videos, datetime.now(UTC))
    digests: dict[Subject, list[str]] = {
        "video": [sha256(name) for name in found.videos],
        "comment": [sha256(name) for name in request.comments],
        "user": [user_digest(name) for name in request.users],
    }
    listed = {"video": before.videos, "comment": before.comments, "user": before.users}
    for subject, wanted in digests.items():
        new = len(set(wanted) - listed[subject])
        lists = RefreshLists(REFRESH_LISTS, subject)
        if not dry_run:
            lists.erase(wanted, day)
        if wanted:
            yield _listed(lists.tombstones_file, subject, new, len(set(wanted)) - new, dry_run=dry_run)
    yield from _about(found, request)
    yield from _own(own_files({*found.videos, *request.comments}, request.users))
    yield from published_lines(DEPOSITS)
    if not dry_run:
        yield from _next()


def _listed(file: Path, subject: Subject, new: int, earlier: int, *, dry_run: bool) -> str:
    verb = "would list" if dry_run else "listed"
    known = f"; {counted(earlier, subject)} on it already" if earlier else ""
    return f"{verb} {counted(new, subject)} in {file}{known}"


def _about(found: Held, request: ErasureRequest) -> Iterator[str]:
    """What the next build leaves out, and what cannot be found."""
    if not is_made("videos"):
        yield "data/ has no table of videos, so nothing could be counted or looked up (`dvc pull` gets the tables)"
    elif found.rows:
        rows = ", ".join(f"{name} {count:,}" for name, count in found.rows.items())
        yield f"rows that go with the next build: {rows}"
    for name in found.unknown_videos:
        yield f"the video {name} {_NOT_IN_TABLES}"
    for name in found.unknown_users:
        yield f"the user @{name} {_NOT_IN_TABLES}"
    for name in found.unknown_comments:
        yield f"the comment {name} {_NOT_IN_TABLES}"
    if request.users:
        yield (
            "comments by a user are not found: the Research API does not say who wrote one; erase each by --comment ID"
        )
    if found.naming:
        yield (
            f"{counted(len(found.naming), 'video')} of others name a user in the caption or the mentions: the mentions"
            f" go, the caption stays unless you erase the video: {_some(found.naming)}"
        )


def _own(files: Iterable[Named]) -> Iterator[str]:
    """Files that only a person can correct."""
    first = True
    for file, lines in files:
        if first:
            yield "files of yours that still name it, and that no build changes:"
        first = False
        where = f", {'line' if len(lines) == 1 else 'lines'} {_some(map(str, lines))}" if lines else ""
        yield f"  {file}{where}"


def _some(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MAX_LISTED:,} more" if len(every) > _MAX_LISTED else ""
    return ", ".join(every[:_MAX_LISTED]) + more


def _next() -> Iterator[str]:
    yield 'next: `git add inputs && git commit -m "Erase on request"`, which should not say whom; then `dvc repro`'
    yield (
        "the answer store, DVC's cache, remotes that you pushed to, earlier commits and copies of releases still have"
        " the data then: `gettok purge` deletes what it can reach (docs/how-to/erase.md)"
    )


def command(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VIDEO_ID|@USER]...", help="Ids of videos, links to them, or @ and a username."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A file with one id, link or @username a line.")
    ] = None,
    comment: Annotated[
        list[str] | None, typer.Option("--comment", help="The id of a comment; may be repeated.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be listed, and what would go.")
    ] = False,
) -> None:
    request = read_request(named or [], file, comment or [])
    for line in erase(request, datetime.now(UTC).date(), dry_run=dry_run):
        typer.echo(line)
