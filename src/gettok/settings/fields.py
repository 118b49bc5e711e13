"""Types of single settings: days, texts, lists without duplicates, and TikTok's names and ids.

A check is a function that returns the value, or raises `ValueError` with a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gettok.settings.regions import REGION_CODES, code_meant

T = TypeVar("T")

#: The address of the embedded sandbox, whose port changes from run to run.
SANDBOX: Final = "sandbox:"

#: Where yt-dlp, too, stops to look for older videos.
FIRST_DAY: Final = date(2016, 9, 1)

#: The type of the error for a text that is not among its choices; the error's context has them.
NOT_A_CHOICE: Final = "not_a_choice"

#: The type of the error for a value that may hold a password or a key, which no message repeats.
NOT_SHOWN: Final = "not_shown"

#: The Research API's classes of video length: under 15 s, to a minute, to five minutes, longer.
LENGTHS = ("SHORT", "MID", "LONG", "EXTRA_LONG")


class WrongSetting(ValueError):
    """A sentence about a setting within the section that is checked; `keys` are the way to it from there."""

    def __init__(self, keys: Sequence[str | int], sentence: str) -> None:
        super().__init__(sentence)
        self.keys = tuple(keys)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return date.fromisoformat(value)
    raise ValueError('must be a day as quoted text, such as "2022-11-20"')


def study_day(value: date) -> date:
    """A day of which TikTok has videos."""
    if value < FIRST_DAY:
        raise ValueError(f"'{value}' is before {FIRST_DAY}, when there was no TikTok")
    return value


def word(value: str) -> str:
    if not value.strip():
        raise ValueError(f"{value!r} is blank")
    return value


def tag(value: str) -> str:
    """A hashtag as the Research API takes it; it compares without regard to case."""
    return unicodedata.normalize("NFC", _one_name(value, "hashtag", "#"))


def username(value: str) -> str:
    return _one_name(value, "username", "@")


def _one_name(value: str, kind: str, sign: str) -> str:
    """A name that has neither the sign before it, nor a blank or a comma."""
    parts = ["".join(part.split()) for part in re.split(f"[{sign},]", value)]
    if parts == [value] and value:
        return value
    words = re.split(rf"[{sign},\s]", value)
    meant = [" and ".join(repr(name) for name in names if name) for names in (parts, words)]
    raise ValueError(
        f"{value!r} is not a {kind}, which has no {sign!r}, blank or comma"
        + (f"; did you mean {', or '.join(dict.fromkeys(meant))}?" if meant[0] else "")
    )


def region(value: str) -> str:
    if value not in REGION_CODES:
        code = code_meant(value)
        raise ValueError(
            f"{value!r} is not a region code of the Research API (two upper-case letters, quoted)"
            + (f"; did you mean {code!r}?" if code else "")
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


def one_of(choices: Iterable[str]) -> BeforeValidator:
    """Restrict a text to the names of a registry; the error for another type lists them, too.

    Used as `backend: Annotated[str, one_of(DOWNLOAD_BACKENDS)]`.
    """
    names = tuple(choices)

    def check(value: object) -> object:
        if value not in names:
            raise PydanticCustomError(NOT_A_CHOICE, "must be one of the choices", {"choices": names})
        return value

    return BeforeValidator(check)


def address(value: str) -> str:
    """A base address, without blanks around it or slashes behind it, as these change nothing but an answer's key.

    It goes into the release, so it has no user name and no password.
    """
    value = value.strip().rstrip("/")
    if value != SANDBOX and not re.match(r"https?://[^/]", value):
        raise ValueError("must begin with https:// or http://")
    parts = urlsplit(value)
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError(
            NOT_SHOWN, "has a user name or a password: put the key into the environment"
        )
    return value


def environment_variable(value: str) -> str:
    """The name of an environment variable. In capital letters, so that it is not taken for a key."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        raise PydanticCustomError(
            NOT_SHOWN,
            "must be the name of an environment variable in capital letters, such as OPENAI_API_KEY; the key itself "
            "belongs into that variable, and into no file",
        )
    return value


def language(value: str) -> str:
    """A language's code in ISO 639, and the shorter one of two, as speech models know it."""
    from langcodes import standardize_tag, tag_is_valid  # noqa: PLC0415 - reads large tables, and few commands need them

    first = re.split("[-_]", value)[0].lower()
    code = standardize_tag(first) if re.fullmatch(r"[a-z]{2,3}", first) and tag_is_valid(first) else None
    if value == first and code and len(code) >= len(value):  # of `jw`, it is the newer `jv`
        return value
    raise ValueError(
        f"{value!r} is not the code of a language in ISO 639, of two small letters if it has one, such as 'es'"
        + (f"; did you mean {code!r}?" if code else "")
    )


def name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9_]+", value):
        return value
    meant = "_".join(re.findall(r"[a-z0-9]+", value.lower()))
    raise ValueError(
        f"{value!r} is not a name of small letters, digits and _"
        + (f"; did you mean {meant!r}?" if meant else "")
    )


def label(value: str) -> str:
    """In NFC, as one that looks the same may be written in other characters, such as by a Mac."""
    if word(value) != value.strip():
        raise ValueError(f"{value!r} begins or ends with a blank")
    if "{target}" in value:
        raise ValueError(
            f"{value!r} is a label, in which {{target}} is not replaced: write ${{study.stance.target}} for it"
        )
    return unicodedata.normalize("NFC", value)


def _distinct_but_for_case(values: tuple[str, ...]) -> tuple[str, ...]:
    folded = [value.casefold() for value in values]
    if alike := [value for place, value in enumerate(values) if value.casefold() in folded[:place]]:
        raise ValueError(f"has {alike[0]!r} twice, but for capital letters")
    return values


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if twice := [value for place, value in enumerate(values) if value in values[:place]]:
        raise ValueError(f"has {twice[0]!r} twice")
    return values


#: A list in YAML, a tuple here, without duplicates.
Several = Annotated[tuple[T, ...], BeforeValidator(as_tuple), AfterValidator(_distinct)]

Day = Annotated[date, BeforeValidator(day)]
StudyDay = Annotated[Day, AfterValidator(study_day)]
Text = Annotated[str, Field(min_length=1), AfterValidator(word)]
Address = Annotated[Text, AfterValidator(address)]
Words = Several[Text]
Name = Annotated[str, AfterValidator(name)]
EnvironmentVariable = Annotated[str, AfterValidator(environment_variable)]
Language = Annotated[str, AfterValidator(language)]
LabelText = Annotated[Text, AfterValidator(label)]
Labels = Annotated[Several[LabelText], AfterValidator(_distinct_but_for_case)]
Tags = Several[Annotated[str, AfterValidator(tag)]]
Usernames = Several[Annotated[str, AfterValidator(username)]]
Regions = Several[Annotated[str, AfterValidator(region)]]
Ids = Several[Annotated[str, AfterValidator(number)]]
Lengths = Several[Annotated[str, AfterValidator(length)]]
Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
