"""Authors from pages: each as last observed, or why the API gives nothing about them.

Source of the fields: TikTok Research API documentation, "Query User Info". An answer does not carry the name that was
asked about, and may come with HTTP status 500 although it is complete (https://github.com/JBGruber/traktok).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from gettok.http.json_guards import to_mapping, to_text
from gettok.tables import USERS
from gettok.tabulate import values
from gettok.tabulate.gone import NONE_GONE, Gone
from gettok.tabulate.latest import Latest
from gettok.tabulate.object_type import ObjectType, RowValues
from gettok.tabulate.pages import (
    KeyedPage,
    PageObject,
    UnreadablePage,
    body_of,
    data_of,
    error_message,
    microseconds,
)
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.row_buffer import RowBuffer
from gettok.tabulate.tally import Tally

USER = ObjectType(
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
_EXTRA = ("username", "status", "reason", "detail", "observed_at", "accepted_despite_500")
_GONE = "cannot find the user"


def gather(
    pages: Iterable[KeyedPage], folder: Path, rejects: Rejects, gone: Gone = NONE_GONE
) -> tuple[pl.DataFrame, Tally]:
    """The latest observation of each author who is not `gone`, and which fields were received."""
    latest = Latest(folder, "username")
    one_day = pl.lit("all").alias("day")
    buffer = RowBuffer(USER, USERS, _EXTRA, rejects, lambda rows: latest.add(rows.with_columns(one_day)))
    for keyed in pages:
        if (username := _requested_user(keyed)) is None:
            rejects.add_page(keyed, "no_page", "its request names no user")
        elif username in gone:
            continue
        elif 400 <= keyed.page.status < 500:
            buffer.add(keyed, *_refused(keyed, username))
        else:
            for received, row_values in buffer.read(keyed, _user_of):
                despite_500 = keyed.page.status == 500
                extra = (username, "ok", None, None, received.observed_us, despite_500)
                buffer.add(keyed, received, row_values, extra)
    buffer.flush()
    if (newest := latest.newest()) is None:
        return USERS.frame([]), buffer.tally
    ((_, rows),) = latest.days(newest)
    return rows.select(USERS.schema.names()).sort(USERS.sort), buffer.tally


def _requested_user(keyed: KeyedPage) -> str | None:
    name = to_text(to_mapping(keyed.page.request.get("body")).get("username"))
    return None if name is None else values.mended(name)


def _user_of(keyed: KeyedPage) -> Iterator[PageObject]:
    profile = data_of(body_of(keyed.page))
    if keyed.page.status != 200 and not profile:
        raise UnreadablePage(f"it has no data, and HTTP status {keyed.page.status}")
    yield PageObject(0, profile, microseconds(keyed.page.observed_at), None)


def _refused(keyed: KeyedPage, username: str) -> tuple[PageObject, RowValues, tuple[Any, ...]]:
    """A row for an author about whom the API gives only a reason."""
    try:
        message = values.mended(error_message(body_of(keyed.page)))
    except UnreadablePage:
        message = ""
    reason = "user_gone" if _GONE in message else "user_refused"
    observed_us = microseconds(keyed.page.observed_at)
    detail = message or f"HTTP status {keyed.page.status}"
    empty = RowValues([None] * len(USER.columns), [], [])
    return (
        PageObject(0, {}, observed_us, None),
        empty,
        (username, "unusable", reason, detail, observed_us, False),
    )
