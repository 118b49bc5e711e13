"""Finds traces in a text. Each distinct word is hashed once in a search, and of windows only those that may be one."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from gettok.collect.erased import user_digest
from gettok.collect.tombstones import sha256
from gettok.purge.traces import Traces
from gettok.purge.words import ANCHOR_DIGITS, WINDOW, unescaped, window_digest, without_tags, words

Kind: TypeAlias = Literal["video", "comment", "user", "text", "file"]

#: An id: a number of its own, no part of a longer one. One of fewer digits is not told apart from other numbers.
ID = re.compile(r"(?<![0-9])[0-9]{6,20}(?![0-9])")
#: A username as a word of its own; shorter ones may be words of a language.
_LEAST_NAME = 6
#: The look behind keeps the pattern from beginning again at each letter of a long word.
_DOTTED = re.compile(r"(?<!\w)\w++(?:\.+\w++)+")
#: What stands before a username where a file says that it is one.
_SAYS_NAME = re.compile(r"(?:user_?name|unique_?id|author|mentions)[\"'\s:=,@\[(]{1,12}$", re.IGNORECASE)
#: Names of columns and members with usernames.
NAME_FIELDS = frozenset({"username", "unique_id", "uniqueid", "author", "mentions"})
_NEAR = 60
_MOST_KNOWN = 2_000_000


class Hit(NamedTuple):
    """A trace that was found: its kind, and its digest."""

    kind: Kind
    digest: str


class _Word(NamedTuple):
    """What a word may be: an id, a username, the first of a window."""

    ids: tuple[Hit, ...]
    user: str | None
    is_anchor: bool


class Matcher:
    """Compares texts with the traces, and remembers the words that it has seen."""

    def __init__(self, traces: Traces) -> None:
        self.traces = traces
        self._anchors = {trace[:ANCHOR_DIGITS] for trace in traces.texts}
        self._windows = {trace.partition(":")[2]: trace for trace in traces.texts}
        self._nothing: set[str] = set()
        self._may_be: dict[str, _Word] = {}

    def in_text(self, text: str) -> set[Hit]:
        """What stands in a text, which may have escapes of JSON, HTML and addresses."""
        text = unescaped(text)
        hits = self._in_plain(text)
        page = without_tags(text)
        return hits if page is None else hits | self._in_plain(page)

    def in_name_field(self, value: str) -> set[Hit]:
        """What stands in a column or member that has usernames."""
        return self.in_text(f"username: {value}")

    def masked(self, name: str) -> str:
        """A file's name with the beginning of a digest instead of each id and username that is looked for."""
        name = ID.sub(lambda found: self._mask(found[0], self._id_hits(found[0])), name)
        for word in {*words(name), *_DOTTED.findall(name.casefold())}:
            if (digest := user_digest(word)) in self.traces.erased.users:
                name = re.sub(re.escape(word), f"[{digest[:12]}]", name, flags=re.IGNORECASE)
        return name

    def _mask(self, number: str, hits: tuple[Hit, ...]) -> str:
        return f"[{hits[0].digest[:12]}]" if hits else number

    def _in_plain(self, text: str) -> set[Hit]:
        found = words(text)
        distinct = set(found)
        if self.traces.erased.users and "." in text:
            distinct.update(_DOTTED.findall(text.casefold()))
        new = distinct - self._nothing
        hits: set[Hit] = set()
        has_anchor = False
        for word in new:
            may_be = self._may_be.get(word) or self._look_up(word)
            if may_be is None:
                continue
            hits.update(may_be.ids)
            has_anchor |= may_be.is_anchor
            if may_be.user and self._is_named(word, may_be.user, text):
                hits.add(Hit("user", may_be.user))
        return hits | self._windows_in(found) if has_anchor else hits

    def _look_up(self, word: str) -> _Word | None:
        ids = tuple(hit for number in ID.findall(word) for hit in self._id_hits(number))
        digest = sha256(word)  # of small letters, so it is the digest of a username, too
        user = digest if digest in self.traces.erased.users else None
        may_be = _Word(ids, user, digest[:ANCHOR_DIGITS] in self._anchors)
        if not (ids or user or may_be.is_anchor):
            if len(self._nothing) > _MOST_KNOWN:
                self._nothing.clear()
            self._nothing.add(word)
            return None
        self._may_be[word] = may_be
        return may_be

    def _id_hits(self, number: str) -> tuple[Hit, ...]:
        digest, erased = sha256(number), self.traces.erased
        hits = []
        if digest in erased.videos:
            hits.append(Hit("video", digest))
        if digest in erased.comments:
            hits.append(Hit("comment", digest))
        return tuple(hits)

    def _windows_in(self, found: list[str]) -> set[Hit]:
        may_be, known = self._may_be, self._windows
        hits = set()
        for at in range(len(found) - WINDOW + 1):
            word = may_be.get(found[at])
            if word and word.is_anchor and (trace := known.get(window_digest(found[at : at + WINDOW]))):
                hits.add(Hit("text", trace))
        return hits

    def _is_named(self, name: str, digest: str, text: str) -> bool:
        """Whether a word stands there as the username, and is not a part of another or an everyday word."""
        is_bare_enough = len(name) >= _LEAST_NAME and digest not in self.traces.mentioned
        is_tag_enough = digest not in self.traces.mentioned
        for found in self._standing(name, text):
            before = text[max(0, found - _NEAR) : found]
            if is_bare_enough or (is_tag_enough and before.endswith("@")) or _SAYS_NAME.search(before):
                return True
        return False

    @staticmethod
    def _standing(name: str, text: str) -> Iterator[int]:
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\.*\w)", re.IGNORECASE)
        return (found.start() for found in pattern.finditer(text))
