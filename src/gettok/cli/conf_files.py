"""What is wrong or odd in files of `conf/` that only the file itself shows: unquoted choices, and names of others."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import yaml

from gettok.cli.overrides import choices_of, no_such_choice
from gettok.pipeline.paths import CONF
from gettok.settings.origins import text_in

_READ_AS: Mapping[str, str] = MappingProxyType(
    {
        "tag:yaml.org,2002:bool": "true or false",
        "tag:yaml.org,2002:int": "a number",
        "tag:yaml.org,2002:float": "a number",
    }
)


#: The groups whose files have their own names in them, by which tables, reports and lists of runs tell them apart. The
#: name of a source is that of its data: two files may read the same.
_NAMED = ("codebook", "prompts/codebook", "prompts/describe", "study")


def files_with_another_name() -> Iterator[str]:
    """A sentence for each file of which results would have another name than the one it is chosen by."""
    for file in (file for group in _NAMED for file in sorted((CONF / group).glob("[!_]*.yaml"))):
        section = file.parent.relative_to(CONF).parts
        line, name = text_in(CONF, file, [*section, "name"]) or (1, None)
        if name != file.stem and text_in(CONF, file, section):
            what = f"its name is {name!r}" if name else "it has no name of its own"
            yield (
                f"{file}, line {line}: {what}, so results do not show that they are of {file.stem!r}: write "
                f'`name: "{file.stem}"`'
            )


def choices_without_quotes() -> Iterator[str]:
    """A sentence for each choice in a list of defaults that YAML does not read as a name, such as `- ocr: off`."""
    for file in sorted(CONF.rglob("*.yaml")):
        for group, choice in _choices(file):
            where = f"{file}, line {choice.start_mark.line + 1}"
            if choice.tag not in _READ_AS:
                yield f"{where}: a choice is the name of a file of its group"
            elif (CONF / group / f"{choice.value}.yaml").is_file():
                kind = _READ_AS[choice.tag]
                yield f'{where}: {choice.value} without quotes is {kind}: quote it, as in "{choice.value}"'
            elif choices_of(group):
                yield f"{where}: {no_such_choice(group, choice.value)}"


def _choices(file: Path) -> Iterator[tuple[str, yaml.Node]]:
    """The groups and the choices of a file that are no texts. A choice that names no group is one of the file's own."""
    lists = [value for key, value in _pairs(_read(file)) if key.value == "defaults"]
    for entry in (entry for each in lists if isinstance(each, yaml.SequenceNode) for entry in each.value):
        own = file.parent.relative_to(CONF).as_posix()
        named = [(key.value.split()[-1].lstrip("/"), value) for key, value in _pairs(entry)]
        for group, choice in named or [(own, entry)]:
            if choice.tag in _READ_AS or isinstance(choice, yaml.MappingNode):
                yield group, choice


def _read(file: Path) -> yaml.Node | None:
    """The content of a file; None if it cannot be read, which composing reports of a file that is chosen."""
    try:
        return yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
