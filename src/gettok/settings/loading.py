"""Settings out of `params.yaml`, and the part of them that a stage declares.

The file is always checked as a whole, so that a wrong key stops a run before its first request. `select` then leaves
only the parts that a stage declares in dvc.yaml: reading any other raises `AttributeError`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gettok.errors import BadSettings
from gettok.settings.types import Settings

S = TypeVar("S", bound=BaseModel)
#: What OmegaConf calls a value that has to be set.
_UNSET = "???"


def check(raw: object, origin: str) -> Settings:
    """Settings from plain data; raises `BadSettings`, which names every wrong key."""
    problems = [f"{key}: must be set; none of the chosen files sets it" for key in _unset(raw)]
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        problems += [
            _described(problem["loc"], problem["msg"], problem["input"])
            for problem in error.errors()
            if problem["input"] != _UNSET
        ]
    if problems:
        raise BadSettings(
            f"{origin}: {'; '.join(problems)}",
            "stopped before any request or model load",
            "correct the key under conf/ and run `gettok compose`, or pass it as `dvc exp run -S key=value`",
        )
    return settings


def _unset(raw: object, key: str = "") -> Iterator[str]:
    """The keys that a `_base.yaml` leaves to the files that build on it."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            yield from _unset(value, f"{key}.{name}" if key else str(name))
    elif raw == _UNSET:
        yield key


def _described(place: tuple[int | str, ...], message: str, value: object) -> str:
    key = ".".join(str(part) for part in place)
    is_shown = not isinstance(value, Mapping) and "password" not in message
    given = f" (it is {value!r})" if is_shown else ""
    return f"{key or 'the file'}: {message.removeprefix('Value error, ')}{given}"


def load(path: Path, origin: str | None = None) -> Settings:
    """The settings in a `params.yaml`; `origin` is what an error calls it."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadSettings(
            f"{path} cannot be read: {error}",
            "stopped before doing anything",
            "run `gettok compose` to write it",
        ) from error
    return check(raw, origin or str(path))


def select(settings: Settings, keys: Iterable[str]) -> Settings:
    """Only the named parts (`study.query`, `llm`); reading any other part raises `AttributeError`."""
    return _select(settings, [key.split(".") for key in keys])


def _select(section: S, paths: list[list[str]]) -> S:
    chosen: dict[str, Any] = {}
    for name in {path[0] for path in paths}:
        value = getattr(section, name)
        rest = [path[1:] for path in paths if path[0] == name]
        chosen[name] = value if [] in rest else _select(value, rest)
    # model_construct fills in defaults; only the query's terms have some, and a query is always selected as a whole
    return section.model_construct(**chosen)
