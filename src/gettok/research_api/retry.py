"""Which answers are worth another attempt, and after how long: a table of plain values."""

from dataclasses import dataclass
from typing import Literal

from gettok.http.retry_after import LONGEST_RETRY_AFTER_S
from gettok.research_api.error_mapping import Verdict

#: Seconds before the next attempt at a search that the server does not know yet; its caches fill within half a minute
#: (traktok#17; TikTok's own client asks for up to a minute).
_UNKNOWN_SEARCH_S = (2.0, 4.0, 8.0, 15.0, 30.0)
_RATE_LIMITED_S = 10.0

Action = Literal["wait", "renew", "give_up", "come_back"]


@dataclass(frozen=True)
class Attempts:
    """What one question has taken so far: answers, seconds waited, and whether a token was renewed for it."""

    answers: int = 1
    waited_s: float = 0.0
    renewed: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do next: wait so many seconds and ask again, renew the token and ask again, or give up.

    `come_back`: the server asks for a longer wait than a run makes, of so many seconds.
    """

    action: Action
    seconds: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """Limits for one question: attempts, the longest wait of our own and that the server asks for, and all together."""

    max_attempts: int = 6
    #: For a search whose last page is old: the server has most likely forgotten it, and each attempt counts.
    max_attempts_of_old_search: int = 2
    max_wait_s: float = 60.0
    max_asked_s: float = LONGEST_RETRY_AFTER_S
    max_total_s: float = LONGEST_RETRY_AFTER_S

    def next(
        self,
        verdict: Verdict,
        attempts: Attempts,
        jitter: float,
        *,
        retry_after_s: float | None = None,
        old_search: bool = False,
    ) -> Decision:
        """What to do after an answer that was not accepted.

        `retry_after_s` is the server's `Retry-After`, respected up to `max_asked_s`. `jitter` in [0, 1) spreads clients
        that failed together.
        """
        if verdict is Verdict.TOKEN_REFUSED:
            return Decision("give_up" if attempts.renewed else "renew")
        own_s = self._wait_s(verdict, attempts.answers, jitter)
        if own_s is None:
            return Decision("give_up")
        if retry_after_s is not None and retry_after_s > self.max_asked_s:
            return Decision("come_back", retry_after_s)
        searching = verdict in (Verdict.SEARCH_UNKNOWN, Verdict.CURSOR_REFUSED)
        limit = self.max_attempts_of_old_search if old_search and searching else self.max_attempts
        wait_s = own_s if retry_after_s is None else retry_after_s
        if attempts.answers >= limit or attempts.waited_s + wait_s > self.max_total_s:
            return Decision("give_up")
        return Decision("wait", wait_s)

    def _wait_s(self, verdict: Verdict, answers: int, jitter: float) -> float | None:
        """The wait of our own choice; `None` if waiting does not help."""
        match verdict:
            case Verdict.SEARCH_UNKNOWN | Verdict.CURSOR_REFUSED:
                wait_s = _UNKNOWN_SEARCH_S[min(answers, len(_UNKNOWN_SEARCH_S)) - 1]
            case Verdict.RATE_LIMITED:
                wait_s = _RATE_LIMITED_S * 2.0 ** (answers - 1) * (1 + jitter / 2)
            case Verdict.SERVER_ERROR | Verdict.DAMAGED | Verdict.UNREACHABLE:
                wait_s = 2.0 ** (answers - 1) * (0.5 + jitter / 2)
            case _:
                return None
        return min(wait_s, self.max_wait_s)
