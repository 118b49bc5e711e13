"""A study's query, and its form for the Research API.

Source: TikTok Research API documentation, "Query Videos". The documentation does not say which field takes which
operation; the table here has those that make sense. A condition takes at most 100 values, as researchtikpy#22 found.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, Self

from pydantic import model_validator

from gettok.settings import fields
from gettok.settings.fields import Section
from gettok.step import Json

MAX_VALUES = 100


def _date(value: str) -> str:
    try:
        if re.fullmatch(r"[0-9]{8}", value) and date.fromisoformat(value):
            return value
    except ValueError:
        pass
    raise ValueError(f"{value!r} must be a day as YYYYMMDD")


class Field(NamedTuple):
    """A field of the API: the operations that it takes, and the check of its values."""

    operations: frozenset[str]
    check: Callable[[str], str]


_EQUALITY = frozenset({"EQ", "IN"})
_ORDER = frozenset({"EQ", "GT", "GTE", "LT", "LTE"})

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "create_date": Field(_ORDER | _EQUALITY, _date),
        "username": Field(_EQUALITY, fields.username),
        "region_code": Field(_EQUALITY, fields.region),
        "video_id": Field(_EQUALITY, fields.number),
        "hashtag_name": Field(_EQUALITY, fields.tag),
        "keyword": Field(_EQUALITY, fields.word),
        "music_id": Field(_EQUALITY, fields.number),
        "effect_id": Field(_EQUALITY, fields.number),
        "video_length": Field(_EQUALITY, fields.length),
        "view_count": Field(_ORDER, fields.number),
        "comment_count": Field(_ORDER, fields.number),
    }
)

#: Our terms and the API's fields. A video may have several values of the first fields, and one value of the others.
_MULTIPLE = MappingProxyType({"keywords": "keyword", "hashtags": "hashtag_name", "effects": "effect_id"})
_SINGLE = MappingProxyType(
    {"usernames": "username", "music": "music_id", "regions": "region_code", "lengths": "video_length"}
)
_TERMS = MappingProxyType({**_MULTIPLE, **_SINGLE})


class Terms(Section):
    """Terms to search for. `music` and `effects` are ids."""

    keywords: fields.Words = ()
    hashtags: fields.Tags = ()
    usernames: fields.Usernames = ()
    music: fields.Ids = ()
    effects: fields.Ids = ()
    regions: fields.Regions = ()
    lengths: fields.Lengths = ()

    def given(self) -> dict[str, tuple[str, ...]]:
        """The terms that have values, by name."""
        return {name: getattr(self, name) for name in _TERMS if getattr(self, name)}


class Query(Section):
    """The videos of a study: at least one term of `any`, all of `all`, none of `none`; or the API's own JSON.

    Under `all`, a video must have each keyword, hashtag and effect; its username, music, region and length must each be
    among those listed.
    """

    any: Terms = Terms()
    all: Terms = Terms()
    none: Terms = Terms()
    raw: fields.Text | None = None

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        has_terms = self.any.given() or self.all.given()
        if self.raw is None and not has_terms:
            raise ValueError("needs at least one condition under any or all, or the API's own JSON as raw")
        if self.raw is not None and (has_terms or self.none.given()):
            raise ValueError("has raw beside any, all or none: raw cannot be combined with them")
        conditions(self)  # raises for what a single search cannot express
        return self


def with_usernames(query: Query, changed: Callable[[str], str]) -> Query:
    """The query with other names in place of the usernames that it searches for."""
    parts = {name: getattr(query, name) for name in ("any", "all", "none")}
    other: dict[str, object] = {
        name: terms.model_copy(update={"usernames": tuple(map(changed, terms.usernames))})
        for name, terms in parts.items()
    }
    if query.raw is not None:
        other["raw"] = json.dumps(_with_usernames(json.loads(query.raw), changed), ensure_ascii=False)
    return query.model_copy(update=other)


def _with_usernames(raw: Json, changed: Callable[[str], str]) -> Json:
    if isinstance(raw, list):
        return [_with_usernames(part, changed) for part in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get("field_name") == _SINGLE["usernames"]:
        return {**raw, "field_values": [changed(str(name)) for name in raw.get("field_values", [])]}
    return {name: _with_usernames(part, changed) for name, part in raw.items()}


def conditions(query: Query) -> dict[str, Json]:
    """The API's `query` object, without empty groups; equal queries give equal objects.

    Raises `ValueError` for what a single search cannot express.
    """
    groups = _built(query) if query.raw is None else _parsed(query.raw)
    return {group: lines for group, lines in groups.items() if lines}


def _built(query: Query) -> dict[str, Json]:
    large = {name for name in _SINGLE if len(getattr(query.all, name)) > MAX_VALUES}
    if large and (query.any.given() or len(large) > 1):
        raise ValueError(
            f"all.{min(large)} has more than {MAX_VALUES} values, which one search allows only if any is empty "
            "and all has no second list of that length: shorten it, or split the study"
        )
    each = [
        {"field_name": field, "operation": "EQ", "field_values": [value]}
        for name, field in _MULTIPLE.items()
        for value in sorted(getattr(query.all, name))
    ]
    return {
        "and": [*each, *_one_of(query.all, _SINGLE.keys() - large)],
        "or": [*_one_of(query.any, _TERMS), *_one_of(query.all, large)],
        "not": _one_of(query.none, _TERMS),
    }


def _one_of(terms: Terms, names: Iterable[str]) -> list[Json]:
    chosen = set(names)
    return [
        {
            "field_name": _TERMS[name],
            "operation": "IN",
            "field_values": sorted(values)[first : first + MAX_VALUES],
        }
        for name, values in terms.given().items()
        if name in chosen
        for first in range(0, len(values), MAX_VALUES)
    ]


def _parsed(raw: str) -> dict[str, Json]:
    try:
        query = json.loads(raw)
    except json.JSONDecodeError as error:
        raise ValueError(f"raw is not JSON: {error}") from error
    check_query(query)
    groups: dict[str, Json] = query
    return groups


def check_query(query: Json) -> None:
    """Raise `ValueError`, which names the place, unless the API can be expected to accept this `query` object."""
    if not isinstance(query, dict) or not query.keys() <= {"and", "or", "not"}:
        raise ValueError(
            "a query is an object whose only keys are and, or, not, each with a list of conditions"
        )
    for group, lines in query.items():
        if not isinstance(lines, list):
            raise ValueError(f"{group} must be a list of conditions")  # noqa: TRY004 - pydantic takes ValueError
        for number, line in enumerate(lines):
            _check_condition(f"{group}[{number}]", line)
    if not any(query.values()):
        raise ValueError("a query needs at least one condition")


def _check_condition(place: str, line: Json) -> None:
    if not isinstance(line, dict) or line.keys() != {"field_name", "operation", "field_values"}:
        raise ValueError(f"{place} must be an object of field_name, operation and field_values")
    name, operation, values = line["field_name"], line["operation"], line["field_values"]
    if not isinstance(name, str) or name not in FIELDS:
        raise ValueError(f"{place}.field_name: {name!r} is not one of {', '.join(FIELDS)}")
    if not isinstance(operation, str) or operation not in FIELDS[name].operations:
        raise ValueError(
            f"{place}.operation: {operation!r} does not go with {name}; "
            f"it takes {', '.join(sorted(FIELDS[name].operations))}"
        )
    _check_values(f"{place}.field_values", name, operation, values)


def _check_values(place: str, name: str, operation: str, values: Json) -> None:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{place} must be a list of quoted texts, numbers and dates too")
    most = MAX_VALUES if operation == "IN" else 1
    if not 1 <= len(values) <= most:
        raise ValueError(
            f"{place} has {len(values)} values; {operation} takes at least one and at most {most}"
        )
    for number, value in enumerate(values):
        try:
            FIELDS[name].check(value)
        except ValueError as error:
            raise ValueError(f"{place}[{number}]: {error}") from None
