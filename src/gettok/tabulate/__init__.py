"""Turn stored pages into tables: videos, the history of their counts, comments, authors, and what is set aside."""

from gettok.tabulate import comments, users, videos
from gettok.tabulate.aside import Aside
from gettok.tabulate.folding import folded
from gettok.tabulate.pages import Stored, stored, videos_of
from gettok.tabulate.tally import fields

__all__ = ["Aside", "Stored", "comments", "fields", "folded", "stored", "users", "videos", "videos_of"]
