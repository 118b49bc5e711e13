"""A stored answer as a row of the database, with a digest over what it says and what it answers."""

import hashlib
import zlib
from dataclasses import dataclass

from gettok.step import canonical

#: The columns of a `StoredRow`, in order.
COLUMNS = "key, stage, subject, body, blobs, digest"
#: For zlib. The default level 6 takes two and a half times as long for pages, and saves an eighth of the bytes.
_ZLIB_LEVEL = 3


@dataclass(frozen=True)
class StoredRow:
    """One row; `body` is packed with zlib, `blobs` is JSON of names and digests."""

    key: str
    stage: str
    subject: str
    body: bytes
    blobs: str
    digest: str

    def intact_text(self) -> str | None:
        """The body; None if it, or what it is said to answer, does not match the digest."""
        try:
            text = zlib.decompress(self.body).decode("ascii")
            return text if self._matches(text) else None
        except (zlib.error, UnicodeDecodeError, TypeError):
            return None

    def _matches(self, text: str) -> bool:
        return self.digest == digest_of_answer(self.key, self.stage, self.subject, text, self.blobs)


def packed(text: str) -> bytes:
    """The body of an answer as it is stored."""
    return zlib.compress(text.encode("ascii"), _ZLIB_LEVEL)


def digest_of_answer(key: str, stage: str, subject: str, body: str, blobs: str) -> str:
    """SHA-256 over an answer and what it answers. The body, which may be long, is hashed as it is."""
    about = canonical([key, stage, subject, blobs])
    return hashlib.sha256(f"{about}\n{body}".encode("ascii")).hexdigest()
