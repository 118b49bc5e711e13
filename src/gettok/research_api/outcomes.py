"""How a question can end without an answer."""

import json
from datetime import datetime

from gettok.errors import BadCredentials, BadSettings, NotNow, Stop
from gettok.research_api.call import Call
from gettok.research_api.credentials import refused
from gettok.research_api.error_mapping import Reading, Verdict


class SearchExpired(Exception):
    """The server no longer knows the search; its window must be asked again from the start."""


class RequestFailing(Exception):
    """The question fails on every try, for a reason that may lie in the question: a smaller one may not."""


class AccessDenied(BadCredentials):
    """The client may not use this endpoint; others may still be open to it."""


class BadQuestion(BadSettings):
    """The server does not accept the question, however often it is asked."""


class QuotaExhausted(NotNow):
    """Nothing more can be asked today; `back_at` is when it can."""

    def __init__(self, what: str, did: str, can: str, back_at: datetime) -> None:
        super().__init__(what, did, can)
        self.back_at = back_at

    def __reduce__(self) -> tuple[type["QuotaExhausted"], tuple[str, str, str, datetime]]:  # type: ignore[override]
        return QuotaExhausted, (self.what, self.did, self.can, self.back_at)


_BY_IDS = "run `gettok refresh --way ids`, which looks the videos up by id"
#: What a person can do about a question that is not accepted; where nothing is named, the settings have no part in it.
_CORRECT = {
    "video/query": "correct study.query, study.start or study.end under conf/study/; `gettok plan` shows what is sent",
    "validation_task/create": _BY_IDS,
    "validation_task_status/get": _BY_IDS,
    "validation_task/download": _BY_IDS,
}


def at_once(error: QuotaExhausted) -> None:
    """End the run and say when to come back."""
    raise error


def final(call: Call, reading: Reading, answers: int) -> Exception:
    """What an answer means that neither waiting nor a new token mends."""
    match reading.verdict:
        case Verdict.TOKEN_REFUSED:
            error: Exception = refused(reading.message)
        case Verdict.DENIED:
            error = _denied(call, reading)
        case Verdict.SEARCH_UNKNOWN:
            error = SearchExpired(str(reading))
        case Verdict.BAD_QUESTION | Verdict.DECLINED:
            error = _bad_question(call, reading)
        case Verdict.UNHEARD_OF:
            error = _unheard_of(reading)
        case Verdict.TOO_FAST:
            error = _too_fast(reading, answers)
        case _:
            error = RequestFailing(f"{reading}, {answers} times")
    return error


def quota_exhausted(error: RequestFailing | SearchExpired) -> NotNow:
    """What a person is told when a question fails that cannot be made smaller."""
    return NotNow(
        f"the Research API fails: {error}",
        "kept every answer received before",
        "run the same command again later; it goes on from this question",
    )


def _too_fast(reading: Reading, answers: int) -> NotNow:
    return NotNow(
        f"the Research API says that we ask too fast: {reading}",
        f"slowed down and asked {answers} times; every page received before is kept",
        "run the same command again in some minutes",
    )


def _bad_question(call: Call, reading: Reading) -> BadQuestion:
    return BadQuestion(
        f"the Research API does not accept the question: {reading}",
        f"sent {json.dumps(dict(call.body), ensure_ascii=False)[:2000]}; every page received before is kept",
        _CORRECT.get(
            call.endpoint, f"tell the makers of gettok: it makes the questions to {call.endpoint} by itself"
        ),
    )


def _denied(call: Call, reading: Reading) -> AccessDenied:
    return AccessDenied(
        f"the Research API does not let this client ask for {call.endpoint}: {reading}",
        "stopped asking for it; every page received before is kept",
        "check that TIKTOK_CLIENT_KEY is the approved project's, and ask TikTok for the scope that is missing",
    )


def _unheard_of(reading: Reading) -> Stop:
    return Stop(
        f"the Research API answers with a code that nobody has documented: {reading}",
        "stopped; the answer is in the ledger of requests, and every page received before is kept",
        "look the code up in TikTok's documentation and tell the makers of gettok; the same command goes on from here",
    )
