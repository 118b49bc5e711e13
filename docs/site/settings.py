"""The reference page of the settings, made from the files of conf/ and their comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z_]\w*):(?: +(?P<rest>.*))?$")
_LINE = re.compile(r"^ *- (?P<group>[\w/]+): +\"?(?P<choice>\w+)\"?(?: +# (?P<note>.*))?$")
# a value ends before a `#` that is outside of quotes
_QUOTED = r"\"(?:\\.|[^\"\\])*\"|'[^']*'"
_VALUE = re.compile(rf"^(?P<value>(?:{_QUOTED}|[^\"'#]|(?<![ \"'])#)*?) *(?:# ?(?P<note>.*))?$")
_LONGEST = 60


@dataclass(frozen=True)
class Setting:
    """A key of a file, with its value as text and the sentence that its comment says."""

    key: str
    value: str
    note: str


@dataclass(frozen=True)
class Choice:
    """One file of a group: what `group=name` chooses."""

    name: str
    summary: str
    settings: tuple[Setting, ...]


def read_choice(path: Path, group: str) -> Choice:
    """A file of conf/. Its first comment says what it is; any other comment is about the key below or beside it.

    Keys are as one says them on a command line: `asr.model`. What a file sets in another group is not among them.
    """
    lines = path.read_text("utf-8").splitlines()
    prefix = f"{group.replace('/', '.')}."
    outside = "" if lines[0] == "# @package _global_" else prefix
    lines = [line for line in lines if not line.startswith("# @package")]
    head = 0
    while head < len(lines) and lines[head].startswith("#"):
        head += 1
    summary = " ".join(_comment(line) for line in lines[:head]).replace(" - ", "\n- ")
    found = (
        Setting(outside + setting.key, setting.value, setting.note) for setting in _settings(lines[head:])
    )
    return Choice(path.stem, summary, tuple(setting for setting in found if setting.key.startswith(prefix)))


def _settings(lines: list[str]) -> Iterator[Setting]:
    above: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in lines:
        if line.lstrip().startswith("#"):
            above.append(_comment(line))
            continue
        if (match := _KEY.match(line)) is not None:
            indent, name = len(match["indent"]), match["name"]
            parents = [parent for parent in parents if parent[0] < indent]
            key = ".".join([*(parent for _, parent in parents), name])
            parents.append((indent, name))
            value, beside = _split(match["rest"] or "")
            if key != "defaults":
                yield Setting(key, value, " ".join([*above, beside]).strip())
        above = []


def _split(rest: str) -> tuple[str, str]:
    if rest.startswith("# "):
        return "", rest.removeprefix("# ")
    match = _VALUE.match(rest)
    return (match["value"].strip(), match["note"] or "") if match else (rest, "")


def _comment(line: str) -> str:
    return line.strip().lstrip("#").strip()


def read_groups(conf: Path) -> dict[str, tuple[str, str]]:
    """For each group of the defaults list, in its order, the choice and the sentence beside it."""
    lines = (conf / "config.yaml").read_text("utf-8").splitlines()
    found = [match for line in lines if (match := _LINE.match(line))]
    return {match["group"]: (match["choice"], match["note"] or "") for match in found}


def markdown(conf: Path) -> str:
    """A section for each group: its choices, and its keys with their sentences."""
    return "\n".join(_group(conf, *group) for group in read_groups(conf).items())


def _group(conf: Path, name: str, default: tuple[str, str]) -> str:
    chosen, purpose = default
    files = {path.stem: read_choice(path, name) for path in sorted((conf / name).glob("*.yaml"))}
    choices = [choice for choice in files.values() if not choice.name.startswith("_")]
    parts = [f"## {name}\n", f"{_sentence(purpose)}\n" if purpose else ""]
    parts.append("| choice | what it is |\n|---|---|")
    for choice in choices:
        mark = " (chosen in `conf/config.yaml`)" if choice.name == chosen else ""
        parts.append(f"| `{name}={choice.name}`{mark} | {_cell(choice.summary)} |")
    merged = _merged(files, chosen)
    if merged:
        parts.append(f"\n| setting | for example | meaning |\n|---|---|---|\n{''.join(map(_row, merged))}")
    return "\n".join(parts)


def _merged(files: dict[str, Choice], chosen: str) -> list[Setting]:
    """Each key of a group once: the value is the chosen file's where it has one, the sentence `_base.yaml`'s."""
    longest = sorted(files.values(), key=lambda choice: -len(choice.settings))
    order = dict.fromkeys(setting.key for choice in longest for setting in choice.settings)
    values = _first(files, (chosen, "_base"), "value")
    notes = _first(files, ("_base", chosen), "note")
    shown = (Setting(key, values.get(key, ""), notes.get(key, "")) for key in order)
    return [setting for setting in shown if setting.value or setting.note]


def _first(files: dict[str, Choice], preferred: tuple[str, str], part: str) -> dict[str, str]:
    """For each key what the first file says that says anything, the preferred files before the others."""
    found: dict[str, str] = {}
    for name in dict.fromkeys((*preferred, *files)):
        for setting in files[name].settings if name in files else ():
            found[setting.key] = found.get(setting.key) or getattr(setting, part)
    return found


def _row(setting: Setting) -> str:
    value = setting.value if len(setting.value) <= _LONGEST else f"{setting.value[:_LONGEST]}…"
    # a pipe ends a cell even in code, on GitHub
    code = f"`{value.replace('|', '¦')}`" if value else ""
    return f"| `{setting.key}` | {code} | {_cell(setting.note)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;").replace("\n- ", "<br>– ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
