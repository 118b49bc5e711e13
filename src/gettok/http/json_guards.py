"""Guards for JSON from sources that we do not control: a value of another type counts as empty.

TikTok's pages, model hosts and exports of browser plugins may put any type under any key.
"""

from gettok.step import Json


def to_mapping(value: Json) -> dict[str, Json]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def to_list(value: Json) -> list[Json]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def to_mappings(value: Json) -> list[dict[str, Json]]:
    """The objects in a list; its other members are left out."""
    return [part for part in to_list(value) if isinstance(part, dict)]


def to_text(value: Json) -> str | None:
    """The text, or None; a number is not turned into text."""
    return value if isinstance(value, str) else None


def to_texts(value: Json) -> list[str]:
    """The texts in a list that are not empty."""
    return [part for part in to_list(value) if isinstance(part, str) and part]


def require_mapping(value: Json) -> dict[str, Json]:
    """The object; raises `TypeError` for any other value."""
    if not isinstance(value, dict):
        raise TypeError("it is not a JSON object")
    return value


def replace_surrogates(value: Json) -> Json:
    """Text with each lone surrogate replaced by U+FFFD: JSON can carry them, and tables cannot."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
