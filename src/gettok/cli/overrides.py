"""Overrides on a command line, such as `asr=turbo`, checked before Hydra composes: it would not say what was meant."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from gettok.pipeline.paths import CONF
from gettok.settings.known_keys import is_known, no_such_key
from gettok.settings.nearest import did_you_mean, nearest

_KEY_AND_VALUE = re.compile(r"([+~]{0,2}[\w./@]+)=(.*)", re.DOTALL)


def wrong_override(overrides: Sequence[str]) -> str:
    """What is wrong with the first override that names no key, group or choice; empty if all are right."""
    for text in overrides:
        override = _parsed(text)
        if wrong := _without_form(text) if override is None else _wrong(override):
            return f"the override {text}: {wrong}"
    return ""


def unreadable_override(overrides: Sequence[str]) -> str:
    """What is wrong with the first override that Hydra cannot read; empty if it can read all."""
    for text in overrides:
        if _parsed(text) is None:
            return f"the override {text}: {_without_form(text)}"
    return ""


def _parsed(text: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException:
        return None


def _without_form(text: str) -> str:
    """What to write instead of an override that cannot be read."""
    found = _KEY_AND_VALUE.fullmatch(text)
    if not found:
        return "it is not of the form key=value, such as asr=turbo"
    key, value = found.groups()
    inner = value.strip()
    is_list = inner.startswith("[") and inner.endswith("]")
    quoted = f"[{','.join(map(_quoted, inner[1:-1].split(',')))}]" if is_list else _quoted(inner)
    as_text = f"{key}={quoted}"
    advice = f", as in {shlex.quote(as_text)}" if _parsed(as_text) else ""
    return (
        f"{'each text of a list' if is_list else 'a text'} with characters such as [ ] {{ }} ( ) # ' \" = , : needs "
        f"double quotes, within single ones of the shell{advice}"
    )


def _quoted(text: str) -> str:
    """A text in double quotes, as Hydra reads it; one that is in quotes already, as it is."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text
    return '"' + text.replace('"', '\\"') + '"'


def choices_of(group: str) -> list[str]:
    """The choices of a group, by name; none if it is not a group."""
    return sorted(file.stem for file in (CONF / group).glob("[!_]*.yaml")) if group else []


def no_such_choice(group: str, choice: object) -> str:
    """The sentence about a choice that its group does not have."""
    choices = choices_of(group)
    if not choices:
        return f"there is no group {group}{did_you_mean(group, _groups())}"
    return (
        f"{group} has no choice {str(choice)!r}, but {', '.join(choices)}{did_you_mean(str(choice), choices)}"
    )


def _wrong(override: Override) -> str:
    key, group = override.key_or_group, override.key_or_group.replace(".", "/")
    if override.is_sweep_override():
        return "it has several values, which `dvc exp run --queue -S` takes; quote a text that has a comma"
    if choices_of(key):
        return _wrong_choice(key, override)
    if "/" in key or not is_known(key.split(".")):
        return _unknown(key)
    if choices_of(group) and isinstance(override.value(), str):
        return f"a choice of a group is written as {group}={override.value()}"
    return ""


def _wrong_choice(group: str, override: Override) -> str:
    choice = override.value()
    if override.is_delete() or (isinstance(choice, str) and Path(CONF, group, f"{choice}.yaml").is_file()):
        return ""
    return no_such_choice(group, override.get_value_element_as_str())


def _unknown(key: str) -> str:
    """The sentence about a key that does not exist; it may have been meant to be a group."""
    close = None if "." in key else nearest(key, _groups())
    return f"there is no such group; did you mean {close}?" if close else no_such_key(key.split("."))


def _groups() -> list[str]:
    return sorted({file.parent.relative_to(CONF).as_posix() for file in CONF.rglob("*.yaml")} - {"."})
