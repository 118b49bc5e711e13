"""Check, count or refill the answer store, which keeps everything that was paid for."""

import typer

from gettok.cli.store_refill import refill
from gettok.errors import Damaged
from gettok.pipeline.paths import DATA, store_root
from gettok.store import Store

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def verify() -> None:
    """Check every stored byte by its digest; exit 65 if any is damaged."""
    with Store(store_root()) as store:
        defects = list(store.verify())
        count = sum(answers for _, answers, _ in store.stats())
    for defect in defects:
        typer.echo(f"{defect.what}: {defect.stage} {defect.subject} {defect.name}".replace("  ", " "))
    if defects:
        raise Damaged(
            f"the store has {len(defects)} damaged {'entry' if len(defects) == 1 else 'entries'}, listed above",
            "changed nothing; no output is built from damaged entries",
            "restore the store from a copy, or delete it and refill it from a dataset with `gettok store refill`",
        )
    typer.echo(f"{count} {'answer' if count == 1 else 'answers'}, all intact")


@app.command()
def stats() -> None:
    """Print where the store is and how many answers each stage has in it."""
    with Store(store_root()) as store:
        typer.echo(str(store.root))
        for stage, answers, size in store.stats():
            typer.echo(f"{stage:<16} {answers:>9} answers {size / 1e6:>10.2f} MB")


@app.command("refill")
def refill_command() -> None:
    """Put the answers of pulled tables (data/) back into the store."""
    with Store(store_root()) as store:
        for stage, found, new in refill(store, DATA):
            typer.echo(f"{stage:<16} {found:>9} answers in the tables, {new} new to the store")
