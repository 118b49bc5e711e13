"""What is inside a file of each kind that gettok, DVC and git write: texts, and bytes to look into in turn.

A decoder is a line in `DECODERS`: what it is for, what tells its files, and what it finds in them. Bytes are read
through a memory map, Parquet by row group, and what is compressed piece by piece, so memory does not grow with a file.
"""

import base64
import binascii
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from gettok.purge import sqlite_pages
from gettok.purge.matching import NAME_FIELDS
from gettok.purge.pieces import Name, Piece, RawContent

#: Unpacked bytes of one member that are held at once; what is larger could not be looked into as a whole.
MOST_UNPACKED = 512 * 1024 * 1024
_BATCH_ROWS = 256
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")
_CSV_WITH_NAMES = re.compile(
    rb"^[^\n]{0,4000}(?:username|unique_id|author|mentions)[^\n]{0,4000}\n", re.IGNORECASE
)


class TooLarge(ValueError):
    """What is packed is larger than can be looked into."""

    def __str__(self) -> str:
        return f"it has more than {MOST_UNPACKED} bytes when it is unpacked"


def _parquet(source: RawContent) -> Iterator[Piece]:
    """Every cell, nested ones too, and the statistics and notes in the footer."""
    file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(source.data)))
    for name, value in (file.metadata.metadata or {}).items():
        if name != b"ARROW:schema":
            yield name
            yield value
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            statistics = file.metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield from (
                    each for each in (statistics.min, statistics.max) if isinstance(each, str | bytes)
                )
    for batch in file.iter_batches(_BATCH_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            yield from _cells(name, column)


def _cells(name: str, column: Any) -> Iterator[Piece]:
    """The distinct texts and bytes of a column."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _cells(name, column.dictionary)
    elif pa.types.is_map(kind):
        yield from _cells(name, column.keys)
        yield from _cells(name, column.items)
    elif pa.types.is_nested(kind) and hasattr(column, "field"):
        for number in range(kind.num_fields):
            yield from _cells(kind.field(number).name, column.field(number))
    elif pa.types.is_nested(kind):
        yield from _cells(name, column.flatten())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        texts = [text for text in column.to_pylist() if text]
        if name.lower() in NAME_FIELDS:
            yield from map(Name, dict.fromkeys(texts))
        else:
            yield "\n".join(dict.fromkeys(texts))
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        yield from dict.fromkeys(cell for cell in column.to_pylist() if cell)
    elif pa.types.is_integer(kind):
        yield "\n".join(
            str(number) for number in column.to_pylist() if number is not None and number > 99_999
        )


def _zlib(source: RawContent) -> Iterator[Piece]:
    packer = zlib.decompressobj()
    yield packer.decompress(source.data, MOST_UNPACKED)
    if packer.unconsumed_tail:
        raise TooLarge


def _gzip(source: RawContent) -> Iterator[Piece]:
    with source.opened() as packed, gzip.GzipFile(fileobj=packed) as file:
        yield _read(file)


def _zip(source: RawContent) -> Iterator[Piece]:
    """The members of an archive, such as a workbook, their names, and the comments."""
    with source.opened() as packed, zipfile.ZipFile(packed) as archive:
        yield archive.comment
        for member in archive.infolist():
            yield member.filename
            yield member.comment
            with archive.open(member) as file:
                yield _read(file)


def _picture(source: RawContent) -> Iterator[Piece]:
    """EXIF, XMP and comments. What is compressed or in UTF-16 among them is not found as bytes."""
    with source.opened() as file, Image.open(file) as image:
        notes: dict[Any, Any] = {**image.info, **getattr(image, "text", {})}
        exif = image.getexif()
        tags = [exif, exif.get_ifd(0x8769), exif.get_ifd(0x8825)]
    for value in [*notes.values(), *(value for ifd in tags for value in ifd.values())]:
        yield from _note(value)


def _note(value: Any) -> Iterator[Piece]:
    if isinstance(value, str | bytes) and value:
        yield value
    if isinstance(value, bytes) and value:
        head, text = (value[:8], value[8:]) if value[:8] in (b"UNICODE\0", b"ASCII\0\0\0") else (b"", value)
        if len(text) % 2 == 0 or head == b"UNICODE\0":
            yield from (text.decode(name, "ignore") for name in ("utf-16-le", "utf-16-be"))
    if isinstance(value, tuple | list):
        for part in value:
            yield from _note(part)


def _csv(source: RawContent) -> Iterator[Piece]:
    """Usernames, by the heads of their columns; all else is found in the text."""
    with io.TextIOWrapper(source.opened(), "utf-8-sig", "replace", newline="") as lines:
        rows = csv.reader(lines)
        head = next(rows, [])
        columns = [at for at, name in enumerate(head) if name.strip().lower() in NAME_FIELDS]
        for row in rows:
            yield from (Name(row[at]) for at in columns if at < len(row) and row[at])


def _base64(source: RawContent) -> Iterator[Piece]:
    """Bytes in a text: data URLs, messages of DVC's queue."""
    for found in _BASE64.finditer(source.data):
        text = found[0].translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        with_padding = text[: len(text) - (len(text) % 4 == 1)]
        try:
            decoded = base64.b64decode(with_padding + b"=" * (-len(with_padding) % 4))
        except binascii.Error:
            continue
        if _is_of_a_kind(decoded):
            yield decoded


def _is_of_a_kind(data: bytes) -> bool:
    """Whether bytes are a text or begin as a file does: most that look like base64 are digests."""
    if any(decoder.fits(RawContent(data)) for name, decoder in DECODERS.items() if name != "base64"):
        return True
    return data[:4] in (b"RIFF", b"\0\0\0\x18", b"\0\0\0\x1c", b"\0\0\0 ") or _is_text(data[:64])


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            return False
        text = data[: error.start].decode("utf-8")
    return bool(text) and all(character.isprintable() or character in "\t\r\n" for character in text)


def _read(file: Any) -> bytes:
    content: bytes = file.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise TooLarge
    return content


def _begins(*starts: bytes) -> Callable[[RawContent], bool]:
    return lambda source: source.begins(*starts)


def _begins_zlib(source: RawContent) -> bool:
    head = source.data[:2]
    return len(head) == 2 and head[0] == 0x78 and int.from_bytes(head) % 31 == 0


@dataclass(frozen=True)
class Decoder:
    """What tells a decoder's files, and what it finds in them."""

    fits: Callable[[RawContent], bool]
    pieces: Callable[[RawContent], Iterator[Piece]]


DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "parquet": Decoder(_begins(b"PAR1"), _parquet),
        "sqlite": Decoder(_begins(sqlite_pages.MAGIC), sqlite_pages.rows),
        "sqlite pages": Decoder(_begins(sqlite_pages.MAGIC), sqlite_pages.carved),
        "sqlite log": Decoder(_begins(*sqlite_pages.LOG_MAGICS), sqlite_pages.carved_log),
        "zlib": Decoder(_begins_zlib, _zlib),
        "gzip": Decoder(_begins(b"\x1f\x8b"), _gzip),
        "zip": Decoder(_begins(b"PK\x03\x04"), _zip),
        "picture": Decoder(_begins(_JPEG, _PNG, b"RIFF", b"GIF8", b"II*\0", b"MM\0*"), _picture),
        "csv": Decoder(lambda source: bool(_CSV_WITH_NAMES.match(source.data)), _csv),
        "base64": Decoder(lambda source: bool(_BASE64.search(source.data)), _base64),
    }
)
