"""Types of single settings: days, texts, lists without duplicates, and TikTok's names and ids.

A check is a function that returns the value, or raises `ValueError` with a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gettok.settings.regions import REGION_CODES

T = TypeVar("T")

#: The Research API's classes of video length: under 15 s, to a minute, to five minutes, longer.
LENGTHS = ("SHORT", "MID", "LONG", "EXTRA_LONG")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return date.fromisoformat(value)
    raise ValueError('must be a day as quoted text, such as "2022-11-20"')


def word(value: str) -> str:
    if not value.strip():
        raise ValueError(f"{value!r} is blank")
    return value


def tag(value: str) -> str:
    if value.startswith("#") or not value.strip():
        raise ValueError(f"{value!r} must be a hashtag without '#'")
    return unicodedata.normalize("NFC", value)


def username(value: str) -> str:
    if value.startswith("@") or not value.strip():
        raise ValueError(f"{value!r} must be a username without '@'")
    return value


def region(value: str) -> str:
    if value not in REGION_CODES:
        raise ValueError(
            f"{value!r} is not a region code of the Research API (two upper-case letters, quoted)"
        )
    return value


def number(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", value):
        raise ValueError(f"{value!r} must be a number as quoted text, of digits only")
    return value


def length(value: str) -> str:
    if value not in LENGTHS:
        raise ValueError(f"{value!r} must be one of {', '.join(LENGTHS)}")
    return value


def one_of(choices: Iterable[str]) -> AfterValidator:
    """Restrict a text to the names of a registry.

    Used as `backend: Annotated[str, one_of(DOWNLOAD_BACKENDS)]`.
    """
    names = tuple(choices)

    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return AfterValidator(check)


def address(value: str) -> str:
    """A base address, without blanks around it or slashes behind it, as these change nothing but an answer's key.

    It goes into the release, so it has no user name and no password.
    """
    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user name or a password: put the key into the environment")
    return value


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) != len(values):
        raise ValueError("has a value twice")
    return values


#: A list in YAML, a tuple here, without duplicates.
Several = Annotated[tuple[T, ...], BeforeValidator(as_tuple), AfterValidator(_distinct)]

Day = Annotated[date, BeforeValidator(day)]
Text = Annotated[str, Field(min_length=1)]
Address = Annotated[Text, AfterValidator(address)]
Texts = Several[Text]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Words = Several[Annotated[str, AfterValidator(word)]]
Tags = Several[Annotated[str, AfterValidator(tag)]]
Usernames = Several[Annotated[str, AfterValidator(username)]]
Regions = Several[Annotated[str, AfterValidator(region)]]
Ids = Several[Annotated[str, AfterValidator(number)]]
Lengths = Several[Annotated[str, AfterValidator(length)]]
Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
