"""Credentials: read from the environment only, and never printed."""

import os
from collections.abc import Iterable, Sequence

from gettok.errors import BadCredentials

#: A shorter key protects nothing (a local server accepts `EMPTY`), and redacting it would garble ordinary words.
_MIN_LENGTH = 12


class Secret:
    """A credential that shows as `***` wherever it is printed, formatted or logged.

    It is not a dataclass and has no `__dict__`, so that code which walks over fields does not find it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def redact(self, text: str) -> str:
        """The text with `***` for the credential: some servers repeat the key that they refuse."""
        return text.replace(self._value, "***") if len(self._value) >= _MIN_LENGTH else text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def missing(names: Iterable[str]) -> list[str]:
    """Which of these environment variables have no value."""
    return [name for name in names if not os.environ.get(name, "").strip()]


def refuse_missing(names: Sequence[str]) -> None:
    """Raise `BadCredentials`, which names all of these environment variables that have no value."""
    if absent := missing(names):
        listed = f"variable {absent[0]} is" if len(absent) == 1 else f"variables {' and '.join(absent)} are"
        exports = "; ".join(f"export {name}=…" for name in absent)
        raise BadCredentials(
            f"the environment {listed} not set",
            "stopped before any request",
            f"put in what you were given, for example with `{exports}`",
        )


def from_environment(name: str) -> Secret:
    """The credential in the environment variable `name`; raises `BadCredentials` if it cannot be one."""
    refuse_missing([name])
    value = os.environ[name].strip()
    # the HTTP library prints such a key in full when it refuses it as a header
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise BadCredentials(
            f"the environment variable {name} holds a character that no key has",
            "stopped before any request; the value was not printed",
            "look for a space, a line break or a typographic quote inside it",
        )
    return Secret(value)
