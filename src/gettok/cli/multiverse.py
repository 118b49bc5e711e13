"""Compare all experiments of a sweep: how far they agree, and which findings hold in all of them."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.experiments import specifications
from gettok.errors import BadInput, counted
from gettok.multiverse.analysis import Multiverse, analyse
from gettok.multiverse.before_after import Comparison
from gettok.multiverse.compared_variable import ComparedVariable, compared_variable
from gettok.multiverse.output import write
from gettok.multiverse.specifications import distinct
from gettok.pipeline.paths import current_settings
from gettok.settings import Event, Study
from gettok.stats.formatting import number

_SIGNS = {1: "positive", 0: "zero", -1: "negative"}


def compare_experiments(
    study: Study, compared: ComparedVariable, revs: Sequence[str], events: Sequence[str], out: Path
) -> Iterator[str]:
    """Write the multiverse of the experiments that started from `revs`, and yield its summary."""
    chosen_events = _events(study, events)
    found, left_out = specifications(study, compared, revs)
    multiverse = analyse(study, compared, chosen_events, distinct(found), left_out)
    write(multiverse, out)
    yield from _lines(multiverse)
    yield f"the figure, the tables and what the numbers mean: {(out / 'index.html').absolute()}"


def _events(study: Study, given: Sequence[str]) -> list[Event]:
    """The study's events, or the given ones: by label, or any day."""
    return list(study.events) if not given else [event for name in given for event in _named(study, name)]


def _named(study: Study, name: str) -> list[Event]:
    known = [event for event in study.events if name in (event.label, event.day.isoformat())]
    try:
        return known or [_unnamed(date.fromisoformat(name))]
    except ValueError:
        labels = ", ".join(f"{event.label!r}" for event in study.events)
        raise BadInput(
            f"{name!r} is neither an event of the study nor a day",
            "read nothing",
            f"give a day such as 2022-12-07, or an event of the study ({labels or 'it names none'})",
        ) from None


def _unnamed(day: date) -> Event:
    return Event.model_validate({"day": day.isoformat(), "label": "a chosen day"})


def _lines(multiverse: Multiverse) -> Iterator[str]:
    specifications, alpha = multiverse.specifications, multiverse.alpha
    yield f"variable {multiverse.compared.name}: {multiverse.compared.question}"
    yield _counted(len(specifications), sum(len(specification.also) for specification in specifications))
    for result in multiverse.left_out:
        yield f"left out: {result.name}: {result.why}"
    value = "not defined" if alpha.value is None else number(alpha.value, alpha.n)
    yield f"Krippendorff's alpha: {value}, over {counted(alpha.n, 'video')}; {len(multiverse.flips)} of them flip"
    for comparison in multiverse.comparisons:
        day = comparison.event.day
        yield f"share of {multiverse.compared.label!r} after minus before {day}: {_sign(comparison)}"


def _counted(count: int, duplicates: int) -> str:
    text = f"{count} specification{'' if count == 1 else 's'}"
    if not duplicates:
        return text
    return f"{text}; {duplicates} more {'is' if duplicates == 1 else 'are'} identical to one of these"


def _sign(comparison: Comparison) -> str:
    if not comparison.n:
        return "no specification has videos on both sides"
    if comparison.sign is None:
        return f"no sign is more frequent than the others among {comparison.n}"
    return f"{_SIGNS[comparison.sign]} in {comparison.same_sign} of {comparison.n}"


def command(
    rev: Annotated[
        list[str] | None,
        typer.Option(help="A commit that the experiments started from, instead of HEAD. May be repeated."),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            "--before-after",
            help="A day or an event's label, instead of all events of the study. May be repeated.",
        ),
    ] = None,
    variable: Annotated[
        str | None,
        typer.Option(
            help="The variable that is compared, instead of the codebook's first with one label a video."
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="The label whose share is compared, instead of the variable's first."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the tables, the figure and the page.")] = Path(
        "data/multiverse"
    ),
) -> None:
    settings = current_settings()
    compared = compared_variable(settings.codebook, settings.study.stance.target, variable, label)
    for line in compare_experiments(settings.study, compared, rev or [], event or [], out):
        typer.echo(line)
