"""Everything that can go wrong, in one tree.

GettokError
├── Unusable        this video only: recorded with its reason, the run goes on
├── NotNow          wait or come back later: exit 75, the same command resumes
└── Stop            a person must act: exit 64–78, nothing half-done is visible
    ├── BadSettings      78
    ├── BadCredentials   77
    ├── BadInput         66
    ├── Damaged          65
    ├── AlreadyRunning   69
    ├── NotAllowed       73
    ├── NoSpace          74
    └── BudgetSpent      76
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

#: Why a video has no result at a stage, with the sentence that the report and the data dictionary print. A new reason
#: is a line here and its use; if a later run may succeed, it is in `RETRYABLE` too.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "future_day": "it was in the future",
        "failing_day": "the Research API fails for it on every try, on several days",
        "failing": "the Research API fails for its comments or its author on every try, on several days",
        "denied": "the Research API does not let this client ask for it",
        "not_returned": "the Research API counted it as a candidate, and returned nothing about it",
        "not_an_id": "it is not the id of a video",
        "not_found": "the Research API does not find it by its id",
        "no_page": "nothing can be read from a page that should have videos",
        "not_an_object": "it is not a valid JSON object",
        "no_id": "it has no id",
        "no_time": "it has no time of publication",
        "gone": "a refresh no longer found it",
        "erased": "a person asked for it to be removed from the dataset",
        "outside_study": "it was published outside the study's days",
        "user_gone": "the Research API cannot find the author",
        "user_refused": "the Research API gives no information about the author",
        "private": "its author keeps it private",
        "removed": "its author or TikTok removed it",
        "region_locked": "TikTok does not show it in the region that asked",
        "in_review": "TikTok is reviewing it, and shows it to no one until then",
        "login_needed": "TikTok shows it only to people who are logged in",
        "no_file": "the folder has no file with its id",
        "no_address": "its page names no file that can be played",
        "not_a_video": "the file that arrived is not a video",
        "unsupported": "it has a file in a format that is not read",
        "truncated": "the file that arrived ends before its declared end",
        "undecodable": "the file is damaged and cannot be decoded",
        "too_large": "the file is larger than the limits allow, or takes longer to decode",
        "unreadable": "its page could not be read; the cause is our reader, not the video",
        "unreachable": "the connection failed each time",
        "no_media": "there is no media file to work on",
        "no_frames": "no frame could be taken from it",
        "no_audio": "it has no sound track",
        "no_speech": "no one speaks in it",
        "music": "it has music, and no one speaks",
        "no_inputs": "there is nothing to judge it by",
        "not_applicable": "the codebook does not ask this about it, as another variable has another value",
        "condition_unknown": "another variable decides whether this is asked about it, and has no value",
        "no_pair": "it has fewer than two texts to compare",
        "refused": "the model refused to answer",
        "too_long": "its texts and frames are longer than the model can read",
        "filtered": "the content filter of the model's host blocked it",
        "malformed": "the model's answer is not in the form that was asked for",
        "not_taken": "the model's host rejects its images or texts, though it accepts those of other videos",
        "unanswered": "the model's host failed on it each time, though it answered for other videos",
        "cut_short": "the model's answer was cut off, mostly at the token limit",
    }
)


def reason_in_words(reason: str, detail: str | None = None) -> str:
    """A reason's sentence, with its name and the detail, if that says more."""
    sentence = REASONS.get(reason, reason)
    more = f": {detail}" if detail and detail != sentence else ""
    return f"{sentence} ({reason}{more})"


#: Reasons that are temporary, or due to a limit of ours. The video gets a row, and the next run asks again.
RETRYABLE = frozenset(
    {"unreadable", "unreachable", "region_locked", "in_review", "too_large", "no_file", "unanswered"}
)


class GettokError(Exception):
    """The root of all errors that gettok raises on purpose."""


class Unusable(GettokError):
    """This video has no result here, for a reason from the closed list `REASONS`.

    `row` has the columns that its table can show nevertheless.
    """

    def __init__(self, reason: str, detail: str = "", row: Mapping[str, Any] = MappingProxyType({})) -> None:
        if reason not in REASONS:
            raise ValueError(f"{reason!r} is not in the closed list of reasons")
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.row = dict(row)

    def beside(self, row: Mapping[str, Any]) -> "Unusable":
        """The same error, with these columns added."""
        return Unusable(self.reason, self.detail, {**self.row, **row})

    def __reduce__(self) -> tuple[type["Unusable"], tuple[str, str, dict[str, Any]]]:
        return Unusable, (self.reason, self.detail, self.row)


class Interrupted(GettokError):
    """A signal asked the run to stop; the questions in flight are finished and their answers kept.

    Where there are no answers, its text says what exists.
    """


class UserFacingError(GettokError):
    """An error for users, in three parts: what, what we did, what you can do."""

    exit_code: ClassVar[int]

    def __init__(self, what: str, did: str, can: str) -> None:
        super().__init__(f"{what}\n  What we did: {did}\n  What you can do: {can}")
        self.what, self.did, self.can = what, did, can

    def __reduce__(self) -> tuple[type["UserFacingError"], tuple[str, str, str]]:
        return type(self), (self.what, self.did, self.can)


class NotNow(UserFacingError):
    """Waiting helps: a rate limit, a spent quota, a failing server. The same command resumes."""

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
    """A file is missing, or is not what it should be."""

    exit_code = 66


class Damaged(Stop):
    """Stored bytes do not match their digest, or books do not balance."""

    exit_code = 65

    @staticmethod
    def in_store(what: str) -> "Damaged":
        """The error for bytes in the answer store that are not what was stored."""
        return Damaged(
            f"{what} does not match its digest",
            "refused to build anything from it",
            "run `gettok store verify` to list all that is damaged; then restore the store from a copy, or delete the "
            "answers with `gettok store drop`, and get them back from a pulled dataset with `gettok store refill` or "
            "by another run",
        )


class AlreadyRunning(Stop):
    """Another run of the same stage holds the lock of the answer store."""

    exit_code = 69


class NotAllowed(Stop):
    """A file or folder may not be read or written."""

    exit_code = 73


class NoSpace(Stop):
    """The disk is full, or would be."""

    exit_code = 74


class BudgetSpent(Stop):
    """The budget in the settings is spent."""

    exit_code = 76


def counted(count: int, noun: str) -> str:
    """The number with its noun: `1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"
