"""Pseudonyms: keyed hashes of ids and names. Without the key, nobody can find out whose they are by trying."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import polars as pl

Kind: TypeAlias = Literal["video", "account"]
#: What a pseudonym begins with, so that no program reads it as a number.
_PREFIX: dict[Kind, str] = {"video": "v", "account": "a"}
#: Of the hash: 80 bits. Of a million pseudonyms, two are alike with a probability below 10⁻¹².
_HEX_DIGITS = 20
_MENTION = r"@(?P<mention>\w(?:[\w.]*\w)?)"


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms with one secret key."""

    key: bytes = field(repr=False)

    @property
    def key_check(self) -> str:
        """Tells two keys apart and does not give the key away: releases with equal ones have the same pseudonyms."""
        return self._hash("key", "")[:16]

    def of(self, kind: Kind, name: str) -> str:
        """The pseudonym of a video's id, or of an account's name, in which case does not count."""
        return _PREFIX[kind] + self._hash(kind, name.casefold() if kind == "account" else name)[:_HEX_DIGITS]

    def series(self, kind: Kind, names: pl.Series) -> pl.Series:
        """The pseudonym of each name; null for null."""
        known = {name: self.of(kind, name) for name in names.unique().drop_nulls()}
        return names.replace_strict(known, return_dtype=pl.String)

    def column(self, kind: Kind, column: str) -> pl.Expr:
        """The pseudonyms of a column."""
        return pl.col(column).map_batches(lambda names: self.series(kind, names), return_dtype=pl.String)

    def in_text(self, text: str, author: str | None) -> str:
        """A text with a pseudonym in place of each `@name`, and of the author's name where it is a word of its own."""
        if "@" not in text and (author is None or author.casefold() not in text.casefold()):
            return text
        named = rf"{_MENTION}|(?<![\w.]){re.escape(author)}(?![\w.])" if author else _MENTION
        return re.sub(named, self._replacement, text, flags=re.IGNORECASE)

    def _replacement(self, found: re.Match[str]) -> str:
        mention = found["mention"]
        return self.of("account", found[0]) if mention is None else f"@{self.of('account', mention)}"

    def _hash(self, kind: str, name: str) -> str:
        message = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()
