"""Authors out of pages: each as last observed, or why there is nothing about them.

Source of the fields: TikTok Research API documentation, "Query User Info". An answer does not carry the name that was
asked about, and may come with HTTP status 500 although it is whole (https://github.com/JBGruber/traktok).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from gettok.step import Json
from gettok.tables import USERS
from gettok.tabulate import values
from gettok.tabulate.gathering import Gathering
from gettok.tabulate.latest import Latest
from gettok.tabulate.pages import Found, NoPage, Stored, body, data, microseconds, said
from gettok.tabulate.reading import Kind, Values
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import Tally

USER = Kind(
    "users",
    {
        "display_name": ("display_name", values.text),
        "bio_description": ("bio_description", values.text),
        "avatar_url": ("avatar_url", values.text),
        "bio_url": ("bio_url", values.text),
        "is_verified": ("is_verified", values.flag),
        "follower_count": ("follower_count", values.number),
        "following_count": ("following_count", values.number),
        "likes_count": ("likes_count", values.number),
        "video_count": ("video_count", values.number),
    },
)
_FURTHER = ("username", "status", "reason", "detail", "observed_at", "accepted_despite_500")
_GONE = "cannot find the user"


def gather(pages: Iterable[Stored], folder: Path, aside: Rejects) -> tuple[pl.DataFrame, Tally]:
    """The latest observation of each author, and which fields there were."""
    latest = Latest(folder, "username")
    everybody = pl.lit("all").alias("day")
    gathering = Gathering(USER, USERS, _FURTHER, aside, lambda rows: latest.add(rows.with_columns(everybody)))
    for stored in pages:
        if (username := _asked_about(stored)) is None:
            aside.page(stored, "no_page", "its request names no user")
        elif 400 <= stored.page.status < 500:
            gathering.keep(stored, *_refused(stored, username))
        else:
            for found, read in gathering.objects(stored, _user_of):
                despite = stored.page.status == 500
                further = (username, "ok", None, None, found.observed_us, despite)
                gathering.keep(stored, found, read, further)
    gathering.finish()
    if (winners := latest.winners()) is None:
        return USERS.frame([]), gathering.tally
    ((_, rows),) = latest.days(winners)
    return rows.select(USERS.schema.names()).sort(USERS.sort), gathering.tally


def _asked_about(stored: Stored) -> str | None:
    asked: Json = stored.page.request.get("body")
    name = asked.get("username") if isinstance(asked, dict) else None
    return values.mended(name) if isinstance(name, str) else None


def _user_of(stored: Stored) -> Iterator[Found]:
    profile = data(body(stored.page))
    if stored.page.status != 200 and not profile:
        raise NoPage(f"it has no data, and HTTP status {stored.page.status}")
    yield Found(0, profile, microseconds(stored.page.observed_at), None)


def _refused(stored: Stored, username: str) -> tuple[Found, Values, tuple[Any, ...]]:
    """A row for an author about whom the API gives nothing but a reason."""
    try:
        message = values.mended(said(body(stored.page)))
    except NoPage:
        message = ""
    reason = "user_gone" if _GONE in message else "user_refused"
    seen = microseconds(stored.page.observed_at)
    detail = message or f"HTTP status {stored.page.status}"
    nothing = Values([None] * len(USER.columns), [], [])
    return Found(0, {}, seen, None), nothing, (username, "unusable", reason, detail, seen, False)
