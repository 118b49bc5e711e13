"""The answer store: every costly answer, kept whole, written once, never changed."""

from gettok.store.answers import Entry, Finding, Store
from gettok.store.keys import Key, canonical, digest_of

__all__ = ["Entry", "Finding", "Key", "Store", "canonical", "digest_of"]
