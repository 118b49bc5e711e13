"""Conditions of a video query: which are valid, and which videos meet them.

Fields and operations are those of TikTok's documentation, "Query Videos". Which operations a field allows, and the
refusals' messages, are not documented: they are ours.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from gettok.settings.regions import REGION_CODES
from sandbox.research_api.parameters import invalid_params

Facts = Mapping[str, Any]
ORDERED = frozenset({"EQ", "IN", "GT", "GTE", "LT", "LTE"})
CHOICE = frozenset({"EQ", "IN"})
LENGTHS = ("SHORT", "MID", "LONG", "EXTRA_LONG")


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operation: str
    values: tuple[str, ...]

    def is_met_by(self, facts: Facts) -> bool:
        return FIELDS[self.field].meets(facts, self)


@dataclass(frozen=True, slots=True)
class Field:
    operations: frozenset[str]
    accepts: Callable[[str], bool]
    meets: Callable[[Facts, Condition], bool]


def parse_condition(line: Any) -> Condition:
    """The condition in a part of a request body; an invalid one is refused."""
    if not isinstance(line, dict):
        raise invalid_params("A condition must be an object")
    name, operation, values = (line.get(key) for key in ("field_name", "operation", "field_values"))
    if not isinstance(name, str) or name not in FIELDS:
        raise invalid_params(f"Invalid field_name: {name}")
    if not isinstance(operation, str) or operation not in FIELDS[name].operations:
        raise invalid_params(f"Invalid operation {operation} for field {name}")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise invalid_params(f"field_values of {name} must be a non-empty list of strings")
    if operation != "IN" and len(values) > 1:
        raise invalid_params(f"Operation {operation} takes one field value, {len(values)} given")
    wrong = [value for value in values if not FIELDS[name].accepts(value)]
    if wrong:
        raise invalid_params(f"Invalid value {wrong[0]} for field {name}")
    return Condition(name, operation, tuple(values))


def is_date(text: str) -> bool:
    """Whether the text is a date of the calendar in eight digits."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    try:
        datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=2**18)
def plain(text: str) -> str:
    """Text in the form in which it is compared: letter case is ignored, accents are not."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,20}", text) is not None


def _compare(actual: Any, condition: Condition, cast: Callable[[str], Any]) -> bool:
    values = [cast(value) for value in condition.values]
    match condition.operation:
        case "GT":
            return bool(actual > values[0])
        case "GTE":
            return bool(actual >= values[0])
        case "LT":
            return bool(actual < values[0])
        case "LTE":
            return bool(actual <= values[0])
        case _:
            return actual in values


def _day(facts: Facts, condition: Condition) -> bool:
    return _compare(datetime.fromtimestamp(facts["create_time"], UTC).strftime("%Y%m%d"), condition, str)


def _same(key: str) -> Callable[[Facts, Condition], bool]:
    return lambda facts, condition: str(facts.get(key, "")) in condition.values


def _region(facts: Facts, condition: Condition) -> bool:
    return _any_of(condition.values, [facts.get("region_code", "")])


def _hashtag(facts: Facts, condition: Condition) -> bool:
    return _any_of(condition.values, facts.get("hashtag_names") or [])


def _effect(facts: Facts, condition: Condition) -> bool:
    return bool(set(condition.values) & set(facts.get("effect_ids") or []))


def _any_of(wanted: Iterable[str], actual: Iterable[str]) -> bool:
    return bool({plain(value) for value in wanted} & {plain(value) for value in actual})


def _keyword(facts: Facts, condition: Condition) -> bool:
    """Whole words in their order: `Castillo` matches `#castillo`, but not `#PedroCastillo`."""
    return _any_phrase(condition.values).search(plain(facts.get("video_description") or "")) is not None


@lru_cache
def _any_phrase(values: tuple[str, ...]) -> re.Pattern[str]:
    phrases = "|".join(re.escape(plain(value)) for value in values)
    return re.compile(rf"(?<!\w)(?:{phrases})(?!\w)")


def _length(facts: Facts, condition: Condition) -> bool:
    duration = facts.get("video_duration")
    if duration is None:
        return False
    longer_than = sum((duration >= 15, duration > 60, duration > 300))
    return LENGTHS[longer_than] in condition.values


def _count(key: str) -> Callable[[Facts, Condition], bool]:
    return lambda facts, condition: facts.get(key) is not None and _compare(facts[key], condition, int)


def _is_not_blank(text: str) -> bool:
    return bool(text.strip())


FIELDS = {
    "create_date": Field(ORDERED, is_date, _day),
    "username": Field(CHOICE, _is_not_blank, _same("username")),
    "region_code": Field(CHOICE, lambda text: text.upper() in REGION_CODES, _region),
    "video_id": Field(CHOICE, _is_number, _same("id")),
    "hashtag_name": Field(CHOICE, _is_not_blank, _hashtag),
    "keyword": Field(CHOICE, _is_not_blank, _keyword),
    "music_id": Field(CHOICE, _is_number, _same("music_id")),
    "effect_id": Field(CHOICE, _is_number, _effect),
    "video_length": Field(CHOICE, LENGTHS.__contains__, _length),
    "view_count": Field(ORDERED - {"IN"}, _is_number, _count("view_count")),
    "comment_count": Field(ORDERED - {"IN"}, _is_number, _count("comment_count")),
}
