"""The keys that settings may have, read from their types, and which of them a wrong key probably means."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from gettok.settings.nearest import nearest
from gettok.settings.types import Settings


def is_known(path: Sequence[str]) -> bool:
    """Whether settings may have this key, or this section."""
    return _first_unknown(path) is None


def no_such_key(path: Sequence[str]) -> str:
    """The sentence about a key that settings may not have, with the key that was probably meant."""
    place = _first_unknown(path)
    assert place is not None, "the key is known"
    known = keys_in(path[:place])
    if close := nearest(path[place], known):
        return f"there is no such key; did you mean {'.'.join((*path[:place], close))}?"
    if elsewhere := [key for key in _all_keys(Settings) if key.split(".")[-1] == path[-1]]:
        return f"there is no such key; did you mean {' or '.join(elsewhere[:3])}?"
    section = ".".join(path[:place])
    return f"there is no such key; {f'{section} has' if section else 'there are'} {', '.join(known)}"


def _first_unknown(path: Sequence[str]) -> int | None:
    at: Any = Settings
    for place, name in enumerate(path):
        inner = _entry(at, name)
        if inner is None:
            return place
        at = inner
    return None


def keys_in(path: Sequence[str]) -> list[str]:
    """The keys of a section; none for a key that is no section, and for a section whose keys are free."""
    at: Any = Settings
    for name in path:
        at = _entry(at, name)
    section = next(_sections(at), None)
    return list(section.model_fields) if section else []


def _entry(annotation: Any, name: str) -> Any:
    """The type of an entry of a section, or of a mapping with free names; None if there is no such entry."""
    for kind in _kinds(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(name)
            return field.annotation if field else None
        if get_origin(kind) is Mapping:
            return get_args(kind)[1]
    return None


def _kinds(annotation: Any) -> Iterator[Any]:
    """A type, or those that it is one of or a list of, such as `Ocr` and `None`; places in lists are no keys."""
    if get_origin(annotation) in (Union, UnionType, Annotated, tuple):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    return (kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel))


def _all_keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}"
        for kind in _kinds(field.annotation):
            entry, free = (get_args(kind)[1], "NAME.") if get_origin(kind) is Mapping else (kind, "")
            for inner in _sections(entry):
                yield from _all_keys(inner, f"{prefix}{name}.{free}")
