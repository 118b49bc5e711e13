"""Check, count, delete from or refill the answer store, which keeps everything that was paid for."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.store_damage import absent_inputs, damaged_inputs
from gettok.cli.store_drop import drop, stages_to_run
from gettok.cli.store_refill import refill
from gettok.errors import BadInput, Damaged, counted
from gettok.llm import CallLog
from gettok.pipeline.paths import if_no_remote, store_root
from gettok.research_api.ledger import Ledger
from gettok.store import Store
from gettok.store.disk_space import in_words

_REMEDY = (
    "restore the store from a copy; or run `gettok store verify --deep`, which names the commands that repair media "
    "and frames; or delete the answers about a video with `gettok store drop`, and get them back from a pulled dataset "
    "with `gettok store refill` or by another run"
)

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def verify(
    *,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Check what is in data/ too, and name what was made from damaged media and frames."
        ),
    ] = False,
) -> None:
    """Check every stored byte by its digest; exit 65 if any is damaged."""
    with Store(store_root(), to_read=True) as store:
        found = [f"{defect.what}: {defect.stage} {defect.subject} {defect.name}" for defect in store.verify()]
        inputs = [damaged.report(store) for damaged in damaged_inputs()] if deep else []
        absent = absent_inputs() if deep else []
        count = 0 if found else sum(answers for _, answers, _ in store.stats())
    for text in found:
        typer.echo(text.replace("  ", " "))
    for text in inputs:
        typer.echo(text)
    for folder in absent:
        typer.echo(f"{folder} does not exist, so it was not checked")
    if found or inputs:
        raise _damaged(len(found), len(inputs))
    _refuse_damaged_logs(store.root)
    typer.echo(f"{counted(count, 'answer')}, all intact")


def _damaged(entries: int, inputs: int) -> Damaged:
    found = [f"{entries} damaged {'entry' if entries == 1 else 'entries'} in the store"] if entries else []
    found += [f"{counted(inputs, 'damaged or missing file')} in data/"] if inputs else []
    return Damaged(
        f"{' and '.join(found)}, listed above",
        "changed nothing; no output is built from damaged entries",
        "type the commands above; they repair the store too" if inputs else _REMEDY,
    )


def _refuse_damaged_logs(root: Path) -> None:
    """The logs of what was asked and spent are checked when they are opened."""
    with Ledger(root, to_read=True), CallLog(root, None, to_read=True):
        pass


@app.command()
def stats() -> None:
    """Print where the store is and how many answers each stage has in it."""
    with Store(store_root(), to_read=True) as store:
        typer.echo(str(store.root))
        for stage, answers, size in store.stats():
            typer.echo(f"{stage:<16} {answers:>9} answers {in_words(size):>12}")


@app.command("drop")
def drop_command(
    video: Annotated[str, typer.Option("--video", help="The id of the video; its variants go with it.")],
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Only the answers of this stage; may be repeated."),
    ] = None,
) -> None:
    """Delete the answers about a video, to ask again; `drops.jsonl` in the store keeps their names."""
    with Store(store_root()) as store:
        answers = drop(store, video, stage or [])
    for name, count in Counter(answer.stage for answer in answers).items():
        typer.echo(f"{name:<16} {count:>9} {'answer' if count == 1 else 'answers'} deleted")
    stages = stages_to_run(answers)
    if "download" in stages:
        typer.echo(
            "If its file in data/media is damaged, delete that first: gettok store verify --deep says how"
        )
    typer.echo(f"To ask again: dvc repro -f -s {' '.join(stages)}; then dvc repro")


@app.command("refill")
def refill_command() -> None:
    """Put the answers of pulled tables (data/) back into the store."""
    found = 0
    with Store(store_root()) as store:
        for refilled in refill(store):
            found += refilled.found
            typer.echo(
                f"{refilled.stage:<16} {refilled.found:>9} answers in the tables, {refilled.new} new to the store"
            )
    if not found:
        raise BadInput(
            "the tables under data/ have no answers",
            "put nothing into the store",
            f"run `dvc pull` first, which brings the tables{if_no_remote()}; then `gettok store refill` again",
        )
