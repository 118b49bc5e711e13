"""Writes a new study and chooses it in `conf/config.yaml`; the inputs of the last study are set aside."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gettok.cli.compose import compose
from gettok.errors import AlreadyRunning, BadInput, BadSettings
from gettok.pipeline.dvc_runs import dvc_runs
from gettok.pipeline.paths import CONF, INPUTS
from gettok.settings import Settings, Study
from gettok.store.atomic_write import atomic_write

CONFIG = CONF / "config.yaml"
#: The choices that go with each source. On TikTok, another choice than the demo's was made by the user, and is kept.
SOURCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"tiktok": {"asr": "large_v3", "llm": "openai"}, "sandbox": {"asr": "demo", "llm": "sandbox"}}
)
#: The demo's codebook asks what fits the demo's videos; another one is the user's, and is kept.
CODEBOOKS: Mapping[str, str] = MappingProxyType({"demo": "stance"})
#: The folders whose files are about one study. The lists of refreshing stay: they name their source, and what must be
#: deleted must be deleted in every study.
_OF_A_STUDY = ("cascade", "collect", "labels", "transcripts")
#: How a file that is not UTF-8 is read and written: composing it gives the error.
_AS_IS = "surrogateescape"


@dataclass(frozen=True)
class Move:
    """A file of the last study, and where it is set aside."""

    old: Path
    new: Path

    def do(self) -> None:
        self.new.parent.mkdir(parents=True, exist_ok=True)
        self.old.replace(self.new)

    def undo(self) -> None:
        if not self.old.exists():
            self.new.replace(self.old)
        for folder in (self.new.parent, *self.new.parent.parents):
            with suppress(OSError):  # not empty, or never made
                folder.rmdir()


@dataclass(frozen=True)
class Written:
    """What was written: the settings, the changed lines of the configuration, and the files set aside or left."""

    settings: Settings
    file: Path
    choices: Mapping[str, tuple[str, str]]
    moved: tuple[Move, ...]
    left: tuple[Path, ...]
    last_study: str


def path_of(name: str) -> Path:
    """Where the study's file belongs."""
    return CONF / "study" / f"{name}.yaml"


def file_of(name: str) -> Path:
    """Where the study's file belongs. Raises `BadInput` where it exists, or where there is no `conf/`."""
    if not CONFIG.is_file():
        raise BadInput(
            f"there is no {CONFIG} in this folder",
            "wrote nothing",
            "run this from the top of a gettok repository",
        )
    file = path_of(name)
    if file.exists():
        raise BadInput(
            f"{file} exists: there is a study of this name",
            "left it as it is, and wrote nothing",
            f"choose another name, or edit the file and run `gettok compose`; `- study: {name}` in {CONFIG} chooses it",
        )
    return file


def refuse_during_a_run() -> None:
    """Raise `AlreadyRunning` while DVC is at work here: the run would go on with the files of the new study."""
    if runs := dvc_runs().here:
        raise AlreadyRunning(
            f"{runs[0].in_words()} is running, and would go on with the settings and inputs of the new study",
            "wrote nothing",
            "let it end, or stop it with Ctrl-C; then run this again",
        )


def write(study: Study, source: str) -> Written:
    """Write the study, choose it and compose. If anything fails, all is as it was."""
    refuse_during_a_run()  # one may have begun while the questions were answered
    file, before = file_of(study.name), CONFIG.read_bytes()
    config = before.decode("utf-8", _AS_IS)
    last_study = chosen(config, "study")
    choices = _choices(config, study.name, source)
    files = _files_of_a_study()
    left = tuple(filter(_is_ignored, files))
    moves = tuple(_move(path, last_study) for path in files if path not in left)
    with ExitStack() as undo:
        undo.callback(file.unlink, missing_ok=True)
        atomic_write(file, as_yaml(study).encode())
        for move in moves:
            undo.callback(move.undo)
            move.do()
        undo.callback(atomic_write, CONFIG, before)
        after = with_choices(config, {group: new for group, (_, new) in choices.items()})
        atomic_write(CONFIG, after.encode("utf-8", _AS_IS))
        settings = _composed()
        undo.pop_all()
    return Written(settings, file, choices, moves, left, last_study)


def _composed() -> Settings:
    try:
        return compose([])
    except BadSettings as error:
        did = "undid what was written, so that all is as it was"
        raise BadSettings(error.what, did, f"correct {CONF}/ or the options, and run it again") from error


def as_yaml(study: Study) -> str:
    """The content of the study's file, with a comment for each key."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701 - YAML, and each text is quoted
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(quoted=quoted, listed=_listed)
    return environment.get_template("study.yaml.j2").render(study=study)


def quoted(text: str) -> str:
    """A text as YAML in double quotes, on one line."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def _line_of(group: str) -> re.Pattern[str]:
    return re.compile(rf"(?m)^(\s*-\s+(?:override\s+)?/?{group}:\s*)([^\s#]+)( *)")


def chosen(config: str, group: str) -> str:
    """The group's choice in the text of `conf/config.yaml`."""
    found = _line_of(group).search(config)
    if found is None:
        raise BadInput(
            f"{CONFIG} has no line `- {group}: …` among its defaults",
            "wrote nothing",
            "write it again, as it is in gettok's own repository",
        )
    return found[2].strip("\"'")


def with_choices(config: str, choices: Mapping[str, str]) -> str:
    """The text of `conf/config.yaml` with other choices; all else, comments too, stays."""
    for group, choice in choices.items():
        # YAML reads `no` or `null` as something else than a text
        value = choice if yaml.safe_load(choice) == choice else f'"{choice}"'
        config = _line_of(group).sub(partial(_replaced, value), config, count=1)
    return config


def _replaced(value: str, line: re.Match[str]) -> str:
    """The line's beginning with another choice; the comment behind it stays in its column if there is room."""
    head, choice, gap = line.groups()
    return head + (value.ljust(len(choice + gap) - 2) + "  " if gap else value)


def _choices(config: str, study: str, source: str) -> dict[str, tuple[str, str]]:
    """The lines to change, each with its old and new choice."""
    codebook = chosen(config, "codebook")
    asked = {"codebook": CODEBOOKS.get(codebook, codebook), "study": study}
    wanted = {"source": source, **SOURCES[source], **asked}
    now = {group: chosen(config, group) for group in wanted}
    if source != "sandbox":
        stand_ins = SOURCES["sandbox"]
        wanted |= {group: now[group] for group in SOURCES[source] if now[group] != stand_ins[group]}
    return {group: (now[group], new) for group, new in wanted.items() if now[group] != new}


def _files_of_a_study() -> list[Path]:
    files = (file for folder in _OF_A_STUDY for file in sorted((INPUTS / folder).rglob("*")))
    return [file for file in files if file.is_file() and not file.name.startswith(".")]


def _is_ignored(file: Path) -> bool:
    """Whether git ignores the file: elsewhere, it might not, and what must not be shared would be."""
    command = ["git", "check-ignore", "-q", "--", str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - no shell


def _move(file: Path, last_study: str) -> Move:
    new = INPUTS / f"_{last_study}" / file.relative_to(INPUTS)
    if new.exists() and new.read_bytes() != file.read_bytes():
        raise BadInput(
            f"{file} belongs to the study {last_study}, and {new}, where it would be set aside, is another file",
            "wrote nothing",
            "move one of the two away",
        )
    return Move(file, new)
