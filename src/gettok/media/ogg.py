"""Walks the pages of an Ogg file (RFC 3533)."""

from pathlib import Path

from gettok.errors import Unusable

_CAPTURE = b"OggS"
_HEADER = 27
_FIRST_OF_STREAM = 2


def refuse_chained(path: Path) -> None:
    """Raises `Unusable` if a stream begins behind others (undecodable): its times count from 0 again."""
    begun = True
    with path.open("rb") as file:
        while (header := file.read(_HEADER)).startswith(_CAPTURE) and len(header) == _HEADER:
            is_first = bool(header[5] & _FIRST_OF_STREAM)
            if is_first and not begun:
                raise Unusable("undecodable", "several sounds, one behind the other, in one file")
            begun = is_first
            file.seek(sum(file.read(header[26])), 1)
