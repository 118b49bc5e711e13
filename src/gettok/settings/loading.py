"""Settings out of `params.yaml`, and the part of them that a stage declares.

The file is always checked as a whole, so that a wrong key stops a run before its first request. `select` then leaves
only the parts that a stage declares in dvc.yaml: reading any other raises `AttributeError`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gettok.errors import BadSettings
from gettok.settings.origins import NOWHERE, Origins
from gettok.settings.problems import NOT_SET, UNSET, described, is_reference
from gettok.settings.types import Settings
from gettok.settings.yaml_file import read_settings
from gettok.step import Json

S = TypeVar("S", bound=BaseModel)


def check(raw: object, origin: str, origins: Origins = NOWHERE) -> Settings:
    """Settings from plain data; raises `BadSettings`, which names every wrong key and where it is set."""
    problems = [f"{key}: {NOT_SET}" for key in _unset(raw)]
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        wrong = [problem for problem in error.errors() if problem["input"] != UNSET]
        own = [problem for problem in wrong if not is_reference(problem, origins)]
        problems += [described(problem, origins) for problem in own or wrong]
    if problems:
        raise BadSettings(
            f"{origin}: {problems[0]}" if len(problems) == 1 else "\n    ".join((f"{origin}:", *problems)),
            "stopped before any request or model load",
            "run `gettok compose`, which writes it anew from conf/; to change a setting, edit conf/ before that, or "
            "pass it as `dvc exp run -S key=value`",
        )
    return settings


def _unset(raw: object, key: str = "") -> Iterator[str]:
    """The keys that a `_base.yaml` leaves to the files that build on it."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            yield from _unset(value, f"{key}.{name}" if key else str(name))
    elif raw == UNSET:
        yield key


def load(path: Path, origin: str | None = None, origins: Origins | None = None) -> Settings:
    """The settings in a `params.yaml`; `origin` is what an error calls it.

    Without `origins`, an error looks for the wrong setting in the folder `conf` beside the file.
    """
    return check(
        read_settings(path), origin or str(path), origins or Origins.anywhere(path.with_name("conf"))
    )


def select(settings: Settings, keys: Iterable[str]) -> Settings:
    """Only the named parts (`study.query`, `llm`); reading any other part raises `AttributeError`."""
    return _select(settings, [key.split(".") for key in keys])


def values_of(settings: Settings, keys: Iterable[str]) -> dict[str, Json]:
    """The values of the named parts, as JSON."""
    whole = settings.model_dump(mode="json")
    return {key: reduce(lambda section, name: section[name], key.split("."), whole) for key in keys}


def _select(section: S, paths: list[list[str]]) -> S:
    chosen: dict[str, Any] = {}
    for name in {path[0] for path in paths}:
        value = getattr(section, name)
        rest = [path[1:] for path in paths if path[0] == name]
        chosen[name] = value if [] in rest else _select(value, rest)
    # model_construct fills in defaults; only sections that are always selected as a whole have some: query and citation
    return section.model_construct(**chosen)
