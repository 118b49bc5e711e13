"""Collect the pages that a study asks for, unattended: nothing is paid for twice, and every day is accounted for."""

from gettok.collect.canary import Canary
from gettok.collect.collector import Collector
from gettok.collect.id_lookup import IdLookup
from gettok.collect.page_files import PageFiles
from gettok.collect.people import People, VideoOnPage, videos_on
from gettok.collect.search import Search, StoredPage
from gettok.collect.zeeschuimer import captured_pages

__all__ = [
    "Canary",
    "Collector",
    "IdLookup",
    "PageFiles",
    "People",
    "Search",
    "StoredPage",
    "VideoOnPage",
    "captured_pages",
    "videos_on",
]
