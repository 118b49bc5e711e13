"""What a run came to, on the terminal; on the sandbox, where the truth is known, also how right it is."""

import importlib
from pathlib import Path

from gettok.attacks.rates import flip_rates
from gettok.books import Books
from gettok.settings import load
from gettok.summary import terminal_summary
from gettok.tables import ATTACKS, COVERAGE, STANCES
from stages.place import PARAMS
from stages.results import COUNTED
from stages.shell import DATA


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
