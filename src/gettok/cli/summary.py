"""What a run came to, on the terminal; on the sandbox, where the truth is known, also how right it is."""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from gettok.books import Books
from gettok.pipeline.paths import PARAMS
from gettok.pipeline.results import COUNTED
from gettok.pipeline.runner import DATA
from gettok.settings import load
from gettok.stance.prompt_injection.rates import flip_rates
from gettok.tables import ATTACKS, COVERAGE, STANCES


def summary() -> str:
    """The books of every stage, the stances, where the report is; and accuracy where the source is the sandbox."""
    settings = load(PARAMS)
    books = {stage: Books.read(DATA / "books" / f"{stage}.json") for stage in COUNTED}
    labels = STANCES.read(DATA / "stances", ["label"])["label"].drop_nulls().to_list()
    counts = {label: labels.count(label) for label in settings.study.stance.labels}
    states = COVERAGE.read(DATA / "coverage.parquet", ["state"])["state"].to_list()
    days = {state: states.count(state) for state in sorted(set(states))}
    others = {"flipped": _flipped(), "report": str(Path(DATA / "report" / "index.html").absolute())}
    text = terminal_summary(settings.study.title, days, books, counts, others)
    if settings.source.name != "sandbox":
        return text
    # by name: what the truth says must be reachable by no stage
    lines = importlib.import_module("sandbox.accuracy").accuracy(DATA).lines()
    return "\n  ".join([text + "\n\nAgainst the truth, on which no answer rests", *lines])


def _flipped() -> str:
    """How many labels an attack flipped."""
    columns = ["video_id", "way", "status", "reason", "flipped", "obeyed"]
    rates = flip_rates(ATTACKS.read(DATA / "attacks.parquet", columns))
    return rates.line() if rates else "no video was attacked"


def terminal_summary(
    title: str,
    days: Mapping[str, int],
    books: Mapping[str, Books],
    stances: Mapping[str, int],
    others: Mapping[str, str],
) -> str:
    """How the days are covered, each stage's books, the stances that were found, and other facts by name."""
    lines = [("days", _counts(days.items()) or "a list of videos covers none")]
    lines += [(stage.replace("_", " "), _book(book)) for stage, book in books.items()]
    lines.append(("stances", _counts(stances.items()) or "none"))
    lines += others.items()
    width = max(len(name) for name, _ in lines)
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in lines)])


def _book(book: Books) -> str:
    lost = _counts(sorted(book.unusable.items(), key=lambda found: (-found[1], found[0])))
    return f"{book.ok:,} of {book.asked:,} ok" + (f"; {lost}" if lost else "")


def _counts(found: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in found)
