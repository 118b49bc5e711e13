"""What is wrong with a setting, in words: a sentence for each error that the check of the types reports."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gettok.settings.fields import NOT_A_CHOICE, NOT_SHOWN, WrongSetting
from gettok.settings.known_keys import no_such_key
from gettok.settings.nearest import did_you_mean
from gettok.settings.origins import Keys, Origins, SettingOrigin

#: What OmegaConf calls a value that has to be set.
UNSET = "???"

NOT_SET = "must be set; none of the chosen files sets it"
#: By the name of the error; a name in braces is in its context.
_SENTENCES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "must have at least {min_length} values",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "invalid_key": "is a key that is not text: quote it",
    "model_type": "must be a section with keys of its own",
    "mapping_type": "must be a section with keys of its own",
    "dict_type": "must be a section with keys of its own",
}


def described(error: Mapping[str, Any], origins: Origins) -> str:
    """One error of pydantic's: the key, where it is set, what is wrong, and what was probably meant."""
    error = _with_its_keys(error)
    keys, value = error["loc"], error["input"]
    is_missing = error["type"] == "missing"
    origin = origins.of(keys, None if is_missing else value)
    where = f" ({origin.name})" if origin else ""
    key = ".".join(map(str, keys)) or "the file"
    return f"{key}{where}: {_not_set(keys, origins) if is_missing else _wrong(error, origin)}"


def _not_set(keys: Keys, origins: Origins) -> str:
    """A section that is a group of `conf/` is missing because none of its files is chosen."""
    if files := sorted(Path(origins.conf, *map(str, keys)).glob("[!_]*.yaml")):
        line = f'- {"/".join(map(str, keys))}: "{files[0].stem}"'  # in quotes, for the sake of `off`
        return f"none of its files is chosen: the defaults of conf/config.yaml need a line such as `{line}`"
    return NOT_SET


def is_reference(error: Mapping[str, Any], origins: Origins) -> bool:
    """Whether the setting has the value of another, which is then wrong itself."""
    origin = origins.of(error["loc"], error["input"])
    return bool(origin and (origin.written or "").startswith("${"))


def _with_its_keys(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error with the way to the very setting that is wrong, and that setting's value."""
    keys, value, wrong = error["loc"], error["input"], error.get("ctx", {}).get("error")
    if keys[-1:] == ("[key]",):  # how pydantic marks the name of an entry
        if error["type"] != "string_type":
            return {**error, "loc": keys[:-1]}
        as_written = _as_yaml(value)  # the way to it has 1 for true
        return {**error, "loc": (*keys[:-2], as_written), "type": "invalid_key"}
    if not isinstance(wrong, WrongSetting):
        return error
    for key in wrong.keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return {**error, "loc": (*keys, *wrong.keys), "input": value}


def _wrong(error: Mapping[str, Any], origin: SettingOrigin | None) -> str:
    kind, value, message = error["type"], error["input"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return no_such_key([key for key in error["loc"] if isinstance(key, str)])
    if kind in ("literal_error", NOT_A_CHOICE):
        choices = error["ctx"].get("choices") or re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return f"must be one of {', '.join(choices)} (it is {_as_read(value, origin)}){did_you_mean(value, choices)}"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return _to_quote(value, origin)
    # a section is long, and some sentences begin with the value or say all
    is_whole = isinstance(error.get("ctx", {}).get("error"), WrongSetting)
    is_shown = not (
        is_whole or kind == NOT_SHOWN or isinstance(value, Mapping) or message.startswith(repr(value))
    )
    context = error.get("ctx", {})
    sentence = _SENTENCES[kind].format_map(context) if kind in _SENTENCES else message
    if 1 in (context.get("lt"), context.get("le")):
        sentence += ", as it is a share: 0.2 is 20 %"
    return sentence + (f" (it is {_as_read(value, origin)})" if is_shown else "")


def _to_quote(value: float, origin: SettingOrigin | None) -> str:
    """What to do about a text that YAML reads as something else, such as `NO` or `2022`."""
    written = (origin and origin.written) or _as_yaml(value)
    kind = "true or false" if isinstance(value, bool) else "a number"
    # the shell takes the outer quotes
    example = f"'{origin.override}=\"{written}\"'" if origin and origin.override else f'"{written}"'
    return f"must be text, and {written} without quotes is {kind}: quote it, as in {example}"


def _as_read(value: object, origin: SettingOrigin | None) -> str:
    """The value and, of `off` and its like, also as it is written."""
    read = _as_yaml(value)
    is_other = isinstance(value, bool) and origin and origin.written and origin.written != read
    return f"{origin.written}, which without quotes is {read}" if is_other and origin else read


def _as_yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"[{', '.join(map(_as_yaml, value))}]" if isinstance(value, list) else repr(value)
