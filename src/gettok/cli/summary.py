"""Summarise the last run; on the sandbox, also print its accuracy."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import typer

from gettok.books import COUNTED, STAGES, Books
from gettok.pipeline.code_digest import stale_code
from gettok.pipeline.paths import DATA, PARAMS
from gettok.settings import load
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.tables import COVERAGE, PROMPT_INJECTION, STANCES


def summary() -> str:
    """The books of every stage, the stances, the report's path, and the accuracy if the source is the sandbox."""
    settings = load(PARAMS)
    books = {stage: Books.read(DATA / "books" / f"{stage}.json") for stage in COUNTED}
    labels = STANCES.read(DATA / "stances", ["label"])["label"].drop_nulls().to_list()
    counts = {label: labels.count(label) for label in settings.study.stance.labels}
    states = COVERAGE.read(DATA / "coverage.parquet", ["state"])["state"].to_list()
    days = {state: states.count(state) for state in sorted(set(states))}
    others = {"flipped": _flipped(), "report": str(Path(DATA / "report" / "index.html").absolute())}
    text = "\n".join([terminal_summary(settings.study.title, days, books, counts, others), *_stale()])
    if settings.source.name != "sandbox":
        return text
    return "\n  ".join([text + "\n\nAccuracy against the sandbox's ground truth", *_accuracy()])


def _stale() -> list[str]:
    """A line if code was edited after the run: `dvc repro -s` skips such a stage without a message."""
    stages = [stage.name for stage in STAGES if stale_code(stage.name)]
    changed = f"the code of {', '.join(stages)} has changed since this run: `dvc repro` runs it again"
    return [f"  {changed}"] if stages else []


def _accuracy() -> list[str]:
    """A separate program, so that no code of the pipeline can reach the ground truth."""
    command = [sys.executable, "-m", "sandbox.accuracy", str(DATA)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()  # noqa: S603


def _flipped() -> str:
    """How many labels prompt injection changed."""
    columns = ["video_id", "attack_type", "status", "reason", "flipped", "complied"]
    rates = flip_rates(PROMPT_INJECTION.read(DATA / "prompt_injection.parquet", columns))
    return rates.line() if rates else "no prompt injection variants"


def terminal_summary(
    title: str,
    days: Mapping[str, int],
    books: Mapping[str, Books],
    stances: Mapping[str, int],
    others: Mapping[str, str],
) -> str:
    """The coverage of the days, each stage's books, the stances, and other facts by name."""
    lines = [("days", _counts(days.items()) or "none: the source is a list of videos")]
    lines += [(stage.replace("_", " "), _book(book)) for stage, book in books.items()]
    lines.append(("stances", _counts(stances.items()) or "none"))
    lines += others.items()
    width = max(len(name) for name, _ in lines)
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in lines)])


def _book(book: Books) -> str:
    unusable = _counts(sorted(book.unusable.items(), key=lambda entry: (-entry[1], entry[0])))
    return f"{book.ok:,} of {book.asked:,} ok" + (f"; {unusable}" if unusable else "")


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def command() -> None:
    typer.echo(summary())
