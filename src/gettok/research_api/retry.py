"""What is waited for, for how long, and what is not: a table of plain values."""

from dataclasses import dataclass
from typing import Literal

from gettok.research_api.error_mapping import Verdict

#: Seconds before the next try of a search that the server does not know yet; its caches fill within half a minute
#: (traktok#17; TikTok's own client asks for up to a minute).
_NOT_YET_S = (2.0, 4.0, 8.0, 15.0, 30.0)
_TOO_FAST_S = 10.0

Move = Literal["wait", "renew", "give_up"]


@dataclass(frozen=True)
class Tried:
    """How far one question has come: answers so far, seconds waited, and whether a token was renewed for it."""

    answers: int = 1
    waited_s: float = 0.0
    renewed: bool = False


@dataclass(frozen=True)
class Step:
    """What comes next: wait so many seconds and ask again, renew the token and ask again, or give up."""

    move: Move
    seconds: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """Bounds on one question: tries, the longest single wait, and all waits together."""

    tries: int = 6
    #: For a search whose last page is old: it is most likely gone, and each try is charged.
    tries_of_old_search: int = 2
    longest_wait_s: float = 60.0
    longest_total_s: float = 300.0

    def next(
        self, verdict: Verdict, tried: Tried, chance: float, *, told_s: float | None = None, old: bool = False
    ) -> Step:
        """The next step after an answer that was not accepted.

        `told_s` is the server's `Retry-After`, honoured up to `longest_wait_s`. `chance` in [0, 1) spreads clients that
        failed together.
        """
        if verdict is Verdict.TOKEN_REFUSED:
            return Step("give_up" if tried.renewed else "renew")
        wait_s = self._wait_s(verdict, tried.answers, chance, told_s)
        searching = verdict in (Verdict.SEARCH_UNKNOWN, Verdict.CURSOR_REFUSED)
        tries = self.tries_of_old_search if old and searching else self.tries
        if wait_s is None or tried.answers >= tries or tried.waited_s + wait_s > self.longest_total_s:
            return Step("give_up")
        return Step("wait", wait_s)

    def _wait_s(self, verdict: Verdict, answers: int, chance: float, told_s: float | None) -> float | None:
        spread = 0.5 + chance / 2
        match verdict:
            case Verdict.SEARCH_UNKNOWN | Verdict.CURSOR_REFUSED:
                wait_s = _NOT_YET_S[min(answers, len(_NOT_YET_S)) - 1]
            case Verdict.TOO_FAST:
                wait_s = _TOO_FAST_S * 2.0 ** (answers - 1) * (1 + chance / 2)
            case Verdict.TROUBLE | Verdict.DAMAGED | Verdict.UNREACHABLE:
                wait_s = 2.0 ** (answers - 1) * spread
            case _:
                return None
        return min(wait_s if told_s is None else told_s, self.longest_wait_s)
