"""The switches of the sandbox, and the settings of them that have names."""

from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the stand-ins behave; every default is the kindest that the documents allow."""

    seed: str = "gettok"
    p_500: float = 0.0
    """Share of tries answered by 500; by question and try, so a repeat may succeed (TikTok-Api#1258)."""
    warmup_requests: int = 0
    """A fresh search id is refused this many times before it is known (traktok#17)."""
    search_id_ttl_s: int | None = None
    """Virtual seconds after which a search id is refused; None: it lives for ever."""
    drop_rate: float = 0.0
    """Share of candidates that move the cursor and are never returned."""
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Ids of videos that move the cursor and are never returned."""
    lag_hours: int | None = None
    """Videos younger than this are not found yet; None: all are."""
    lower_case_regions: bool = False
    """Some pages write `us` where others write `US`."""
    id_key: str = "id"
    """`id`, or `video_id` as in the documentation's example."""
    token_ttl_s: int = 7200
    daily_quota: int = 1000
    quota_used_by_others: int = 0
    """Requests already spent each UTC day by collaborators on the same client."""
    oauth_error_status: int = 0
    """HTTP status of a refused token request, which no document states; 0: 401 or 400 by its kind."""
    denied: frozenset[str] = field(default_factory=frozenset)
    """Paths answered by `scope_not_authorized`."""
    media_url_ttl_s: int = 6 * 3600
    """Virtual seconds for which the address of a media file is good."""


PROFILES = {
    "clean": Profile(),
    "realistic": Profile(p_500=0.1, warmup_requests=2, drop_rate=0.22, lag_hours=48, lower_case_regions=True),
    "bad_day": Profile(p_500=0.95),
    "quota_edge": Profile(quota_used_by_others=990),
    "expired_token": Profile(token_ttl_s=0),
    "search_expires": Profile(search_id_ttl_s=60),
}


def profile_named(name: str) -> Profile:
    if name not in PROFILES:
        raise ValueError(f"no profile is called {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def switched(profile: Profile, switches: dict[str, Any]) -> Profile:
    """The profile with some switches set from JSON, where a set is a list."""
    unknown = set(switches) - {known.name for known in fields(Profile)}
    if unknown:
        raise ValueError(f"no such switches: {', '.join(sorted(unknown))}")
    plain: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in switches.items()
    }
    return replace(profile, **plain)
