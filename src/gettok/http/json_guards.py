"""JSON that nobody vouches for: what is not of the shape that it should have counts as empty."""

from gettok.step import Json


def to_mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def to_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def replace_surrogates(value: Json) -> Json:
    """Text with each lone surrogate replaced by U+FFFD: JSON can carry them, and tables cannot."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
