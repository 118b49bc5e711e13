"""What an answer of the Research API means, whatever its status says.

Sources of the messages: tiktok-library's recorded session, traktok#17, tiktok-library#89, researchtikpy's `get_query`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from gettok.research_api.page import parsed
from gettok.step import Json


class Verdict(Enum):
    """What to do with an answer; the value is its name in the ledger."""

    ACCEPTED = "ok"
    #: The question was understood and has no answer: a user who is gone, comments that are off. A fact, not a failure.
    DECLINED = "declined"
    TROUBLE = "trouble"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    TOO_FAST = "too_fast"
    QUOTA_SPENT = "quota_spent"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a name
    DENIED = "denied"
    SEARCH_UNKNOWN = "search_unknown"
    CURSOR_REFUSED = "cursor_refused"
    BAD_QUESTION = "bad_question"
    UNHEARD_OF = "unheard_of"


@dataclass(frozen=True)
class Received:
    """An answer as it came off the wire."""

    status: int
    headers: Mapping[str, str]
    text: str

    @cached_property
    def content(self) -> Json:
        """The text parsed; raises `ValueError` when it is no JSON."""
        return parsed(self.text)


class Reading(NamedTuple):
    """A verdict with the server's words for it."""

    verdict: Verdict
    code: str
    message: str
    log_id: str = ""

    def __str__(self) -> str:
        said = f"{self.code}: {self.message}" if self.message else self.code
        return f"{said} (log_id {self.log_id})" if self.log_id else said


_BY_CODE = {
    "daily_quota_limit_exceeded": Verdict.QUOTA_SPENT,
    "rate_limit_exceeded": Verdict.TOO_FAST,
    "access_token_invalid": Verdict.TOKEN_REFUSED,
    "invalid_token": Verdict.TOKEN_REFUSED,
    "scope_not_authorized": Verdict.DENIED,
    "scope_permission_missed": Verdict.DENIED,
    "internal_error": Verdict.TROUBLE,
}
#: Words of a message decide where the code does not: server trouble also comes under 400 `invalid_params`.
_BY_WORDS = (
    ("something is wrong", Verdict.TROUBLE),
    ("something went wrong", Verdict.TROUBLE),
    ("server internal error", Verdict.TROUBLE),
    ("cannot find the user", Verdict.DECLINED),
    ("cannot return this user", Verdict.DECLINED),
    ("is private", Verdict.DECLINED),
    ("information cannot be returned", Verdict.DECLINED),
    ("search id", Verdict.SEARCH_UNKNOWN),
    ("invalid count or cursor", Verdict.CURSOR_REFUSED),
)
_QUESTION_CODES = frozenset({"invalid_params", "invalid_request", "invalid_file_upload"})


def read(received: Received, shape: Mapping[str, type] | None = None, *, plain: bool = False) -> Reading:
    """Judge an answer by its body first: the status of many errors is not documented.

    `shape` names members of `data` that an accepted answer has, and their types; a `plain` one has an id a line.
    """
    if plain and received.status == 200 and all(line.isdecimal() for line in received.text.split()):
        return Reading(Verdict.ACCEPTED, "ok", "")
    try:
        content = received.content
    except ValueError as why:
        return _not_json(received, str(why))
    if not isinstance(content, dict):
        return Reading(Verdict.DAMAGED, "no_object", _shown(received.text))
    error = content.get("error")
    if isinstance(error, str):  # the flat shape of the token endpoint's errors
        error = {**content, "code": error, "message": content.get("error_description")}
    told = error if isinstance(error, dict) else {}
    code, message = str(told.get("code") or "ok"), str(told.get("message") or "")
    log_id = str(told.get("log_id") or "")
    if code == "ok" and plain:
        return Reading(Verdict.DAMAGED, "no_list", _shown(received.text), log_id)
    if code == "ok":
        return Reading(_unflawed(received, content.get("data"), shape), code, message, log_id)
    return Reading(_refused(received.status, code, message), code, message, log_id)


def _not_json(received: Received, why: str) -> Reading:
    """A page of a proxy or of maintenance under any status, or JSON that was cut."""
    cut = received.status < 500 and received.text.lstrip()[:1] in ("{", "[")
    verdict = Verdict.DAMAGED if cut else Verdict.TOO_FAST if received.status == 429 else Verdict.TROUBLE
    return Reading(verdict, f"HTTP {received.status}, no JSON", f"{why}; it begins {_shown(received.text)}")


def _shown(text: str) -> str:
    """The first 200 characters on one line."""
    return ascii(text[:200])


def _unflawed(received: Received, data: Json, shape: Mapping[str, type] | None) -> Verdict:
    has_shape = isinstance(data, dict) and all(
        isinstance(data.get(name), kind) for name, kind in (shape or {}).items()
    )
    if received.status == 500:
        # user endpoints answer 500 with usable data (traktok, `api_user_error_checker`)
        return Verdict.ACCEPTED if data and has_shape else Verdict.TROUBLE
    if not 200 <= received.status < 300:
        return Verdict.TROUBLE if received.status > 500 else Verdict.UNHEARD_OF
    return Verdict.ACCEPTED if has_shape else Verdict.DAMAGED


def _refused(status: int, code: str, message: str) -> Verdict:
    if code in _BY_CODE:
        return _BY_CODE[code]
    said = message.lower()
    for words, verdict in _BY_WORDS:
        if words in said:
            return verdict
    if code in _QUESTION_CODES:
        return Verdict.BAD_QUESTION
    if status == 429:
        return Verdict.TOO_FAST
    return Verdict.TROUBLE if status >= 500 else Verdict.UNHEARD_OF
