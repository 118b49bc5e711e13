"""What is looked into, and what decoders find in it: texts, usernames, and bytes to look into in turn."""

import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias


class Name(str):
    """A text that a file says is a username."""

    __slots__ = ()


Piece: TypeAlias = str | bytes
#: Bytes, or a file's bytes through a memory map.
Buffer: TypeAlias = bytes | mmap.mmap


@dataclass(frozen=True)
class RawContent:
    """Bytes to look into, and the file that has them, if they are a whole file."""

    data: Buffer
    path: Path | None = None

    def begins(self, *starts: bytes) -> bool:
        return any(self.data[: len(start)] == start for start in starts)

    def opened(self) -> IO[bytes]:
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")


@contextmanager
def source_of(content: Path | bytes) -> Iterator[RawContent]:
    """A file through a memory map, or bytes as they are."""
    if isinstance(content, bytes):
        yield RawContent(content)
    elif content.stat().st_size == 0:  # cannot be mapped
        yield RawContent(b"", content)
    else:
        with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield RawContent(data, content)
