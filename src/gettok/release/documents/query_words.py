"""A study's query in words."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gettok.settings.query import Query, Terms
from gettok.settings.regions import region_name


class _Kind(NamedTuple):
    """How a kind of terms is called: one, several, and what is around each value."""

    one: str
    several: str
    value: str


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "keywords": _Kind("the keyword", "the keywords", "“{}”"),
        "hashtags": _Kind("the hashtag", "the hashtags", "#{}"),
        "effects": _Kind("the effect", "the effects", "{}"),
        "usernames": _Kind("the author", "the authors", "@{}"),
        "music": _Kind("the sound", "the sounds", "{}"),
        "regions": _Kind("the author's region", "the authors' regions", "{}"),
        "lengths": _Kind("the length", "the lengths", "{}"),
    }
)
#: Of these a video has one value, so that several under `all` mean one of them.
_SINGLE = ("usernames", "music", "regions", "lengths")


def query_in_words(query: Query) -> list[str]:
    """A phrase for each part of the query, all of which hold; the API's own JSON is not put into words."""
    if query.raw is not None:
        return []
    phrases = []
    if any_of := "; ".join(_listed(query.any)):
        phrases.append(f"at least one of: {any_of}")
    if all_of := "; ".join(_each(query.all)):
        phrases.append(f"all of: {all_of}")
    if none_of := "; ".join(_listed(query.none)):
        phrases.append(f"none of: {none_of}")
    return phrases


def _listed(terms: Terms) -> Iterator[str]:
    return (_phrase(name, values) for name, values in terms.given().items())


def _each(terms: Terms) -> Iterator[str]:
    for name, values in terms.given().items():
        several = name in _SINGLE and len(values) > 1
        yield f"one of {_phrase(name, values)}" if several else _phrase(name, values)


def _phrase(name: str, values: Iterable[str]) -> str:
    kind, shown = _KINDS[name], [_value(name, value) for value in values]
    return f"{kind.one if len(shown) == 1 else kind.several} {', '.join(shown)}"


def _value(name: str, value: str) -> str:
    named = f"{region_name(value)} ({value})" if name == "regions" else value
    return _KINDS[name].value.format(named)
