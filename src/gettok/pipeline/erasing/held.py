"""What the tables under `data/` have of what is to be erased."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from gettok.pipeline.erasing.request import ErasureRequest
from gettok.pipeline.outputs import is_made, output
from gettok.pipeline.video_lookup import SOURCES
from gettok.tables import COMMENTS, IDS, USERS, VIDEOS

_AUTHOR = pl.col("username").str.to_lowercase()


@dataclass(frozen=True)
class Held:
    """What the tables have of a request."""

    #: The videos to erase: those of the request, and of its users.
    videos: tuple[str, ...]
    #: Rows that go, by table; tables without any are not named.
    rows: Mapping[str, int]
    #: What the request names and no table has.
    unknown_videos: tuple[str, ...]
    unknown_users: tuple[str, ...]
    unknown_comments: tuple[str, ...]
    #: Videos of others whose captions or mentions name one of the users.
    naming: tuple[str, ...]


def held(request: ErasureRequest) -> Held:
    """Look a request up in the tables that there are. Raises `Damaged` or `BadInput` for one that cannot be read."""
    known, authors, naming = _videos(request)
    videos = tuple(dict.fromkeys([*request.videos, *known]))
    rows = dict(_rows(request, videos))
    profiles = _profiles(request.users)
    if profiles:
        rows[USERS.name] = len(profiles)
    return Held(
        videos,
        rows,
        tuple(name for name in request.videos if name not in known),
        tuple(name for name in request.users if name not in authors | profiles),
        tuple(name for name in request.comments if name not in _comments(request.comments)),
        naming,
    )


def _videos(request: ErasureRequest) -> tuple[list[str], set[str], tuple[str, ...]]:
    """The ids of the videos that the table has, the users who made some, and other videos that name the users."""
    if not is_made("videos"):
        return [], set(), ()
    table = VIDEOS.read(output("videos"), ["video_id", "username", "description", "mentions"])
    is_by = _AUTHOR.is_in(request.users).fill_null(value=False)
    is_wanted = pl.col("video_id").is_in(request.videos) | is_by
    found, others = table.filter(is_wanted), table.filter(~is_wanted)
    authors = set(found.filter(is_by).select(_AUTHOR)["username"])
    return found["video_id"].to_list(), authors, tuple(_naming(others, request.users))


def _naming(videos: pl.DataFrame, users: Collection[str]) -> list[str]:
    if not users:
        return []
    names = "|".join(map(re.escape, sorted(users)))
    in_caption = pl.col("description").str.contains(rf"(?i)@(?:{names})(?:[^\w.]|\.?$|\.\W)")
    tagged = pl.col("mentions").list.eval(pl.element().str.to_lowercase().is_in(list(users))).list.any()
    return videos.filter(in_caption.fill_null(value=False) | tagged.fill_null(value=False))[
        "video_id"
    ].to_list()


def _rows(request: ErasureRequest, videos: Collection[str]) -> Iterator[tuple[str, int]]:
    """The rows of these videos in each table, and of the comments."""
    wanted = pl.col("video_id").is_in(videos)
    for name, source in SOURCES.items():
        where = wanted | pl.col("comment_id").is_in(request.comments) if name == COMMENTS.name else wanted
        if is_made(source.path) and (found := source.table.find(output(source.path), where, ["video_id"])):
            yield name, len(found)
    if is_made("ids.parquet") and (lines := IDS.find(output("ids.parquet"), wanted, ["line"])):
        yield IDS.name, len(lines)


def _profiles(users: Collection[str]) -> set[str]:
    if not users or not is_made("users.parquet"):
        return set()
    rows = USERS.find(output("users.parquet"), _AUTHOR.is_in(users), ["username"])
    return {row["username"].lower() for row in rows}


def _comments(comments: Collection[str]) -> set[str]:
    if not comments or not is_made("comments"):
        return set()
    rows = COMMENTS.find(output("comments"), pl.col("comment_id").is_in(comments), ["comment_id"])
    return {row["comment_id"] for row in rows}
