"""Where two compositions of the settings differ."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

#: What a difference shows of a setting that one side does not have.
ABSENT = "(absent)"


class SettingDifference(NamedTuple):
    """A setting with two values; where one side lacks it, its value is `ABSENT`."""

    key: str
    old: Any
    new: Any


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], section: str = ""
) -> Iterator[SettingDifference]:
    """Each setting that differs, by its dotted key; the study's name is first, as it explains most of the others."""
    paths = {name: f"{section}.{name}" if section else str(name) for name in {*old, *new}}
    for name in sorted(paths, key=lambda name: (paths[name] not in ("study", "study.name"), paths[name])):
        ours, theirs = old.get(name, ABSENT), new.get(name, ABSENT)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from differences(ours, theirs, paths[name])
        elif ours != theirs:
            yield SettingDifference(paths[name], ours, theirs)
