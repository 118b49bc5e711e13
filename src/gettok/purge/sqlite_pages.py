"""What an SQLite file has: its rows, and what is left of deleted ones in free pages, in slack and in -wal.

A deleted row is found by the beginning of what it had: a body in zlib, a picture. A long one goes on in overflow pages,
each with the number of the next in its first four bytes (https://www.sqlite.org/fileformat2.html). Where it leaves its
first page is not recorded any more, so each place where a page's number stands is tried; a wrong one does not unpack.

A free page that has the list of others lost its beginning, and with it the way to what follows: of a long row that went
on in it, only the part before is found. So a search of free pages does not replace VACUUM.
"""

import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from gettok.purge.pieces import Buffer, Piece, RawContent, source_of

MAGIC = b"SQLite format 3\0"
LOG_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_LOG_HEAD, _FRAME_HEAD = 32, 24
_ROWS_AS_ONE = 500
_STARTS = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\xff\xd8\xff|RIFF....WEBP", re.DOTALL)
_JPEG_END = b"\xff\xd9"
#: Bytes that are unpacked at a time, so that what came before an error is not lost.
_STEP = 32
#: What begins like zlib by chance fails within this many bytes of output.
_LEAST_OUTPUT = 24


def rows(source: RawContent) -> Iterator[Piece]:
    """Every value of every row, with those that are still in the -wal file."""
    with closing(_connection(source)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        tables = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        yield "\n".join(str(part) for table in tables for part in table)
        for name, _ in tables:
            cursor = database.execute(f'SELECT * FROM "{str(name).replace(chr(34), chr(34) * 2)}"')  # noqa: S608
            while batch := cursor.fetchmany(_ROWS_AS_ONE):
                values = [value for row in batch for value in row]
                yield "\n".join(str(value) for value in values if isinstance(value, str | int))
                yield from (value for value in values if isinstance(value, bytes) and value)


def _connection(source: RawContent) -> sqlite3.Connection:
    if source.path is None:
        database = sqlite3.connect(":memory:")
        # rollback mode instead of -wal, which a file in memory cannot have
        database.deserialize(bytes(source.data[:18]) + b"\1\1" + bytes(source.data[20:]))
        return database
    address = f"file:{quote(str(source.path.absolute()))}"
    database = sqlite3.connect(f"{address}?mode=ro", uri=True)
    try:
        database.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:  # a folder that may not be written, where -wal needs a file beside it
        database.close()
        return sqlite3.connect(f"{address}?immutable=1", uri=True)
    return database


@dataclass(frozen=True)
class _Pages:
    """The pages of a file: how large, where each begins, and how to find one by its number."""

    data: Buffer
    size: int
    usable: int
    offsets: dict[int, int] = field(default_factory=dict)
    behind: "_Pages | None" = None

    @property
    def count(self) -> int:
        return self.behind.count if self.behind else len(self.data) // self.size

    def page(self, number: int) -> bytes | None:
        if self.behind is not None and number not in self.offsets:
            return self.behind.page(number)
        start = self.offsets[number] if self.behind is not None else (number - 1) * self.size
        return self.data[start : start + self.usable] if number > 0 else None

    def overflow(self, number: int) -> Iterator[bytes]:
        """The content of an overflow page and of those that follow."""
        seen: set[int] = set()
        while number and number not in seen and (page := self.page(number)):
            seen.add(number)
            yield page[4:]
            number = int.from_bytes(page[:4])


def carved(source: RawContent) -> Iterator[Piece]:
    """Bodies and pictures anywhere in a database's pages, deleted ones too."""
    pages = _pages(source.data)
    for found in _STARTS.finditer(source.data):
        end = found.start() // pages.size * pages.size + pages.usable
        yield from _content(pages, found.start(), end)


def carved_log(source: RawContent) -> Iterator[Piece]:
    """The same of the pages in a -wal file."""
    data = source.data
    size = int.from_bytes(data[8:12])
    if size < 512:
        return
    starts = range(_LOG_HEAD + _FRAME_HEAD, len(data), size + _FRAME_HEAD)
    offsets = {int.from_bytes(data[at - _FRAME_HEAD : at - _FRAME_HEAD + 4]): at for at in starts}
    with source_of(_main_file(source.path)) as main:
        behind = _pages(main.data) if main.begins(MAGIC) else _Pages(b"", size, size)
        pages = _Pages(data, size, size, offsets, behind)
        for start in starts:
            for found in _STARTS.finditer(data, start, start + size):
                yield from _content(pages, found.start(), min(start + size, len(data)))


def _main_file(log: Path | None) -> Path | bytes:
    main = log.with_name(log.name.removesuffix("-wal")) if log else None
    return main if main is not None and main != log and main.is_file() else b""


def _pages(data: Buffer) -> _Pages:
    size = int.from_bytes(data[16:18])
    size = 65_536 if size == 1 else max(size, 512)
    return _Pages(data, size, size - data[20])


def _content(pages: _Pages, start: int, end: int) -> Iterator[Piece]:
    """What begins at `start`, in a page that ends at `end`."""
    here = bytes(pages.data[start:end])
    if here[:1] == b"\x78":
        unpacked, used, is_whole = _unpacked([here])
        if len(unpacked) < _LEAST_OUTPUT:
            return
        for chain in () if is_whole else _chains(pages, here[: used + _STEP]):
            longer, _, is_whole = _unpacked(chain)
            unpacked = max(unpacked, longer, key=len)
            if is_whole:
                break
        yield unpacked
        return
    yield from _picture(here)
    for chain in _chains(pages, here):
        yield from _picture(b"".join(chain))


def _chains(pages: _Pages, here: bytes) -> Iterator[list[bytes]]:
    """The beginnings of `here` with what follows them on overflow pages, wherever the number of a page stands."""
    count = max(pages.count, max(pages.offsets, default=0))
    head = bytes(4 - max(1, (count.bit_length() + 7) // 8))
    at = here.find(head, 1)
    while at != -1 and at < len(here) - 3:
        if 1 < (number := int.from_bytes(here[at : at + 4])) <= count:
            yield [here[:at], *pages.overflow(number)]
        at = here.find(head, at + 1)


def _unpacked(parts: list[bytes]) -> tuple[bytes, int, bool]:
    """What can be unpacked of parts that belong together, how many bytes of them that took, and whether it is all."""
    packer, unpacked, used = zlib.decompressobj(), bytearray(), 0
    try:
        for part in parts:
            for at in range(0, len(part), _STEP):
                unpacked += packer.decompress(part[at : at + _STEP])
                used += _STEP
                if packer.eof:
                    return bytes(unpacked), used, True
    except zlib.error:
        pass
    return bytes(unpacked), used, False


def _picture(data: bytes) -> Iterator[Piece]:
    """A picture up to each place where it may end."""
    if data[:4] == b"RIFF":
        yield data[: int.from_bytes(data[4:8], "little") + 8]
        return
    end = data.find(_JPEG_END)
    while end != -1:
        yield data[: end + 2]
        end = data.find(_JPEG_END, end + 2)
