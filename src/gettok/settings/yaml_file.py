"""Reads YAML as DVC writes it, `dvc.lock` and `params.yaml`: by YAML 1.2, where `yes` is a text.

PyYAML reads YAML 1.1. It takes the label `yes` for true, the region `NO` for false and `12:30` for a number.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from gettok.errors import BadSettings

_HINTS = {
    "'\\t'": "indent with spaces: YAML does not take a tab",
    "duplicate key": "delete one of the two",
    "expected <block end>": "look for an open quote or a wrong indentation, here and in the lines before",
    "unexpected end of stream": "look for a quote or a bracket that is not closed",
    "mapping values are not allowed": "quote a text that has a colon, and look at the indentation",
    "expected ',' or ']'": "look for a quote, a comma or a bracket that is missing",
    "expected ',' or '}'": "look for a quote, a comma or a bracket that is missing",
}
#: How numbers and booleans begin, and what they look like.
_SCALARS = (
    ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE"),
    ("int", "-+0123456789", r"[-+]?(?:0|[1-9]\d*|0x[0-9a-fA-F]+|0b[01]+)"),
    (
        "float",
        "-+.0123456789",
        r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)",
    ),
)
_REPLACED = {f"tag:yaml.org,2002:{name}" for name, _, _ in _SCALARS}


class _Loader(yaml.CSafeLoader):
    """PyYAML's loader in C, which takes a seventh of the time of others, with the scalars of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _name, _first, _pattern in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), list(_first))


class _SettingsLoader(_Loader):
    """Refuses a key that is there twice, as DVC and OmegaConf do."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"found duplicate key {key.value}", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(content: str | bytes) -> Any:
    """The content; raises `yaml.YAMLError`."""
    return yaml.load(content, _Loader)  # noqa: S506 - a safe loader


def read_settings(path: Path) -> dict[str, Any]:
    """The content of a file of settings, unchecked. Raises `BadSettings`, also for a file that has none."""
    try:
        raw = yaml.load(path.read_bytes().decode("utf-8"), _SettingsLoader)  # noqa: S506 - a safe loader
    except PermissionError:
        raise  # composing again does not help
    except FileNotFoundError:
        raise _bad(f"there is no {path}") from None
    except IsADirectoryError:
        raise _bad(f"{path} is a folder: move it away") from None
    except UnicodeDecodeError:
        raise _bad(f"{path} is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        raise _bad(f"{path} is not YAML: {syntax_problem(error)}") from None
    except (OSError, yaml.YAMLError) as error:
        raise _bad(f"{path} cannot be read: {error}") from error
    if not isinstance(raw, dict):
        raise _bad(f"{path} has no settings")
    return raw


def _bad(what: str) -> BadSettings:
    can = "run `gettok compose`, which writes it anew from conf/"
    return BadSettings(what, "stopped before any request or model load", can)


def syntax_problem(error: yaml.MarkedYAMLError) -> str:
    """The line, what the parser says, and what is mostly the cause."""
    mark = error.problem_mark or error.context_mark
    assert mark is not None, "the parser reads from files"
    problem = error.problem or "it is not YAML"
    hint = next((hint for words, hint in _HINTS.items() if words in problem), None)
    return f"line {mark.line + 1}: {problem}" + (f"; {hint}" if hint else "")
