"""Ask TikTok again for the videos of a release that has their ids, and compare what is still there.

Without --receipt, it checks the release, writes its ids to inputs/collect/ids.csv, and names the commands that ask for
them. With --receipt, once they have run, it compares the release with their tables, and writes the receipt to
data/hydration/.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gettok.errors import counted
from gettok.hydrate import PublishedRelease, as_markdown, compare, read_release
from gettok.hydrate.receipt_text import headline
from gettok.pipeline.hydrating import ID_LIST, hydrated, write_ids
from gettok.pipeline.paths import current_settings
from gettok.store.atomic_write import atomic_write, write_json

#: Where the receipts go; git ignores it.
RECEIPT = Path("data", "hydration")
_SANDBOX = "source.name=sandbox source.api='sandbox:' source.pages='sandbox:' "


def prepare(folder: Path) -> Iterator[str]:
    """Write the list of ids, and say what comes next, line by line."""
    release = read_release(folder)
    write_ids(release)
    yield (
        f"{folder}: form {release.form}, {counted(len(release.ids), 'video')}, published from {release.start} to"
        f" {release.end}; its checksums match"
    )
    yield f"wrote {ID_LIST}; next:"
    yield f"  {_compose(release)}"
    yield "  gettok plan           what the Research API would be asked for, in requests"
    yield "  dvc repro tabulate    asks, and makes the tables; the same command goes on after a stop"
    if release.has_results:
        yield "  dvc repro download    fetches the files too, so that they can be compared"
    yield f"  {_command(folder)} --receipt"


def receipt(folder: Path) -> Iterator[str]:
    """Compare the release with the tables in `data/`, and write the receipt."""
    release = read_release(folder)
    can = f"run `{_command(folder)}`, and then `{_compose(release)}` and `dvc repro tabulate`"
    compared = compare(release, hydrated(release, current_settings(), can))
    atomic_write(RECEIPT / "receipt.md", as_markdown(compared).encode())
    write_json(RECEIPT / "receipt.json", compared.stored())
    yield headline(compared)
    yield f"wrote {RECEIPT / 'receipt.md'}, by day and by label, and {RECEIPT / 'receipt.json'} for programs"


def _compose(release: PublishedRelease) -> str:
    """The command that chooses the ids, and the days of the release's study."""
    sandbox = _SANDBOX if release.source == "sandbox" else ""
    return f"gettok compose source=ids {sandbox}study.start={release.start} study.end={release.end}"


def _command(folder: Path) -> str:
    return f"gettok hydrate {shlex.quote(str(folder))}"


def command(
    folder: Annotated[Path, typer.Argument(help="A release of the form ids_only or controlled.")],
    *,
    with_receipt: Annotated[
        bool, typer.Option("--receipt", help="Compare the release with the tables, and write the receipt.")
    ] = False,
) -> None:
    for line in receipt(folder) if with_receipt else prepare(folder):
        typer.echo(line)
