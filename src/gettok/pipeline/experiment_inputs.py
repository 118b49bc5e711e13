"""Refuses an experiment whose workspace lacks files that the same run in the main checkout would read.

DVC fills the workspace of a queued or temporary experiment from git. Files of one's own that git does not have, such as
videos for `download=local`, a list of ids or a model's folder, are not there, and a stage that takes what it finds
would succeed with less. They are not read from the main checkout either: DVC compares what is in the workspace, and
would take the results of other files for those of these.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from gettok.errors import BadInput, counted
from gettok.pipeline.paths import CONF, INPUTS, conf_digest, main_checkout
from gettok.settings import Settings
from gettok.settings.registries import DOWNLOAD_BACKENDS

#: The settings that may name a file or a folder of one's own.
_PATH_SETTINGS = (
    "source.file",
    "download.folder",
    "download.trust_list",
    "asr.model",
    "asr.align",
    "ocr.recognizer",
    "embedder.model",
)
#: A recogniser may have its characters in a file beside it, with this suffix.
_CHARACTERS = ".txt"
_MAX_NAMED = 3


def refuse_missing_inputs(settings: Settings) -> None:
    """Raise `BadInput` in an experiment's workspace that lacks files of `inputs/`, or of a path in these settings."""
    main = main_checkout()
    if main is None:
        return
    paths = [str(INPUTS), *(path for path in _paths(settings) if (main / path).exists())]
    outside = [path for path in paths if not (main / path).resolve().is_relative_to(main.resolve())]
    ours = [path for path in paths if path not in outside]
    if missing := [name for name in (*outside, *_not_in_git(main, ours)) if not Path(name).exists()]:
        raise _missing(
            missing,
            "stopped before asking anything, as the results would be those of fewer inputs",
            "commit the files, name their folder by its absolute path in the settings (as in "
            "download.folder=/srv/videos), or run the experiment without --queue and --temp",
        )


def refuse_missing_conf(settings: Settings) -> None:
    """Raise `BadInput` in an experiment's workspace if its settings were composed from files that git does not have."""
    main = main_checkout()
    if main is None or settings.conf_digest == conf_digest():
        return
    if missing := [
        name for name in _not_in_git(main, [str(CONF)]) if _is_conf(name) and not Path(name).exists()
    ]:
        raise _missing(
            missing,
            "stopped before asking anything, as its settings were composed from them",
            f"commit what is missing (`git add {CONF}`, `git commit`) and queue the experiment again, as a queued one "
            "keeps the commit that it started from; or run it without --queue and --temp",
        )


def refuse_to_queue_without(conf: Path, arguments: Sequence[str]) -> None:
    """Raise `BadInput` if this is `dvc exp run --queue` or `--temp` and git lacks a file that `conf` composes.

    `arguments` are those of the program. Such an experiment would fail when its turn comes, maybe hours later.
    """
    if {"--queue", "--temp"}.isdisjoint(arguments):
        return
    if missing := [name for name in _not_in_git(conf.parent, [conf.name]) if _is_conf(name)]:
        raise BadInput(
            f"git does not have {_named(missing)}, and an experiment with --queue or --temp sees only what git has",
            "queued and ran nothing",
            f"commit it (`git add {CONF}`, `git commit`) and run the same command again; or run it without --queue and "
            "--temp",
        )


def not_committed(settings: Settings | None) -> list[str]:
    """The files of this checkout that a run reads and git does not have: a queued experiment would lack them.

    Without settings, those under `conf/` and `inputs/`. Without git, none.
    """
    paths = [str(CONF), str(INPUTS), *(_paths(settings) if settings else ())]
    here = Path.cwd()
    ours = [
        path
        for path in paths
        if (here / path).exists() and (here / path).resolve().is_relative_to(here.resolve())
    ]
    try:
        names = _not_in_git(Path(), ours) if ours else []  # without a path, git lists all files
    except (OSError, subprocess.CalledProcessError):
        return []
    return [name for name in names if _is_conf(name) or Path(name).parts[0] != str(CONF)]


def _is_conf(name: str) -> bool:
    """Whether the file is one of those that `conf/` composes; Python keeps others beside them."""
    return Path(name).parts[0] == str(CONF) and name.endswith(".yaml")


def _paths(settings: Settings) -> Iterator[str]:
    """The settings that name a file or a folder by a relative path. A stage's settings have only what it declares."""
    for setting in _PATH_SETTINGS:
        section, name = setting.split(".")
        value = getattr(getattr(settings, section, None), name, None)
        if value and not Path(value).is_absolute() and _is_read(setting, settings):
            yield value
            if setting == "ocr.recognizer":
                yield value.removesuffix(Path(value).suffix) + _CHARACTERS


def _is_read(setting: str, settings: Settings) -> bool:
    return setting != "download.folder" or not DOWNLOAD_BACKENDS[settings.download.backend].reads_pages


def _not_in_git(main: Path, paths: Sequence[str]) -> list[str]:
    """The files below these paths that git ignores or does not track, without hidden ones."""
    command = ["git", "-C", str(main), "--literal-pathspecs", "ls-files", "-z", "--others", "--", *paths]
    listed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
    names = (os.fsdecode(name) for name in listed.split(b"\0"))
    return [name for name in names if name and not Path(name).name.startswith(".")]


def _missing(missing: list[str], did: str, can: str) -> BadInput:
    files = counted(len(missing), "file")
    return BadInput(
        f"this experiment's workspace lacks {files} that git does not have: {_named(missing)}", did, can
    )


def _named(names: Sequence[str]) -> str:
    """The first few names, in characters that a terminal shows."""
    shown = [ascii(name)[1:-1] if not name.isprintable() else name for name in names[:_MAX_NAMED]]
    return ", ".join(shown) + (", …" if len(names) > _MAX_NAMED else "")
