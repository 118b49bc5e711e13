"""The answer store: every costly answer, stored verbatim, written once and never changed."""

from gettok.store.answers import AnswerRef, Defect, Entry, Store
from gettok.store.keys import Key, Scope

__all__ = ["AnswerRef", "Defect", "Entry", "Key", "Scope", "Store"]
