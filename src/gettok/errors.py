"""Everything that can go wrong, in one tree.

GettokError
├── Unusable        this video only: recorded with its reason, the run goes on
├── NotNow          wait or come back: exit 75, the same command resumes
└── Stop            a person must act: exit 64–78, nothing half-done is visible
    ├── BadSettings      78
    ├── BadCredentials   77
    ├── BadInput         66
    ├── Damaged          65
    ├── AlreadyRunning   69
    ├── NoSpace          74
    └── BudgetSpent      76
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

#: Why a video has no result at a stage, with the sentence that the books and the report print.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "future_day": "it was in the future",
        "failing_day": "the Research API fails for it on every try, on several days",
        "failing": "the Research API fails for its comments or its author on every try, on several days",
        "denied": "the Research API does not let this client ask for it",
        "not_an_id": "it is no id of a video",
        "not_found": "the Research API does not find it by its id",
        "no_page": "nothing can be read from a page that should have videos",
        "not_an_object": "it is no object, or an unsound one",
        "no_id": "it has no id",
        "no_time": "it does not say when it was published",
        "outside_study": "it was published outside the study's days",
        "user_gone": "the Research API cannot find the author",
        "user_refused": "the Research API gives no information about the author",
        "private": "its author keeps it private",
        "removed": "its author or TikTok removed it",
        "region_locked": "TikTok does not show it in the region that asked",
        "in_review": "TikTok is reviewing it, and shows it to nobody meanwhile",
        "login_needed": "TikTok shows it to logged-in people only",
        "no_file": "there is no file of its id in the folder",
        "no_address": "its page names no file that can be played",
        "not_a_video": "the file that arrived is not a video",
        "truncated": "the file that arrived ends before its declared end",
        "undecodable": "the file is damaged and does not decode",
        "too_large": "the file is larger, or takes longer to decode, than the limits allow",
        "unreadable": "its page could not be read; this is about the reader, not about the video",
        "unreachable": "the connection failed each time",
        "no_media": "there is no media file to work on",
        "no_frames": "no frame could be taken from it",
        "no_audio": "it has no sound track",
        "no_speech": "nobody speaks in it",
        "music": "there is music in it, and nobody speaks",
        "no_inputs": "there is nothing to judge it by",
        "no_pair": "it has fewer than two texts to compare",
        "refused": "the model refused to answer",
        "too_long": "its texts and frames are more than the model can read",
        "filtered": "the content filter of the model's host stepped in",
        "malformed": "the model's answer is not in the form that was asked for",
        "not_taken": "the model's host does not take its pictures or texts, though it takes others'",
        "unanswered": "the model's host failed on it each time, though it answered for others",
        "cut_short": "the model's answer reached the token limit",
    }
)

#: Reasons that are about us and the moment, or a limit of ours. They get a row, and the next run asks again.
RETRYABLE = frozenset(
    {"unreadable", "unreachable", "region_locked", "in_review", "too_large", "no_file", "unanswered"}
)


class GettokError(Exception):
    """The root of all errors that gettok raises on purpose."""


class Unusable(GettokError):
    """This video has no result here, for a reason out of the closed list `REASONS`.

    `row` has the columns that a table can show of it all the same.
    """

    def __init__(self, reason: str, detail: str = "", row: Mapping[str, Any] = MappingProxyType({})) -> None:
        if reason not in REASONS:
            raise ValueError(f"{reason!r} is not in the closed list of reasons")
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.row = dict(row)

    def beside(self, row: Mapping[str, Any]) -> "Unusable":
        """The same, with these columns more."""
        return Unusable(self.reason, self.detail, {**self.row, **row})

    def __reduce__(self) -> tuple[type["Unusable"], tuple[str, str, dict[str, Any]]]:
        return Unusable, (self.reason, self.detail, self.row)


class Interrupted(GettokError):
    """A signal asked the run to stop; what was in flight is finished and kept."""


class UserFacingError(GettokError):
    """An error that is said to a person in three parts: what, what we did, what you can do."""

    exit_code: ClassVar[int]

    def __init__(self, what: str, did: str, can: str) -> None:
        super().__init__(f"{what}\n  What we did: {did}\n  What you can do: {can}")
        self.what, self.did, self.can = what, did, can

    def __reduce__(self) -> tuple[type["UserFacingError"], tuple[str, str, str]]:
        return type(self), (self.what, self.did, self.can)


class NotNow(UserFacingError):
    """Waiting helps: a rate limit, a spent quota, a server in trouble. The same command resumes."""

    exit_code = 75


class Stop(UserFacingError):
    """Waiting does not help: a person must act."""

    exit_code = 70


class BadSettings(Stop):
    """A setting is unknown, missing, of the wrong type or out of range."""

    exit_code = 78


class BadCredentials(Stop):
    """A key, secret or token is missing or was refused."""

    exit_code = 77


class BadInput(Stop):
    """A file that should be there is missing or is not what it should be."""

    exit_code = 66


class Damaged(Stop):
    """Stored bytes do not match their digest, or books do not balance."""

    exit_code = 65


class AlreadyRunning(Stop):
    """Another run of the same stage holds the lock of the answer store."""

    exit_code = 69


class NoSpace(Stop):
    """The disk is full, or would be."""

    exit_code = 74


class BudgetSpent(Stop):
    """The money that the settings allow is used up."""

    exit_code = 76


def counted(count: int, noun: str) -> str:
    """The number with its noun: `1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
