"""The switches of the sandbox, and the settings of them that have names."""

from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Names = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the stand-ins behave; every default is the kindest that the documents allow.

    A share is a number from 0 to 1, and chance falls by the seed and the question: the same way each time.
    """

    seed: str = "gettok"

    p_500: float = 0.0
    """Share of tries answered by 500; by question and try, so a repeat may succeed (TikTok-Api#1258)."""
    p_500_per_day: float = 0.0
    """What each day of a query's window adds to `p_500` (tiktok-library#47)."""
    dead_dates: Names = field(default_factory=frozenset)
    """Days as `YYYYMMDD`; a window that touches one is answered by 500 for ever (tiktok-library#90)."""
    p_504_html: float = 0.0
    """Share of tries that end at a gateway, in HTML (traktok#17)."""
    delay_s: float = 0.0
    """Real seconds before each answer of the Research API."""

    warmup_requests: int = 0
    """A fresh search id is refused this many times before it is known (traktok#17)."""
    warmup_s: int = 0
    """Virtual seconds for which a fresh search id is refused."""
    search_id_ttl_s: int | None = None
    """Virtual seconds after which a search id is refused; None: it lives for ever."""
    changed_query: str = "refuse"
    """A search id with another query: `refuse`, or `ignore` what changed. The real one's way is not known."""

    drop_rate: float = 0.0
    """Share of candidates that move the cursor and are never returned."""
    hidden: Names = field(default_factory=frozenset)
    """Ids of videos that move the cursor and are never returned."""
    vanish_rate: float = 0.0
    """Share of videos that are gone everywhere once the clock has moved a day from its start."""
    hide_rate: float = 0.0
    """Share of videos that no query finds, though they exist (arXiv 2506.09746)."""
    dup_rate: float = 0.0
    """Share of a search's rows that its next page shows again."""
    empty_pages: int = 0
    """Pages without rows after the first page of each search; `has_more` stays true."""
    fuzzy_rate: float = 0.0
    """Share of the videos of a window that are found though keyword and hashtag do not fit."""
    keyword_blackout: bool = False
    """Conditions on `keyword` meet nothing, and nobody says so (traktok#29)."""
    lag_hours: int | None = None
    """Videos younger than this are not found yet; None: all are."""

    lower_case_regions: bool = False
    """Some pages write `us` where others write `US`."""
    id_key: str = "id"
    """`id`, or `video_id` as in the documentation's example."""
    p_missing: float = 0.0
    """Share of a row's keys, other than the id's, that are left out."""
    odd_users: float = 0.0
    """Share of authors whose names and captions hold NUL, a lone surrogate, joined emoji, RTL text, a newline."""
    huge_ids: float = 0.0
    """Share of rows whose id is above 2^63, and the ids of validation tasks with any share."""
    counts_drift: float = 0.0
    """By how much of itself a count may change each virtual day; some fall."""
    new_field: str = ""
    """A key that no document lists, in every row."""
    retyped_field: str = ""
    """A field that comes as another JSON type: a number as text, anything else within a list."""
    null_field: str = ""
    """A field that comes as null where it has no value, and not at all otherwise."""

    token_ttl_s: int = 7200
    revoke_after: int | None = None
    """A token opens this many requests and no more."""
    daily_quota: int = 1000
    daily_follow_quota: int = 20_000
    """Requests a day to the lists of followers and following, which are counted apart."""
    quota_used_by_others: int = 0
    """Requests already spent each UTC day by collaborators on the same client."""
    unauthorized_uses_quota: bool = False
    """Whether a request with a bad token is counted."""
    requests_per_s: int | None = None
    """Requests allowed in one virtual second; as the clock stands still, it must be moved to go on."""
    oauth_error_status: int = 0
    """HTTP status of a refused token request, which no document states; 0: 401 or 400 by its kind."""
    denied: Names = field(default_factory=frozenset)
    """Paths answered by `scope_not_authorized`."""
    strict_content_type: bool = False
    """JSON must call itself `application/json`."""
    slash_optional: bool = False
    """Paths are known without their last slash too."""

    gone_users: Names = field(default_factory=frozenset)
    gone_rate: float = 0.0
    """Share of users that cannot be found, beside those named."""
    refused_users: Names = field(default_factory=frozenset)
    refused_rate: float = 0.0
    """Share of users whose information is not returned, beside those named."""
    public_likes: float = 0.1
    """Share of users who show which videos they liked."""
    liked_cursor_unit: str = "ms"
    """`ms` as in the documentation's example, or `s` as in its table."""
    user_500_with_data: bool = False
    """Endpoints of users and playlists answer 500 with good data (traktok)."""
    comment_cap: int | None = None
    """Comments of one video beyond this are refused; an older page of the documentation says 1,000."""
    compliance_polls: int = 0
    """How often a validation task says `Processing` before it is completed."""

    media_url_ttl_s: int = 6 * 3600
    """Virtual seconds for which the address of a media file is good."""
    latency_s: float = 0.0
    """Real seconds before each page and each media file; requests wait side by side."""

    schemas: Literal["followed", "refused", "object_only", "prose", "fenced"] = "followed"
    """What becomes of `response_format`: 400, 400 unless `json_object`, or ignored: prose or fenced JSON comes back."""
    images: Literal["seen", "vllm", "ollama"] = "seen"
    """Pictures are seen, or refused in the words of that server's models without eyes."""
    token_limit_name: Literal["both", "max_tokens", "max_completion_tokens"] = "both"  # noqa: S105 - no password
    """The only name that the answer's limit may have; the other one is refused."""
    fixed_temperature: bool = False
    """A temperature other than 1 is refused, as reasoning models do."""
    logprobs: Literal["given", "refused", "ignored"] = "given"
    no_usage: bool = False
    """Completions and batches do not count their tokens."""
    answers_as: str = ""
    """The model id in completions, where an alias has moved on; empty: the one that was asked."""
    shutdown_date: str = ""
    """`YYYY-MM-DD`, told by the list of models; from that virtual day on the model answers 404."""
    filtered_words: Names = field(default_factory=frozenset)
    """A prompt with one of them in its text, in any letter case, is refused by the content filter."""
    filter_down: bool = False
    """Completions come unfiltered and say so (Azure's `content_filter_error`)."""
    p_529: float = 0.0
    """Share of tries answered by 529, overloaded; by question and try."""
    gullible: Literal["no", "careless", "always"] = "no"
    """Whether orders in the text to be judged or on screen are obeyed; careless: unless they stand between marks."""

    model_latency_s: float = 0.0
    """Real seconds that each completion takes; they wait side by side."""
    model_at_once: int | None = None
    """Completions that may be under way at the same time."""
    model_requests_per_min: int | None = None
    model_tokens_per_min: int | None = None
    model_clock: Literal["virtual", "real"] = "virtual"
    """Which clock the two limits by the minute look at."""

    batch_polls: int = 0
    """How often a batch that is looked at is not ready yet."""
    batch_s: float = 0.0
    """Virtual seconds that a batch takes; one that takes more than a day expires half-way."""
    batch_max_requests: int = 50_000
    batch_max_bytes: int = 200_000_000
    batch_queue_tokens: int | None = None
    """Prompt tokens that all unfinished batches may have together."""
    batch_limit_at: Literal["validation", "creation"] = "validation"
    """Where a full queue shows: the batch fails (openai-python#2084), or its creation does, with 429."""


PROFILES = {
    "clean": Profile(),
    "realistic": Profile(p_500=0.1, warmup_requests=2, drop_rate=0.22, lag_hours=48, lower_case_regions=True),
    "bad_day": Profile(p_500=0.95),
    "quota_edge": Profile(quota_used_by_others=990),
    "expired_token": Profile(token_ttl_s=0),
    "search_expires": Profile(search_id_ttl_s=60),
    "refresh": Profile(vanish_rate=0.1),
}


def profile_named(name: str) -> Profile:
    if name not in PROFILES:
        raise ValueError(f"no profile is called {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def switched(profile: Profile, switches: dict[str, Any]) -> Profile:
    """The profile with some switches set from JSON, where a set is a list."""
    kinds = get_type_hints(Profile)
    unknown = set(switches) - set(kinds)
    if unknown:
        raise ValueError(f"no such switches: {', '.join(sorted(unknown))}")
    plain: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in switches.items()
    }
    for name, value in plain.items():
        if not _is_of(kinds[name], value):
            raise ValueError(f"not a value of the switch {name}: {value!r}")
    return replace(profile, **plain)


def _is_of(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, bool):
        return kind is bool
    if get_origin(kind) is frozenset:
        return isinstance(value, frozenset) and all(isinstance(name, str) for name in value)
    assert isinstance(kind, type | UnionType)
    return isinstance(value, kind)
