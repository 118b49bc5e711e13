"""The answer store: every costly answer, stored verbatim, written once and never changed."""

from gettok.store.answers import Defect, Entry, Store
from gettok.store.keys import Key

__all__ = ["Defect", "Entry", "Key", "Store"]
