"""What is erased, as it may stand in a text: ids of videos and comments, and usernames, known by their digests only."""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from gettok.collect.erased import Erased
from gettok.collect.tombstones import sha256
from gettok.purge.matching import ID

#: As `gettok.release.pseudonyms` makes them.
_PSEUDONYM = re.compile(r"[va][0-9a-f]{20}")
_MANY = 1_000_000
#: What stands in place of an erased id in a text that is about something else.
MARK = "erased"


class ErasedNames:
    """Tells whether a cell or a text names what is erased.

    `pseudonyms` are the digests of the pseudonyms that releases of this repository give to it.
    """

    def __init__(self, erased: Erased, pseudonyms: Collection[str] = ()) -> None:
        self.erased = erased
        ids = erased.videos | erased.comments

        @lru_cache(_MANY)
        def is_id(number: str) -> bool:
            return sha256(number) in ids

        @lru_cache(_MANY)
        def is_user(name: str) -> bool:
            return erased.has_user(name)

        @lru_cache(_MANY)
        def is_pseudonym(text: str) -> bool:
            return sha256(text) in others

        others = frozenset(pseudonyms)
        self.is_id, self.is_user, self._is_pseudonym = is_id, is_user, is_pseudonym

    def is_cell(self, text: str | None) -> bool:
        """Whether a cell is an erased id, a pseudonym of one, or a variant of an erased video (`ID/…`)."""
        name = (text or "").partition("/")[0]
        if _PSEUDONYM.fullmatch(name):
            return self._is_pseudonym(name)
        return bool(ID.fullmatch(name)) and self.is_id(name)

    def ids_in(self, text: str) -> Iterator[str]:
        """The erased ids in a text, in order."""
        return (number for number in ID.findall(text) if self.is_id(number))

    def has_id(self, text: str | None) -> bool:
        return text is not None and next(self.ids_in(text), None) is not None

    def without_ids(self, text: str) -> str:
        """The text with a mark in place of each erased id."""
        return ID.sub(lambda found: MARK if self.is_id(found[0]) else found[0], text)
