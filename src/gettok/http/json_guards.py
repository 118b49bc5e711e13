"""JSON that nobody vouches for: what is not of the shape that it should have counts as empty."""

from gettok.step import Json


def to_mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def to_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
