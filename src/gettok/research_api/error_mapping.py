"""What an answer of the Research API means, whatever its status says.

Sources of the messages: tiktok-library's recorded session, traktok#17, tiktok-library#89, researchtikpy's `get_query`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from gettok.http.json_guards import to_mapping
from gettok.research_api.page import parse_json
from gettok.step import Json


class Verdict(Enum):
    """What to do with an answer; the value is its name in the ledger."""

    ACCEPTED = "ok"
    #: The question was understood and has no answer: a user who is gone, comments that are off. A fact, not a failure.
    DECLINED = "declined"
    SERVER_ERROR = "server_error"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    QUOTA_SPENT = "quota_spent"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a name
    DENIED = "denied"
    SEARCH_UNKNOWN = "search_unknown"
    CURSOR_REFUSED = "cursor_refused"
    BAD_QUESTION = "bad_question"
    UNKNOWN_CODE = "unknown_code"


@dataclass(frozen=True)
class Received:
    """An answer as it arrived."""

    status: int
    headers: Mapping[str, str]
    text: str

    @cached_property
    def content(self) -> Json:
        """The parsed text; raises `ValueError` when it is not JSON."""
        return parse_json(self.text)


class Reading(NamedTuple):
    """A verdict, and the server's words that led to it."""

    verdict: Verdict
    code: str
    message: str
    log_id: str = ""

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}" if self.message else self.code
        return f"{text} (log_id {self.log_id})" if self.log_id else text


_BY_CODE = {
    "daily_quota_limit_exceeded": Verdict.QUOTA_SPENT,
    "rate_limit_exceeded": Verdict.RATE_LIMITED,
    "access_token_invalid": Verdict.TOKEN_REFUSED,
    "invalid_token": Verdict.TOKEN_REFUSED,
    "scope_not_authorized": Verdict.DENIED,
    "scope_permission_missed": Verdict.DENIED,
    "internal_error": Verdict.SERVER_ERROR,
}
#: Words of a message decide where the code does not: server errors also come as 400 `invalid_params`.
_BY_WORDS = (
    ("something is wrong", Verdict.SERVER_ERROR),
    ("something went wrong", Verdict.SERVER_ERROR),
    ("server internal error", Verdict.SERVER_ERROR),
    ("cannot find the user", Verdict.DECLINED),
    ("cannot return this user", Verdict.DECLINED),
    ("is private", Verdict.DECLINED),
    ("information cannot be returned", Verdict.DECLINED),
    ("search id", Verdict.SEARCH_UNKNOWN),
    ("invalid count or cursor", Verdict.CURSOR_REFUSED),
)
_QUESTION_CODES = frozenset({"invalid_params", "invalid_request", "invalid_file_upload"})


def read(received: Received, shape: Mapping[str, type] | None = None, *, id_list: bool = False) -> Reading:
    """Read an answer by its body first: the status of many errors is not documented.

    `shape` names members of `data` that an accepted answer has, and their types; an `id_list` has one id a line.
    """
    if id_list and received.status == 200 and all(line.isdecimal() for line in received.text.split()):
        return Reading(Verdict.ACCEPTED, "ok", "")
    try:
        content = received.content
    except ValueError as why:
        return _not_json(received, str(why))
    if not isinstance(content, dict):
        return Reading(Verdict.DAMAGED, "not an object", _shown(received.text))
    error = content.get("error")
    if isinstance(error, str):  # the flat shape of the token endpoint's errors
        error = {**content, "code": error, "message": content.get("error_description")}
    error = to_mapping(error)
    code, message = str(error.get("code") or "ok"), str(error.get("message") or "")
    log_id = str(error.get("log_id") or "")
    if code == "ok" and id_list:
        return Reading(Verdict.DAMAGED, "not a list", _shown(received.text), log_id)
    if code == "ok":
        return Reading(_accepted(received, content.get("data"), shape), code, message, log_id)
    return Reading(_refused(received.status, code, message), code, message, log_id)


def _not_json(received: Received, why: str) -> Reading:
    """A proxy's or a maintenance page, whatever its status, or JSON that was cut off."""
    cut = received.status < 500 and received.text.lstrip()[:1] in ("{", "[")
    verdict = (
        Verdict.DAMAGED if cut else Verdict.RATE_LIMITED if received.status == 429 else Verdict.SERVER_ERROR
    )
    return Reading(verdict, f"HTTP {received.status}, not JSON", f"{why}; it begins {_shown(received.text)}")


def _shown(text: str) -> str:
    """The first 200 characters on one line."""
    return ascii(text[:200])


def _accepted(received: Received, data: Json, shape: Mapping[str, type] | None) -> Verdict:
    has_shape = isinstance(data, dict) and all(
        isinstance(data.get(name), kind) for name, kind in (shape or {}).items()
    )
    if received.status == 500:
        # user endpoints answer 500 with usable data (traktok, `api_user_error_checker`)
        return Verdict.ACCEPTED if data and has_shape else Verdict.SERVER_ERROR
    if not 200 <= received.status < 300:
        return Verdict.SERVER_ERROR if received.status > 500 else Verdict.UNKNOWN_CODE
    return Verdict.ACCEPTED if has_shape else Verdict.DAMAGED


def _refused(status: int, code: str, message: str) -> Verdict:
    if code in _BY_CODE:
        return _BY_CODE[code]
    message = message.lower()
    for words, verdict in _BY_WORDS:
        if words in message:
            return verdict
    if code in _QUESTION_CODES:
        return Verdict.BAD_QUESTION
    if status == 429:
        return Verdict.RATE_LIMITED
    return Verdict.SERVER_ERROR if status >= 500 else Verdict.UNKNOWN_CODE
