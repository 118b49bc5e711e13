"""Collect what a study asks for, so that it can be left alone: nothing paid twice, no day without a word."""

from gettok.collect.canary import Canary
from gettok.collect.collector import Collector
from gettok.collect.id_lookup import IdLookup
from gettok.collect.pages import PageFiles
from gettok.collect.people import People, Seen, seen_on
from gettok.collect.search import Search, StoredPage
from gettok.collect.zeeschuimer import captured

__all__ = [
    "Canary",
    "Collector",
    "IdLookup",
    "PageFiles",
    "People",
    "Search",
    "Seen",
    "StoredPage",
    "captured",
    "seen_on",
]
