"""The sandbox's switches, and named profiles that set them."""

from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Names = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the sandbox behaves; every default is the most lenient behaviour that the documentation allows.

    A share is a number from 0 to 1. Chance depends on the seed and the request, so it is the same in every run.
    """

    seed: str = "gettok"

    p_500: float = 0.0
    """Share of attempts answered by 500; differs between attempts, so a retry can succeed (TikTok-Api#1258)."""
    p_500_per_day: float = 0.0
    """Added to `p_500` for each day of a query's window (tiktok-library#47)."""
    dead_dates: Names = field(default_factory=frozenset)
    """Days as `YYYYMMDD`; a window that includes one is always answered by 500 (tiktok-library#90)."""
    p_504_html: float = 0.0
    """Share of attempts answered by a gateway's 504 in HTML (traktok#17)."""
    delay_s: float = 0.0
    """Real seconds before each answer of the Research API."""

    warmup_requests: int = 0
    """How many times a new search id is refused before it is accepted (traktok#17)."""
    warmup_s: int = 0
    """Virtual seconds for which a new search id is refused."""
    search_id_ttl_s: int | None = None
    """Virtual seconds after which a search id is refused; None: never."""
    changed_query: str = "refuse"
    """A search id with another query: `refuse`, or `ignore` the change. What the real API does is not known."""

    drop_rate: float = 0.0
    """Share of candidates that advance the cursor but are never returned."""
    hidden: Names = field(default_factory=frozenset)
    """Ids of videos that advance the cursor but are never returned."""
    vanish_rate: float = 0.0
    """Share of videos that are deleted once the clock has advanced a day from its start."""
    hide_rate: float = 0.0
    """Share of videos that no query finds although they exist (arXiv 2506.09746)."""
    dup_rate: float = 0.0
    """Share of a search's rows that its next page repeats."""
    empty_pages: int = 0
    """Pages without rows after the first page of each search; `has_more` stays true."""
    fuzzy_rate: float = 0.0
    """Share of the videos of a window that are found although keyword and hashtag do not match."""
    keyword_blackout: bool = False
    """Conditions on `keyword` match nothing, without an error (traktok#29)."""
    lag_hours: int | None = None
    """Videos younger than this are not found yet; None: all are found."""

    lower_case_regions: bool = False
    """Some pages write `us` where others write `US`."""
    id_key: str = "id"
    """`id`, or `video_id` as in the documentation's example."""
    p_missing: float = 0.0
    """Share of a row's keys, except the id, that are left out."""
    odd_users: float = 0.0
    """Share of authors whose names and captions hold NUL, a lone surrogate, joined emoji, RTL text, a newline."""
    huge_ids: float = 0.0
    """Share of rows whose id is above 2^63; above 0, the ids of validation tasks are too."""
    counts_drift: float = 0.0
    """The maximum relative change of a count per virtual day; some counts fall."""
    new_field: str = ""
    """An undocumented key that every row has."""
    retyped_field: str = ""
    """A field with another JSON type: a number as a string, anything else within a list."""
    null_field: str = ""
    """A field that is null where it has no value, instead of absent."""

    token_ttl_s: int = 7200
    revoke_after: int | None = None
    """A token is valid for this many requests."""
    daily_quota: int = 1000
    daily_follow_quota: int = 20_000
    """Requests per day to the lists of followers and following, which have a quota of their own."""
    quota_used_by_others: int = 0
    """Requests that collaborators with the same client have already used each UTC day."""
    unauthorized_uses_quota: bool = False
    """Whether a request with an invalid token counts."""
    requests_per_s: int | None = None
    """Requests allowed per virtual second; the clock must be advanced to allow more."""
    oauth_error_status: int = 0
    """HTTP status of a refused token request, which is not documented; 0: 401 or 400, depending on the error."""
    denied: Names = field(default_factory=frozenset)
    """Paths answered with `scope_not_authorized`."""
    strict_content_type: bool = False
    """JSON requests must have the content type `application/json`."""
    slash_optional: bool = False
    """Paths are also valid without the final slash."""

    gone_users: Names = field(default_factory=frozenset)
    gone_rate: float = 0.0
    """Share of users that cannot be found, besides `gone_users`."""
    refused_users: Names = field(default_factory=frozenset)
    refused_rate: float = 0.0
    """Share of users whose information is not returned, besides `refused_users`."""
    public_likes: float = 0.1
    """Share of users whose likes are public."""
    liked_cursor_unit: str = "ms"
    """`ms`, as in the documentation's example, or `s`, as in its table."""
    user_500_with_data: bool = False
    """The endpoints of users and playlists answer 500 with valid data (traktok)."""
    gone_comments: Names = field(default_factory=frozenset)
    """Ids of comments that were deleted."""
    comment_cap: int | None = None
    """The maximum of comments per video, beyond which requests are refused; an old documentation page says 1,000."""
    compliance_polls: int = 0
    """How many polls of a validation task answer `Processing` before it is completed."""

    media_url_ttl_s: int = 6 * 3600
    """Virtual seconds for which the address of a media file is valid."""
    latency_s: float = 0.0
    """Real seconds before each page and each media file; requests wait in parallel."""

    schemas: Literal["followed", "refused", "object_only", "prose", "fenced"] = "followed"
    """How `response_format` is treated: followed, refused by 400 (always, or unless `json_object`), or ignored."""
    images: Literal["seen", "vllm", "ollama"] = "seen"
    """Pictures are seen, or refused with the message of that server's text-only models."""
    video: Literal["seen", "vllm", "openai", "dropped"] = "seen"
    """Videos are seen, refused in the words of that server, or dropped in silence, as some gateways do."""
    sound: Literal["heard", "vllm", "openai", "dropped"] = "heard"
    """The same for sounds."""
    token_limit_name: Literal["both", "max_tokens", "max_completion_tokens"] = "both"  # noqa: S105 - not a password
    """The supported parameter for the answer's maximum length; the other one is refused."""
    fixed_temperature: bool = False
    """A temperature other than 1 is refused, as by reasoning models."""
    logprobs: Literal["given", "refused", "ignored"] = "given"
    no_usage: bool = False
    """Completions and batches have no token usage."""
    answers_as: str = ""
    """The model id in completions, for an alias that now points to another model; empty: the requested one."""
    shutdown_date: str = ""
    """`YYYY-MM-DD`, as in the list of models; from that virtual day on, the model answers 404."""
    filtered_words: Names = field(default_factory=frozenset)
    """The content filter refuses a prompt that contains one of these words, in any letter case."""
    filter_down: bool = False
    """Completions are not filtered, and say so (Azure's `content_filter_error`)."""
    p_529: float = 0.0
    """Share of attempts answered by 529, overloaded."""
    gullible: Literal["no", "careless", "always"] = "no"
    """Whether the model obeys orders in the text to be judged or on screen; `careless`: only outside of marks."""

    prefers_first: bool = False
    """The model takes the label shown first where it is unsure, as position bias has it."""
    prompt_cache: Literal["off", "null", "openai", "vllm"] = "off"
    """Cached tokens in the usage: absent, null, or counted as that host does. They depend on the order of requests."""

    model_latency_s: float = 0.0
    """Real seconds that each completion takes; completions run in parallel."""
    model_at_once: int | None = None
    """The maximum of concurrent completions."""
    model_requests_per_min: int | None = None
    model_tokens_per_min: int | None = None
    model_clock: Literal["virtual", "real"] = "virtual"
    """The clock of the two limits per minute."""

    batch_polls: int = 0
    """How many polls of a batch find it not ready yet."""
    batch_s: float = 0.0
    """Virtual seconds that a batch takes; a batch that takes more than a day expires half-way."""
    batch_max_requests: int = 50_000
    batch_max_bytes: int = 200_000_000
    batch_queue_tokens: int | None = None
    """The maximum of prompt tokens in all unfinished batches together."""
    batch_limit_at: Literal["validation", "creation"] = "validation"
    """What fails if the queue is full: the batch (openai-python#2084), or its creation, with 429."""


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
    """The profile with some switches changed by JSON values, where a list is a set."""
    types = get_type_hints(Profile)
    unknown = set(switches) - set(types)
    if unknown:
        raise ValueError(f"no such switches: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in switches.items()
    }
    for name, value in values.items():
        if not _has_type(types[name], value):
            raise ValueError(f"not a value of the switch {name}: {value!r}")
    return replace(profile, **values)


def _has_type(expected: Any, value: Any) -> bool:
    if get_origin(expected) is Literal:
        return value in get_args(expected)
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, bool):
        return expected is bool
    if get_origin(expected) is frozenset:
        return isinstance(value, frozenset) and all(isinstance(name, str) for name in value)
    assert isinstance(expected, type | UnionType)
    return isinstance(value, expected)
