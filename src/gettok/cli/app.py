"""The command `gettok`: what a person does beside `dvc`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gettok.errors import BadInput, Interrupted, Told
from gettok.pipeline.paths import PARAMS, refuse_stale, store_root
from gettok.pipeline.runner import Signals
from gettok.settings import Settings, load
from gettok.store import Store

app = typer.Typer(
    help="Name an event; get a versioned, citable, multimodal TikTok dataset of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
store_app = typer.Typer(
    help="Look after the answer store, where everything that was paid for is kept.", no_args_is_help=True
)
app.add_typer(store_app, name="store")

Overrides = Annotated[
    list[str] | None, typer.Argument(help="Settings to override, such as study=peru_2022 asr=turbo.")
]


def main() -> None:
    """Run the command; an error that is told in three parts goes to stderr and sets the exit code."""
    try:
        app()
    except Told as error:
        typer.echo(f"gettok: {error}", err=True)
        sys.exit(error.exit_code)
    except Interrupted:
        typer.echo(
            "gettok: stopped as asked; what was answered is kept, and the same command goes on", err=True
        )
        sys.exit(130)


@app.command("compose")
def compose_command(overrides: Overrides = None) -> None:
    """Write params.yaml from conf/, byte for byte as `dvc exp run` would."""
    from gettok.cli.compose import compose  # noqa: PLC0415 - Hydra is slow to import

    settings = compose(overrides or [])
    chosen = f"{settings.source.name}, {settings.asr.model}, {settings.llm.model}"
    typer.echo(f"params.yaml now holds the study {settings.study.name} ({chosen}). Next: dvc repro")
    if overrides:
        typer.echo("What was said here is forgotten by the next `gettok compose`; conf/config.yaml keeps it.")


@app.command("try")
def try_command(
    step: Annotated[str, typer.Argument(help="probe, frames, transcribe, ocr, describe or stance.")],
    files: Annotated[
        list[str], typer.Argument(help="Files, and settings to override (key=value) among them.")
    ],
) -> None:
    """Run one step on files at hand and print its row as JSON, one line a file."""
    from gettok.cli.try_step import STEPS, as_line, rows_for  # noqa: PLC0415 - loads what only this command needs

    if step not in STEPS:
        raise BadInput(f"there is no step {step!r}", "did nothing", f"choose one of {', '.join(STEPS)}")
    overrides = [given for given in files if "=" in given and not Path(given).exists()]
    paths = [Path(given) for given in files if given not in overrides]
    for row in rows_for(step, paths, overrides):
        typer.echo(as_line(row))


@app.command("sandbox")
def sandbox_command(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    profile: Annotated[
        str, typer.Option(help="How the sandbox behaves, such as clean or realistic.")
    ] = "clean",
    corpus: Annotated[
        Path | None,
        typer.Option(help="A folder with videos.json and media/, in place of the demo's own corpus."),
    ] = None,
) -> None:
    """Run the loopback stand-in for TikTok and for a model endpoint, until Ctrl-C.

    It prints its base addresses. The client key, the client secret and the model key are all `sandbox`.
    """
    options = ["--port", str(port), "--profile", profile, *(["--corpus", str(corpus)] if corpus else [])]
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *options])  # noqa: S606


@app.command("plan")
def plan_command(
    *,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Ask for the first page of each window, one request each; they are kept."
        ),
    ] = False,
) -> None:
    """Say what collecting and the models would ask and cost, before anything is spent."""
    from gettok.cli.plan import plan  # noqa: PLC0415 - loads what only this command needs
    from gettok.cli.plan_models import price  # noqa: PLC0415 - the same

    signals, settings = Signals(), _settings()
    with Store(store_root()) as store:
        for line in plan(settings, store, ask=probe, stop=signals.stop):
            typer.echo(line)
        for line in price(settings, store):
            typer.echo(line)


@app.command("doctor")
def doctor_command() -> None:
    """Find out what the model endpoint can do, by a few small calls, and say what to set."""
    from gettok.cli.doctor import diagnose  # noqa: PLC0415 - loads what only this command needs

    for line in diagnose(_settings(), store_root()):
        typer.echo(line)


@app.command("quota")
def quota_command() -> None:
    """Say how many requests were sent on which day, and how many of them failed."""
    from gettok.cli.plan import quota  # noqa: PLC0415 - loads what only this command needs

    for line in quota(_settings(), store_root()):
        typer.echo(line)


@app.command("refresh")
def refresh_command(
    way: Annotated[
        str,
        typer.Option(
            help="ids (reads the counts anew, too), compliance (a file of ids), or auto: what costs less."
        ),
    ] = "auto",
    *,
    believe_losses: Annotated[
        bool,
        typer.Option("--believe-losses", help="Take videos for gone though a round misses more than half."),
    ] = False,
) -> None:
    """Confirm the videos that are due, and note those that two looks do not find."""
    from gettok.cli.refresh import refresh, way_named  # noqa: PLC0415 - loads what only this command needs

    signals = Signals()
    with Store(store_root()) as store:
        named = way_named(way)
        for line in refresh(_settings(), store, named, signals.stop, believe=believe_losses):
            typer.echo(line)


@app.command("follow")
def follow_command() -> None:
    """Collect the days that are new, and fetch each day's videos at once, until today or until the quota is spent."""
    from gettok.cli.follow import follow  # noqa: PLC0415 - loads what only this command needs

    signals = Signals()
    with Store(store_root()) as store:
        for line in follow(_settings(), store, signals.stop):
            typer.echo(line)


def _settings() -> Settings:
    """The settings of `params.yaml`, if they are as new as `conf/`."""
    settings = load(PARAMS)
    refuse_stale(settings)
    return settings


@app.command("summary")
def summary_command() -> None:
    """Say what the run in data/ came to; on the sandbox, also how right its answers are."""
    from gettok.cli.summary import summary  # noqa: PLC0415 - loads what only this command needs

    typer.echo(summary())


@app.command("differences")
def differences_command(
    video_id: Annotated[str, typer.Argument(help="The id of a video of this study.")],
    left: Annotated[
        str | None, typer.Option(help="The reference: voice_to_text, captions or whisper.")
    ] = None,
    right: Annotated[str | None, typer.Option(help="What is held against it, one of the same three.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for a page of HTML, in place of the terminal.")
    ] = None,
) -> None:
    """Show where two of a video's texts differ: in capitals (yellow), punctuation (red) or spelling (blue)."""
    from gettok.cli.differences import differences_of, lines, write_page  # noqa: PLC0415 - loads what only this needs

    pair = differences_of(video_id, left, right)
    if out is not None:
        write_page(pair, out)
        typer.echo(f"{out} shows how the texts of {video_id} differ")
        return
    for line in lines(pair):
        typer.echo(line)


@app.command("multiverse")
def multiverse_command(
    rev: Annotated[
        list[str] | None,
        typer.Option(help="A commit that the experiments started from, in place of HEAD. May be repeated."),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            "--before-after",
            help="A day, or an event's label, in place of all events of the study. May be repeated.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The stance whose share is followed, in place of the study's first.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the tables, the picture and the page.")] = Path(
        "data/multiverse"
    ),
) -> None:
    """Put all experiments of a sweep side by side: how far they agree, and which findings do not depend on them."""
    from gettok.cli.multiverse import tell  # noqa: PLC0415 - DVC is slow to import

    for line in tell(_settings(), rev or [], event or [], label, out):
        typer.echo(line)


@app.command("dictionary")
def dictionary_command() -> None:
    """Print the data dictionary: a sentence for each column of each table."""
    from gettok.tables import TABLES  # noqa: PLC0415
    from gettok.tables.dictionary import markdown  # noqa: PLC0415 - loads what only this command needs

    typer.echo(markdown(list(TABLES.values())), nl=False)


@store_app.command("verify")
def verify_command() -> None:
    """Check every stored byte by its digest; exit 65 if any is damaged."""
    from gettok.errors import Damaged  # noqa: PLC0415

    with Store(store_root()) as store:
        findings = list(store.verify())
        count = sum(answers for _, answers, _ in store.stats())
    for finding in findings:
        typer.echo(f"{finding.what}: {finding.stage} {finding.subject} {finding.name}".replace("  ", " "))
    if findings:
        raise Damaged(
            f"{len(findings)} of the things in the store are damaged; they are named above",
            "changed nothing; outputs refuse to be built from them",
            "bring the store back from a copy, or delete it and refill it from a dataset with `gettok store refill`",
        )
    typer.echo(f"{count} answers, all as they were written")


@store_app.command("stats")
def stats_command() -> None:
    """Say where the store is and how many answers each stage has in it."""
    with Store(store_root()) as store:
        typer.echo(str(store.root))
        for stage, answers, size in store.stats():
            typer.echo(f"{stage:<16} {answers:>9} answers {size / 1e6:>10.2f} MB")


@store_app.command("refill")
def refill_command() -> None:
    """Bring the answers in pulled tables (data/) back into the store."""
    from gettok.cli.store_refill import refill  # noqa: PLC0415 - loads what only this command needs

    with Store(store_root()) as store:
        for stage, found, new in refill(store, Path("data")):
            typer.echo(f"{stage:<16} {found:>9} answers in the tables, {new} new to the store")


if __name__ == "__main__":
    main()
