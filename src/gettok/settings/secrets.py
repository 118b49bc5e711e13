"""Credentials: out of the environment only, and never printed."""

import os

from gettok.errors import BadCredentials

#: A shorter key guards nothing (a local server takes `EMPTY`), and blotting it out would garble plain words.
_WORTH_HIDING = 12


class Secret:
    """A credential that shows as `***` wherever it is printed, formatted or logged.

    No dataclass, and without a `__dict__`, so that nothing which walks over fields finds it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def blot_out(self, text: str) -> str:
        """The text without the credential: some servers repeat the key that they refuse."""
        return text.replace(self._value, "***") if len(self._value) >= _WORTH_HIDING else text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def from_environment(name: str) -> Secret:
    """The credential in the environment variable `name`; raises `BadCredentials` if it cannot be one."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise BadCredentials(
            f"the environment variable {name} is not set",
            "stopped before any request",
            f"put the key into it, for example with `export {name}=…`",
        )
    # the HTTP library would print such a key in full when it refuses it as a header
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise BadCredentials(
            f"the environment variable {name} holds a character that no key has",
            "stopped before any request; the value was shown to nobody",
            "look for a space, a line break or a typographic quote inside it",
        )
    return Secret(value)
