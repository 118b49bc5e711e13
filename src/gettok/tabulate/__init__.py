"""Turn stored pages into tables: videos, the history of their counts, comments, authors, and what is set aside."""

from gettok.tabulate import comments, users, videos
from gettok.tabulate.pages import Stored, stored, videos_of
from gettok.tabulate.rejects import Rejects
from gettok.tabulate.tally import fields
from gettok.tabulate.values import folded

__all__ = ["Rejects", "Stored", "comments", "fields", "folded", "stored", "users", "videos", "videos_of"]
