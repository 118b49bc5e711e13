"""Write the release in other forms."""

from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.release_write import RELEASES, write_form
from gettok.pipeline.paths import current_settings
from gettok.tables.forms import FORMS

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Keep the commands' names, also while there is one alone."""


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
