"""How a question can end without an answer."""

import json
from datetime import datetime

from gettok.errors import BadCredentials, BadSettings, NotNow, Stop
from gettok.research_api.call import ApiCall
from gettok.research_api.credentials import credentials_refused
from gettok.research_api.error_mapping import Reading, Verdict


class SearchExpired(Exception):
    """The server no longer knows the search; its window must be asked for again from the start."""


class RequestFailing(Exception):
    """The question fails on every attempt, and may be to blame itself: a smaller one may succeed."""


class AccessDenied(BadCredentials):
    """The client may not use this endpoint; others may still be open to it."""


class BadQuestion(BadSettings):
    """The server does not accept the question, however often it is asked."""


class QuotaExhausted(NotNow):
    """Nothing more can be asked until `back_at`: a quota is used up, or the server asks for a long wait."""

    def __init__(self, what: str, did: str, can: str, back_at: datetime) -> None:
        super().__init__(what, did, can)
        self.back_at = back_at

    def __reduce__(self) -> tuple[type["QuotaExhausted"], tuple[str, str, str, datetime]]:  # type: ignore[override]
        return QuotaExhausted, (self.what, self.did, self.can, self.back_at)


_BY_IDS = "run `gettok refresh --method ids`, which looks the videos up by id"
#: What a person can do about a question that is not accepted; for other endpoints, the settings are not the cause.
_CORRECT = {
    "video/query": "correct study.query, study.start or study.end under conf/study/; `gettok plan` shows what is sent",
    "validation_task/create": _BY_IDS,
    "validation_task_status/get": _BY_IDS,
    "validation_task/download": _BY_IDS,
}


def end_run(error: QuotaExhausted) -> None:
    """End the run and say when to come back."""
    raise error


def final_error(call: ApiCall, reading: Reading, answers: int) -> Exception:
    """The error for an answer that neither waiting nor a new token can change."""
    match reading.verdict:
        case Verdict.TOKEN_REFUSED:
            error: Exception = credentials_refused(reading.message)
        case Verdict.DENIED:
            error = _access_denied(call, reading)
        case Verdict.SEARCH_UNKNOWN:
            error = SearchExpired(str(reading))
        case Verdict.BAD_QUESTION | Verdict.DECLINED:
            error = _bad_question(call, reading)
        case Verdict.UNKNOWN_CODE:
            error = _unknown_code(reading)
        case Verdict.RATE_LIMITED:
            error = _rate_limited(reading, answers)
        case _:
            error = RequestFailing(f"{reading}, {answers} times")
    return error


def as_not_now(error: RequestFailing | SearchExpired) -> NotNow:
    """What is reported when a question fails that cannot be made smaller."""
    return NotNow(
        f"the Research API fails: {error}",
        "kept every answer received before",
        "run the same command again later; it continues with this question",
    )


def _rate_limited(reading: Reading, answers: int) -> NotNow:
    return NotNow(
        f"the Research API says that we ask too fast: {reading}",
        f"slowed down and asked {answers} times; every page received before is kept",
        "run the same command again in some minutes",
    )


def _bad_question(call: ApiCall, reading: Reading) -> BadQuestion:
    return BadQuestion(
        f"the Research API does not accept the question: {reading}",
        f"sent {json.dumps(dict(call.body), ensure_ascii=False)[:2000]}; every page received before is kept",
        _CORRECT.get(
            call.endpoint, f"report it to the makers of gettok, which writes the questions to {call.endpoint}"
        ),
    )


def _access_denied(call: ApiCall, reading: Reading) -> AccessDenied:
    return AccessDenied(
        f"the Research API does not let this client ask for {call.endpoint}: {reading}",
        "stopped asking for it; every page received before is kept",
        "check that TIKTOK_CLIENT_KEY is the approved project's, and ask TikTok for the scope that is missing",
    )


def _unknown_code(reading: Reading) -> Stop:
    return Stop(
        f"the Research API answers with an undocumented code: {reading}",
        "stopped; the answer is in the ledger of requests, and every page received before is kept",
        "look the code up in TikTok's documentation and report it to the makers of gettok; the same command then "
        "continues from here",
    )
