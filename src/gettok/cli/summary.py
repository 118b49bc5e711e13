"""Summarise the last run; on the sandbox, also print its accuracy."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import polars as pl
import typer

from gettok.annotate.prompt_injection.rates import rates_by_variable
from gettok.annotate.values import COLUMN_OF
from gettok.books import COUNTED, STAGES, Books
from gettok.errors import BadInput
from gettok.pipeline.annotating.cascade_outcome import cascade_outcome, lines
from gettok.pipeline.code_digest import stale_code
from gettok.pipeline.outputs import books_of, is_made, output
from gettok.pipeline.paths import DATA, PARAMS
from gettok.pipeline.recorded_settings import changed_settings, recorded_settings
from gettok.pipeline.results import origin_of
from gettok.settings import Codebook, Settings, Variable, load
from gettok.stats.formatting import number
from gettok.tables import ANNOTATIONS, COVERAGE, PROMPT_INJECTION

#: The tables that `sandbox.accuracy` reads.
_MEASURED = ("annotations", "descriptions", "frames", "screen_texts", "transcripts")
#: The columns of annotations that are counted.
_COUNTED_COLUMNS = ["variable", "status", "abstained", *dict.fromkeys(COLUMN_OF.values())]
#: Changed settings that are named.
_MAX_NAMED = 8


def summary(*, verbose: bool = False) -> str:
    """The books of every stage, each variable, the report's path, and the accuracy if the source is the sandbox.

    All of it is of the last run. Where the settings have changed since, that is said.
    """
    if missing := [stage for stage in COUNTED if not is_made(f"books/{stage}.json")]:
        raise BadInput(
            f"no run is finished: data/ lacks the results of {', '.join(missing)}",
            "summed up nothing",
            "run `dvc repro`, or `dvc pull` if a remote has the dataset; `gettok status` says what is missing",
        )
    settings, changed = load(PARAMS), changed_settings()
    source = {**settings.source.model_dump(), **recorded_settings("collect").get("source", {})}
    books = {"collect": origin_of(source["kind"]).books, **{stage: books_of(stage) for stage in COUNTED}}
    states = COVERAGE.read(output("coverage.parquet"), ["state"])["state"].to_list()
    days = {state: states.count(state) for state in sorted(set(states))}
    codebook = _codebook(settings)
    others = {
        "flipped": _flipped(codebook),
        **_cascade(),
        "report": str((DATA / "report" / "index.html").absolute()),
    }
    title = _title(settings, changed)
    text = terminal_summary(title, days, books, _variables(codebook), others)
    text = "\n".join([text, *_changed(title, settings, changed), *_stale()])
    if source["name"] != "sandbox":
        return text
    return "\n  ".join(
        [
            text + "\n\nAccuracy against the sandbox's ground truth",
            *_accuracy(codebook.model_dump_json(), verbose=verbose),
        ]
    )


def _title(settings: Settings, changed: Mapping[str, Sequence[str]]) -> str:
    """The title of the study whose videos are counted."""
    if changed.keys() & {"collect", "tabulate", "annotate"}:
        title: str = (
            recorded_settings("release").get("study", {}).get("title", "A study that is not finished")
        )
        return title
    return settings.study.title


def _codebook(settings: Settings) -> Codebook:
    """The codebook of the last run, or of the settings if DVC has not run it."""
    recorded = recorded_settings("annotate").get("codebook")
    return Codebook.model_validate(recorded) if recorded else settings.codebook


def _variables(codebook: Codebook) -> dict[str, str]:
    """What each variable came to, in one line."""
    annotations = ANNOTATIONS.read(output("annotations"), _COUNTED_COLUMNS)
    books = books_of("annotate").variables
    return {
        name: variable_line(variable, annotations.filter(pl.col("variable") == name), books[name])
        for name, variable in codebook.variables.items()
    }


def variable_line(variable: Variable, annotations: pl.DataFrame, books: Books) -> str:
    """How many videos have each label; or how many have a value, and a number's median."""
    ok = annotations.filter(pl.col("status") == "ok")
    values = ok[COLUMN_OF[variable.kind]].drop_nulls()
    match variable.kind:
        case "number":
            median = number(float(values.quantile(0.5, "linear") or 0))
            what = f"{values.len():,} videos, median {median}" if values.len() else "none"
        case "text":
            what = f"{values.len():,} videos"
        case "span":
            what = f"{values.filter(values.list.len() > 0).len():,} of {values.len():,} videos"
        case _:
            counts = Counter(values.explode() if variable.kind == "any_of" else values)
            what = _counts((label, counts[label]) for label in variable.label_names)
    others = {"cannot tell": int(ok["abstained"].sum()), **books.unusable}
    missing = _counts((name, count) for name, count in others.items() if count)
    return f"{what}; {missing}" if missing else what


def _changed(title: str, settings: Settings, changed: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines about settings that were composed after the run, whose numbers these are not."""
    if not changed:
        return []
    keys = sorted({key for of_stage in changed.values() for key in of_stage})
    named = ", ".join(keys[:_MAX_NAMED]) + (
        f" and {len(keys) - _MAX_NAMED} more" if keys[_MAX_NAMED:] else ""
    )
    other = "" if settings.study.title == title else f" for {settings.study.title!r}"
    return [
        f"  these are the numbers of the last run; {PARAMS} has since been composed anew{other}",
        f"  changed settings: {named}; they matter to {', '.join(changed)}: `dvc repro` runs them",
    ]


def _stale() -> list[str]:
    """A line if code was edited after the run: `dvc repro -s` skips such a stage without a message."""
    stages = [stage.name for stage in STAGES if stale_code(stage.name)]
    changed = f"the code of {', '.join(stages)} has changed since this run: `dvc repro` runs it again"
    return [f"  {changed}"] if stages else []


def _accuracy(codebook: str, *, verbose: bool) -> list[str]:
    """A separate program, so that no code of the pipeline can reach the ground truth; the codebook is the run's."""
    for name in _MEASURED:
        output(name)
    options = ["--verbose"] if verbose else []
    command = [sys.executable, "-m", "sandbox.accuracy", str(DATA), codebook, *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()  # noqa: S603


def _flipped(codebook: Codebook) -> str:
    """How many labels of each variable prompt injection changed."""
    columns = ["video_id", "variable", "attack_type", "status", "reason", "flipped", "complied"]
    variants = PROMPT_INJECTION.read(output("prompt_injection.parquet"), columns)
    rates = rates_by_variable(variants, codebook.variables)
    if len(rates) == 1:
        return next(iter(rates.values())).line()
    lines = [f"{name.replace('_', ' ')}: {of_variable.line()}" for name, of_variable in rates.items()]
    return "\n".join(lines) or "no prompt injection variants"


def _cascade() -> dict[str, str]:
    """What a cascade came to, if there is one."""
    chosen = cascade_outcome()
    return {"cascade": "\n".join(lines(chosen))} if chosen else {}


def terminal_summary(
    title: str,
    days: Mapping[str, int],
    books: Mapping[str, Books],
    variables: Mapping[str, str],
    others: Mapping[str, str],
) -> str:
    """The coverage of the days, each stage's books, each variable, and other facts by name."""
    lines = [("days", _counts(days.items()) or "none: the source is a list of videos")]
    lines += [(stage.replace("_", " "), _book(book)) for stage, book in books.items()]
    lines += [(name.replace("_", " "), text) for name, text in variables.items()]
    for name, text in others.items():
        lines += [(name if place == 0 else "", line) for place, line in enumerate(text.splitlines())]
    width = max(len(name) for name, _ in lines)
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in lines)])


def _book(book: Books) -> str:
    unusable = _counts(sorted(book.unusable.items(), key=lambda entry: (-entry[1], entry[0])))
    return f"{book.ok:,} of {book.asked:,} ok" + (f"; {unusable}" if unusable else "")


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def command(
    *,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", help="On the sandbox, also the error rates by voice, background and language."
        ),
    ] = False,
) -> None:
    typer.echo(summary(verbose=verbose))
