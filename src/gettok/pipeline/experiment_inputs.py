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

from gettok.errors import BadInput
from gettok.pipeline.paths import INPUTS, main_checkout
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
        raise _missing(missing)


def _paths(settings: Settings) -> Iterator[str]:
    """The settings that name a file or a folder by a relative path. A stage's settings have only what it declares."""
    for setting in _PATH_SETTINGS:
        section, name = setting.split(".")
        value = getattr(getattr(settings, section, None), name, None)
        if value and not Path(value).is_absolute() and _is_read(setting, settings):
            yield value


def _is_read(setting: str, settings: Settings) -> bool:
    return setting != "download.folder" or not DOWNLOAD_BACKENDS[settings.download.backend].reads_pages


def _not_in_git(main: Path, paths: Sequence[str]) -> list[str]:
    """The files below these paths that git ignores or does not track, without hidden ones."""
    command = ["git", "-C", str(main), "--literal-pathspecs", "ls-files", "-z", "--others", "--", *paths]
    listed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
    names = (os.fsdecode(name) for name in listed.split(b"\0"))
    return [name for name in names if name and not Path(name).name.startswith(".")]


def _missing(missing: list[str]) -> BadInput:
    named = ", ".join(
        ascii(name)[1:-1] if not name.isprintable() else name for name in missing[:_MAX_NAMED]
    ) + (", …" if len(missing) > _MAX_NAMED else "")
    files = "1 file" if len(missing) == 1 else f"{len(missing)} files"
    return BadInput(
        f"this experiment's workspace lacks {files} that git does not have: {named}",
        "stopped before asking anything, as the results would be those of fewer inputs",
        "commit the files, name their folder by its absolute path in the settings (as in download.folder=/srv/videos), "
        "or run the experiment without --queue and --temp",
    )
