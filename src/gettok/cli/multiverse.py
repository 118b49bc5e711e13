"""Put all experiments of a sweep side by side: how far they agree, and which findings do not depend on them."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.experiments import specifications
from gettok.errors import BadInput
from gettok.multiverse.comparisons import Comparison
from gettok.multiverse.specifications import distinct
from gettok.multiverse.summary import Multiverse, multiverse
from gettok.multiverse.writing import write
from gettok.pipeline.paths import current_settings
from gettok.settings import Event, Settings, Study

_SIGNS = {1: "positive", 0: "zero", -1: "negative"}


def tell(
    settings: Settings, revs: Sequence[str], events: Sequence[str], label: str | None, out: Path
) -> Iterator[str]:
    """Write the multiverse of the experiments that started from `revs`, and say what it came to."""
    study = settings.study
    label, named = _label(study, label), _events(study, events)
    found, left_out = specifications(study, revs)
    whole = multiverse(study, label, named, distinct(found), left_out)
    write(whole, out)
    yield from _lines(whole)
    yield f"the picture, the tables and what the numbers mean: {(out / 'index.html').absolute()}"


def _label(study: Study, given: str | None) -> str:
    labels = study.stance.labels
    if given is not None and given not in labels:
        raise BadInput(
            f"the study has no label {given!r}", "read nothing", f"choose one of {', '.join(labels)}"
        )
    return given or labels[0]


def _events(study: Study, given: Sequence[str]) -> list[Event]:
    """The study's events, or those that are named by their label or by any day."""
    return list(study.events) if not given else [one for name in given for one in _named(study, name)]


def _named(study: Study, name: str) -> list[Event]:
    known = [one for one in study.events if name in (one.label, one.day.isoformat())]
    try:
        return known or [_chosen(date.fromisoformat(name))]
    except ValueError:
        labels = ", ".join(f"{one.label!r}" for one in study.events)
        raise BadInput(
            f"{name!r} is no event of the study and no day",
            "read nothing",
            f"give a day such as 2022-12-07, or one of {labels or 'no event, as the study names none'}",
        ) from None


def _chosen(day: date) -> Event:
    return Event.model_validate({"day": day.isoformat(), "label": "a chosen day"})


def _lines(whole: Multiverse) -> Iterator[str]:
    count, same = len(whole.specifications), sum(len(one.also) for one in whole.specifications)
    more = f"; {same} more came to the same as one of them" if same else ""
    yield f"{count} specification{'s' if count > 1 else ''}{more}"
    for one in whole.left_out:
        yield f"left out: {one.name}: {one.why}"
    agreed = "none can be had" if whole.alpha.value is None else f"{whole.alpha.value:.3f}"
    yield f"Krippendorff's alpha: {agreed}, over {whole.alpha.n} videos; {len(whole.flips)} of them flip"
    for comparison in whole.comparisons:
        day = comparison.event.day
        yield f"share of {whole.label!r} after minus before {day}: {_kept(comparison)}"


def _kept(one: Comparison) -> str:
    if not one.n:
        return "no specification has videos on both sides"
    if one.sign is None:
        return f"no sign is the most frequent among {one.n}"
    return f"{_SIGNS[one.sign]} in {one.same_sign} of {one.n}"


def command(
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
    for line in tell(current_settings(), rev or [], event or [], label, out):
        typer.echo(line)
