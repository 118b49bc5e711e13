"""Decodes each file once in a process, however many videos have it: the answers are the same, in minutes, not hours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

#: They write nothing, and their results do not depend on where a file is.
_PROBES = frozenset(
    {"probe_video", "probe_audio", "clock_zero", "probe_photos", "probe_whole_sound", "read_credentials"}
)

Call = Callable[..., Any]


def decode_once() -> None:
    """Remember what the decoders in child processes say about each file."""
    from gettok.errors import Unusable  # noqa: PLC0415 - a stage pays for its own imports
    from gettok.media import subprocess_decode  # noqa: PLC0415

    pools = subprocess_decode._Pools  # noqa: SLF001 - so that it does not matter who has imported its function
    decode, known = pools.call, dict[object, Any]()

    def remembered(self: Any, function: Call, args: tuple[Any, ...], timeout_s: float) -> Any:
        if function.__name__ not in _PROBES:
            return decode(self, function, args, timeout_s)
        asked = function.__name__, _by_content(args)
        if asked not in known:
            try:
                known[asked] = decode(self, function, args, timeout_s)
            except Unusable as refused:
                known[asked] = refused
        if isinstance(known[asked], Unusable):
            raise known[asked]
        return known[asked]

    pools.call = remembered  # type: ignore[method-assign]


def _by_content(value: Any) -> object:
    """The arguments of a call, with the digest of each file instead of its path."""
    from gettok.store.blobs import file_digest  # noqa: PLC0415

    if isinstance(value, tuple | list):
        return tuple(map(_by_content, value))
    return file_digest(value) if isinstance(value, Path) else value
