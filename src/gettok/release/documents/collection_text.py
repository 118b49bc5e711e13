"""How the videos were collected, as a text for the datasheet and the methods."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gettok.collect.collection import CollectionSummary
from gettok.errors import counted
from gettok.release.documents.facts import Observed
from gettok.release.documents.losses import losses_of_source
from gettok.release.documents.query_words import query_in_words
from gettok.release.documents.rendering import be, code, days, listed, paragraphs, plain
from gettok.release.inputs import Tables
from gettok.settings import Settings

#: What a day's state of coverage means, after "are".
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "complete": "covered completely",
        "unsettled": "covered completely (with counts that were read within 10 days and may still change)",
        "incomplete": "incomplete (read within 48 hours, when videos are still missing)",
        "gap": "not covered",
    }
)
#: Days that are named; the others are in `coverage.parquet` of the run.
_MAX_DAYS = 10


def is_synthetic(settings: Settings) -> bool:
    """Whether the videos are the sandbox's."""
    return settings.source.name == "sandbox"


def collection_text(
    settings: Settings, collection: CollectionSummary, seen: Observed | None, version: str
) -> str:
    """The source, the query, what the source gave, the days that are covered, and when the videos were observed."""
    return paragraphs(
        (
            f"{_gettok(settings, version)} {query_sentence(settings, collection)}",
            *_query_text(settings, collection),
            " ".join(filter(None, (_found(collection), losses_of_source(collection)))),
            coverage_sentence(collection.days),
            observed_sentence(seen),
        )
    )


def _gettok(settings: Settings, version: str) -> str:
    return f"The videos were collected with gettok {version} from the source {code(settings.source.name)}."


def _api(settings: Settings) -> str:
    """What was asked: the sandbox plays the API."""
    return (
        "The sandbox's stand-in for TikTok's Research API"
        if is_synthetic(settings)
        else "TikTok's Research API"
    )


def query_sentence(settings: Settings, collection: CollectionSummary) -> str:
    study = settings.study
    published = f"published {period(settings)} (UTC)"
    match collection.origin.kind:
        case "ids":
            return (
                f"{_api(settings)} was asked for the videos of a list of "
                f"{counted(collection.origin.books.asked, 'id')}; those {published} are in the dataset."
            )
        case "zeeschuimer":
            return (
                "They were captured in a browser by Zeeschuimer, while people scrolled through TikTok; those"
                f" {published} are in the dataset."
            )
    if study.query.raw is not None:
        return f"{_api(settings)} (Query Videos) was asked for videos {published} that match the query below."
    return f"{_api(settings)} (Query Videos) was asked for videos {published} that have:"


def period(settings: Settings) -> str:
    """The days of the study, after "published"."""
    first, last = settings.study.start, settings.study.end
    return f"on {days(first, last)}" if first == last else f"from {days(first, last)}"


def _query_text(settings: Settings, collection: CollectionSummary) -> Iterator[str]:
    if not collection.origin.is_query:
        return
    query = settings.study.query
    if query.raw is not None:
        yield f"{code(query.raw)}"
    phrases = [f"- {plain(phrase)}" for phrase in query_in_words(query)]
    yield ";\n".join(phrases) + ("." if phrases else "")


def _found(collection: CollectionSummary) -> str:
    books = collection.origin.books
    if collection.origin.is_query:
        given = counted(books.ok, "row")
        return f"The searches that reached their end gave {given}, before duplicates were dropped."
    verb = "was" if books.ok == 1 else "were"
    return f"Of {counted(books.asked, _NOUNS[collection.origin.kind])}, {books.ok:,} {verb} found."


_NOUNS = {"ids": "id", "zeeschuimer": "captured video", "research_api": "candidate"}


def coverage_sentence(states: Mapping[str, int]) -> str:
    """How many days of the study are covered; empty where a source has no days."""
    if not states:
        return ""
    parts = [
        f"{states[state]:,} {be(states[state])} {words}"
        for state, words in _STATES.items()
        if states.get(state)
    ]
    return f"Of the study's {counted(sum(states.values()), 'day')}, {listed(parts)}."


def observed_sentence(seen: Observed | None) -> str:
    if seen is None:
        return ""
    first = days(seen.first, seen.first_until, between=" and ")
    values = days(seen.values, seen.values_until, between=" and ")
    when = "on" if seen.first == seen.first_until else "between"
    again = "on" if seen.values == seen.values_until else "between"
    return (
        f"The videos were first observed {when} {first} (UTC). Values that change, such as views, are as last observed,"
        f" {again} {values}."
    )


def uncovered_lines(tables: Tables) -> list[str]:
    """The days in which videos may be missing, each with the reason; the first few."""
    named = [f"{day} ({plain(why)})" for day, why in sorted(tables.uncovered.items())]
    if not named:
        return []
    count, rest = len(named), len(named) - _MAX_DAYS
    more = [f"{rest:,} more"] if rest > 0 else []
    return [
        f"Videos may be missing on {counted(count, 'day')} of the study: {listed([*named[:_MAX_DAYS], *more])}."
    ]


def sample_sentence(collection: CollectionSummary) -> str:
    """What the videos are a part of."""
    source = {
        "research_api": "It has what the Research API returned for the query in the days that are covered, not a random"
        " sample. The API does not return videos that are deleted or private when it is asked.",
        "ids": "It has those videos of a given list that the Research API finds; how the list was made is not known"
        " here.",
        "zeeschuimer": "It has what TikTok showed in one or more browsers, which depends on who looked; it is no sample"
        " of TikTok.",
    }[collection.origin.kind]
    return " ".join(filter(None, (source, losses_of_source(collection), coverage_sentence(collection.days))))
