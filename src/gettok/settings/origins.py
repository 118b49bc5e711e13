"""Where a setting comes from: the file under `conf/` and its line, or an override."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

#: The way to a setting: keys, and places in lists.
Keys = Sequence[str | int]

_PACKAGE = re.compile(r"^# @package (\S+)$", re.MULTILINE)
_MAX_NAMED = 3


class SettingOrigin(NamedTuple):
    """What sets a setting, for people; and the value as it is written there, if it is a single one without quotes.

    `override` is the key of an override, and None for a file.
    """

    name: str
    written: str | None
    override: str | None = None


class _Found(NamedTuple):
    file: Path
    line: int
    node: yaml.Node


@dataclass(frozen=True)
class Origins:
    """The files that may set a setting, and the overrides.

    If the files are `chosen`, all of them are composed, in this order. Else the way of composing is not known, and only
    a file that has the very value counts.
    """

    conf: Path
    files: tuple[Path, ...]
    overrides: tuple[str, ...] = ()
    is_chosen: bool = True

    @staticmethod
    def anywhere(conf: Path) -> "Origins":
        """For settings that DVC composed: it tells no one which files and overrides it used."""
        return Origins(conf, tuple(sorted(conf.rglob("*.yaml"))), is_chosen=False)

    def of(self, keys: Keys, value: object) -> SettingOrigin | None:
        """What sets a setting or, if nothing does, what sets its section."""
        if origin := self._override(".".join(map(str, keys)), is_section=isinstance(value, Mapping)):
            return origin
        if self.is_chosen:
            ways = (keys[:length] for length in range(len(keys), 0, -1))
            found = next(filter(None, (list(self._set(way)) for way in ways)), [])[-1:]
        else:
            found = [each for each in self._set(keys) if _reads_as(each.node, value)][:_MAX_NAMED]
        if not found:
            return None
        names = (f"{self.conf.name}/{each.file.relative_to(self.conf)}, line {each.line}" for each in found)
        return SettingOrigin(" or ".join(names), _unquoted(found[0].node))

    def _override(self, key: str, *, is_section: bool) -> SettingOrigin | None:
        """The last override of a setting, of a section that it is in or, for a section, of one of its settings."""
        for override in reversed(self.overrides):
            name, _, value = override.lstrip("+~").partition("=")
            if f"{key}.".startswith(f"{name}.") or (is_section and name.startswith(f"{key}.")):
                return SettingOrigin(
                    f"the override {name}", value, name
                )  # without the value, which may hold a password
        return None

    def _set(self, keys: Keys) -> Iterator[_Found]:
        for file in self.files:
            if found := _in_file(file, _package(self.conf, file), keys):
                yield found


NOWHERE: Final = Origins(Path("conf"), ())


def text_in(conf: Path, file: Path, keys: Keys) -> tuple[int, str | None] | None:
    """The line on which a file sets a setting, and its text, which a section does not have; None if it does not."""
    found = _in_file(file, _package(conf, file), keys)
    return found and (found.line, str(found.node.value) if isinstance(found.node, yaml.ScalarNode) else None)


def _in_file(file: Path, package: Sequence[str], keys: Keys) -> _Found | None:
    """Where a file sets a setting. A file that cannot be read sets none."""
    if list(keys[: len(package)]) != list(package):
        return None
    try:
        node = yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line = 1
    for key in keys[len(package) :]:
        entry = _entry(node, key)
        if entry is None:
            return None
        line, node = entry
    return _Found(file, line, node) if node is not None else _Found(file, 1, yaml.ScalarNode("", ""))


def _entry(node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
    """The line and the value of an entry in a mapping or a list."""
    if isinstance(node, yaml.MappingNode):
        # of a key that is there twice, the last one counts
        for name, value in reversed(node.value):
            if name.value == key:
                return name.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


def _package(conf: Path, file: Path) -> list[str]:
    """The section that a file fills: that of its folder, or the one in its first lines."""
    folder = list(file.relative_to(conf).parts[:-1])
    named = _PACKAGE.search(file.read_text("utf-8", "replace"))
    if named is None:
        return folder
    return [] if named[1] == "_global_" else named[1].split(".")


def _reads_as(node: yaml.Node, value: Any) -> bool:
    constructor = yaml.SafeLoader("")
    read = constructor.construct_object(node, deep=True)
    # OmegaConf takes more texts for numbers than YAML's loader does, such as 1e3
    return bool(read == value) or (isinstance(value, float) and _number(read) == value)


def _number(text: object) -> float | None:
    try:
        return float(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _unquoted(node: yaml.Node) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.style is None else None
