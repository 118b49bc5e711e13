"""Turn stored pages into tables: videos, the history of their counts, comments, authors, and rejects."""

from gettok.tabulate import comments, users, videos
from gettok.tabulate.gone import Gone
from gettok.tabulate.pages import KeyedPage, page_files, read_pages, videos_of
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import fields
from gettok.tabulate.values import folded

__all__ = [
    "Gone",
    "KeyedPage",
    "Rejects",
    "comments",
    "fields",
    "folded",
    "page_files",
    "read_pages",
    "users",
    "videos",
    "videos_of",
]
