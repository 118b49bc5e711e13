"""Print the data dictionary: a sentence for each column of each table, and the releases that have it."""

import typer

from gettok.release import DATASET
from gettok.tables import TABLES
from gettok.tables.dataset import forms_of
from gettok.tables.dictionary import markdown


def command() -> None:
    typer.echo(markdown([DATASET, *TABLES.values()], forms_of), nl=False)
