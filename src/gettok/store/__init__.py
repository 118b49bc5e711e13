"""The answer store: every costly answer, kept whole, written once, never changed."""

from gettok.store.answers import Entry, Finding, Store
from gettok.store.keys import Key

__all__ = ["Entry", "Finding", "Key", "Store"]
