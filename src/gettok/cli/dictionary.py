"""Print the data dictionary: a sentence for each column of each table."""

import typer

from gettok.release import DATASET
from gettok.tables import TABLES
from gettok.tables.dictionary import markdown


def command() -> None:
    typer.echo(markdown([DATASET, *TABLES.values()]), nl=False)
