"""Looks for traces in the bytes of a file and in all that they decode to."""

import hashlib
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from PIL import Image

from gettok.purge.decoding import DECODERS, Decoder, TooLarge
from gettok.purge.matching import Hit, Kind, Matcher
from gettok.purge.pieces import Buffer, Name, Piece, RawContent, source_of
from gettok.purge.traces import Traces

#: Bytes that are read as text at once, and how many of them are read again with the next, so that nothing is cut.
_CHUNK = 8 * 1024 * 1024
_OVERLAP = 4 * 1024
#: Texts in files that are none: six characters or more that can be shown. Of decoded bytes, as that takes a third of
#: the time that a pattern of bytes takes.
_RUN = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]{6,}")
_DEPTH = 6
#: What decoders raise on bytes that are damaged, or only begin as if they were of a kind.
_UNDECODABLE = (
    pa.ArrowException,
    sqlite3.Error,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,  # of Pillow, for a damaged PNG
    Image.DecompressionBombError,
    TooLarge,
)


class Found(NamedTuple):
    """A trace that was found: its kind and digest, and what had to be decoded to find it (`parquet > zlib`)."""

    kind: Kind
    digest: str
    inside: str


class Unread(NamedTuple):
    """Bytes of a known kind that could not be decoded, so that nothing can be said about what is in them."""

    inside: str
    why: str


class TraceSearch:
    """A search for some traces. It remembers the words and the contents that it has seen, so it is to be used again."""

    def __init__(self, traces: Traces, decoders: Mapping[str, Decoder] = DECODERS) -> None:
        self.traces = traces.sought()
        self._matcher = Matcher(self.traces)
        self._decoders = decoders
        self._unread: list[Unread] = []
        self._clean: set[bytes] = set()
        self._seen: dict[bytes, tuple[tuple[Found, ...], tuple[Unread, ...]]] = {}

    def look(self, content: Path | bytes) -> tuple[tuple[Found, ...], tuple[Unread, ...]]:
        """What a file or bytes have, each trace once, and what in them could not be decoded.

        Raises `OSError` for a file that cannot be read. A file with the bytes of one before is not decoded again.
        """
        with source_of(content) as source:
            digest = hashlib.sha256(source.data).digest()
            # what is in a database may be in the file beside it
            if source.begins(b"SQLite") or digest not in self._seen:
                self._unread = []
                found: dict[Hit, Found] = {}
                for each in self._in(source, digest.hex(), ()):
                    found.setdefault(Hit(each.kind, each.digest), each)
                self._seen[digest] = (tuple(found.values()), tuple(self._unread))
            return self._seen[digest]

    def in_name(self, name: str) -> tuple[Found, ...]:
        """What the name of a file or of an object has."""
        return tuple(Found(*hit, "name") for hit in sorted(self._matcher.in_text(name)))

    def masked(self, name: str) -> str:
        """A name without the ids and usernames that are looked for."""
        return self._matcher.masked(name)

    def _in(self, source: RawContent, digest: str, path: tuple[str, ...]) -> Iterator[Found]:
        inside = " > ".join(path)
        if digest in self.traces.files:
            yield Found("file", digest, inside)
        for text in _texts(source.data):
            yield from (Found(*hit, inside) for hit in self._matcher.in_text(text))
        if len(path) == _DEPTH:
            return
        for name, decoder in self._decoders.items():
            if decoder.fits(source):
                yield from self._decoded(source, decoder, (*path, name))

    def _decoded(self, source: RawContent, decoder: Decoder, path: tuple[str, ...]) -> Iterator[Found]:
        pieces = decoder.pieces(source)
        while True:
            try:
                piece = next(pieces, None)
            except _UNDECODABLE as error:
                self._unread.append(Unread(" > ".join(path), f"{type(error).__name__}: {error}"))
                return
            if piece is None:
                return
            yield from self._in_piece(piece, path)

    def _in_piece(self, piece: Piece, path: tuple[str, ...]) -> Iterator[Found]:
        if isinstance(piece, bytes):
            digest = hashlib.sha256(piece)
            if digest.digest() in self._clean:
                return
            unread = len(self._unread)
            found = list(self._in(RawContent(piece), digest.hexdigest(), path))
            if not found and len(self._unread) == unread:
                self._clean.add(digest.digest())
            yield from found
            return
        hits = self._matcher.in_name_field(piece) if isinstance(piece, Name) else self._matcher.in_text(piece)
        yield from (Found(*hit, " > ".join(path)) for hit in hits)


def found_in(content: Path | bytes, traces: Traces) -> Iterator[Found]:
    """What a file or bytes have of the traces, each once. For many files, `TraceSearch` is faster."""
    yield from TraceSearch(traces).look(content)[0]


def _texts(data: Buffer) -> Iterator[str]:
    """The texts in bytes: all of them where they are one, else what stands between other bytes."""
    for start in range(0, len(data), _CHUNK):
        text = data[max(0, start - _OVERLAP) : start + _CHUNK].decode("utf-8", "replace")
        yield "\n".join(_RUN.findall(text))
