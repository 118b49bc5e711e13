"""Why `conf/` does not compose, in words: the file, its line, and what was probably meant."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from hydra.errors import MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from gettok.cli.conf_files import choices_without_quotes
from gettok.cli.overrides import no_such_choice
from gettok.pipeline.paths import CONF
from gettok.settings.known_keys import keys_in
from gettok.settings.nearest import nearest
from gettok.settings.yaml_file import syntax_problem

#: What Hydra says of an override whose key is known, but in no file that is composed, or in one already.
_ABSENT = re.compile(r"Could not override '(?P<key>[^']+)'")
_PRESENT = re.compile(r"Could not append to config\. An item is already at '(?P<key>[^']+)'")
_CHOSEN_TWICE = re.compile(r"Multiple values for (?P<group>[\w/]+)\.")
_NO_SELF = re.compile(r"In '(?P<file>[^']+)': Defaults list is missing `_self_`")
_OF_A_RESOLVER = re.compile(r"^\w+ raised while resolving interpolation: ")
_NO_RESOLVER = re.compile(r"Unsupported interpolation type (\S+)")
_INTERPOLATION = re.compile(r"Interpolation key '([^']+)' not found")


def odd_file(files: Iterable[Path]) -> str:
    """What is wrong with a file of which not one key arrives where it should; empty if nothing is."""
    for file in files:
        if not file.is_file():
            return f"{file} is {'a folder' if file.is_dir() else 'a link to nothing'}: move it away"
        content = file.read_bytes()
        if content.startswith(codecs.BOM_UTF8) and b"# @package" in content:
            return (
                f"{file} begins with a byte order mark, behind which its first line is not seen: save it as UTF-8 "
                "without that mark"
            )
    return ""


def sets_nothing(files: Iterable[Path]) -> str:
    """What is wrong if a file sets nothing, which is why many keys are missing; empty if each sets something."""
    contents = ((file, yaml.safe_load(file.read_text("utf-8"))) for file in files)
    for file, content in contents:
        if not isinstance(content, dict):
            return f"{file} sets no key"
        if file == CONF / "config.yaml" and "defaults" not in content:
            return f"{file} has no list `defaults:`, which chooses a file of each group"
    return ""


def why_not_composed(error: Exception, overrides: Sequence[str]) -> str:
    """An error of Hydra, OmegaConf or the YAML parser in the user's words."""
    if not (CONF / "config.yaml").is_file():
        return f"there is no {CONF}/config.yaml in {Path.cwd()}, which lists the choices"
    return (
        odd_file(sorted(CONF.rglob("*.yaml")))
        or _of_a_file(error)
        or _of_reference(str(error), overrides)
        or _of_defaults(str(error))
        or _of_override(error, overrides)
        or f"{CONF}/ does not compose: {_first_lines(error)}"
    )


def _of_a_file(error: Exception) -> str:
    """A file that cannot be read as text or as YAML, or that is not there."""
    if isinstance(error, yaml.MarkedYAMLError):
        return _syntax(error)
    if isinstance(error, UnicodeDecodeError) and (file := next(_not_utf8(), None)):
        return f"{file} is not UTF-8: save it with that encoding"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing(error.missing_cfg_file)
    return ""


def _of_reference(message: str, overrides: Sequence[str]) -> str:
    """A `${…}` in a file or an override that leads nowhere."""
    if found := _INTERPOLATION.search(message):
        name, wrong = found[1], f"${{{found[1]}}} names no setting"
    elif found := _NO_RESOLVER.search(message):
        name, wrong = found[1], f"${{{found[1]}:…}} is of a kind that does not exist"
    elif "Recursive interpolation" in message:
        name, wrong = "", "a reference of the form ${…} leads back to itself: write the value"
    else:
        return ""
    pattern = re.compile(rf"\$\{{{re.escape(name)}\b")
    text = next((text for text in overrides if pattern.search(text)), None)
    where = f"the override {text}" if text else next(_lines_with(pattern), CONF) if name else f"{CONF}/"
    escape = "; write \\${…} for a text that has these characters" if name else ""
    quotes = ", within double quotes and single ones of the shell" if text and name else ""
    return f"{where}: {wrong}{escape}{quotes}"


def _of_defaults(message: str) -> str:
    """A list of defaults that Hydra does not take as it is."""
    if "in defaults :" in message:
        return next(choices_without_quotes(), "")
    if found := _NO_SELF.search(message):
        file = CONF / f"{found['file']}.yaml"
        return f"{file}: its list of defaults lacks `_self_`: add it as the last, so that the file's own keys win"
    if found := _CHOSEN_TWICE.search(message):
        places = list(_lines_with(re.compile(rf"^\s*- /?{re.escape(found['group'])}\s*:")))
        return (
            f"{' and '.join(places) or CONF}: {found['group']} is chosen twice: delete one or, in a file that changes "
            f"what {CONF}/config.yaml chooses, write `- override /{found['group']}: …`"
        )
    return ""


def _syntax(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    assert mark is not None, "the parser reads from files"
    file = Path(mark.name)
    name = file.relative_to(CONF.absolute().parent) if file.is_relative_to(CONF.absolute()) else file
    return f"{name}, {syntax_problem(error)}"


def _not_utf8() -> Iterator[Path]:
    for file in sorted(CONF.rglob("*.yaml")):
        try:
            file.read_text("utf-8")
        except UnicodeDecodeError:
            yield file


def _missing(choice: str) -> str:
    """A file that a defaults list names, and that is not there."""
    group, _, name = choice.rpartition("/")
    where = next(_lines_naming(group, name), None)
    if not group:
        return f"{where or CONF}: {name!r} is not of the form `- group: choice`"
    return f"{where or CONF}: {no_such_choice(group, name)}"


def _lines_naming(group: str, name: str) -> Iterator[str]:
    """Where a defaults list names a choice, as `- asr: turbo` or `- override /asr: turbo` or, in its group, `_base`."""
    choice = rf"\[?\s*[\"']?{re.escape(name)}\b" if name else "[\"']{2}"
    yield from _lines_with(re.compile(rf"[-\[,{{]\s*(?:override\s+)?/?{re.escape(group)}\s*:\s*{choice}"))
    yield from _lines_with(re.compile(rf"[-\[,]\s*{choice}"), CONF / group)


def _lines_with(pattern: re.Pattern[str], folder: Path = CONF) -> Iterator[str]:
    for file in sorted(folder.rglob("*.yaml")):
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                yield f"{file}, line {number}"


def _of_override(error: Exception, overrides: Sequence[str]) -> str:
    """A slip in a name that it gives, or a `+` that it lacks or should not have."""
    for pattern, advice in (
        (_ABSENT, f"{_name_meant(error.__cause__) or 'no chosen file sets it'}: write +{{0}}"),
        (_PRESENT, "it is set: write {0}"),
    ):
        if found := pattern.search(str(error)):
            for text in overrides:
                if text.lstrip("+").startswith(f"{found['key']}="):
                    return f"the override {text}: {advice.format(text.lstrip('+'))}"
    return ""


def _name_meant(cause: BaseException | None) -> str:
    """What was probably meant by a name that a user is free to give, such as a variable's; empty if none is similar."""
    if not isinstance(cause, OmegaConfBaseException) or not isinstance(cause.parent_node, DictConfig):
        return ""
    *section, name = str(cause.full_key).split(".")
    close = None if keys_in(section) else nearest(name, map(str, cause.parent_node))
    return f"there is no {name}; did you mean {'.'.join((*section, close))}? To add {name}" if close else ""


def _first_lines(error: Exception) -> str:
    """The message without where to read more, and without Hydra's own search path."""
    message = _OF_A_RESOLVER.sub("", str(error).split("Config search path")[0])
    lines = (line.strip() for line in message.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith("See https://"))
