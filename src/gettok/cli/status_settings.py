"""`gettok status` about the settings: what `params.yaml` holds, and why it differs from what `conf/` composes to."""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gettok.cli.compose import compose
from gettok.errors import BadSettings
from gettok.pipeline.paths import PARAMS, conf_digest
from gettok.settings import Settings, check
from gettok.settings.differences import SettingDifference, differences
from gettok.settings.yaml_file import read_settings

#: Keys that say where the settings come from, and set nothing.
_ABOUT = frozenset({"about", "conf_digest"})
_EXPERIMENTS, _NOT_RESULTS = "refs/exps/", ("refs/exps/exec/", "refs/exps/stash", "refs/exps/celery/")

#: Where the settings of `params.yaml` come from.
SettingsFrom = Literal["conf", "edited conf", "experiment", "override"]


@dataclass(frozen=True)
class SettingsState:
    """The settings that hold now, where they are from, and how they differ from what `conf/` composes to.

    `settings` are None if `params.yaml` cannot be used, which `problem` then explains; `problem` is also set if `conf/`
    cannot be composed. In `differences`, `old` is the value in `params.yaml` and `new` that of `conf/`.
    """

    settings: Settings | None
    origin: SettingsFrom | None
    experiment: str | None
    differences: tuple[SettingDifference, ...]
    problem: str | None


def settings_state() -> SettingsState:
    """Compare `params.yaml` with what `conf/` composes to; nothing is written."""
    try:
        raw, settings = _params()
    except BadSettings as error:
        return SettingsState(None, None, None, (), error.what)
    is_conf_older = settings.conf_digest == conf_digest()
    try:
        composed = _composed()
    except BadSettings as error:
        return SettingsState(settings, None if is_conf_older else "edited conf", None, (), error.what)
    found = tuple(differences(_without_about(raw), _without_about(composed)))
    experiment = _experiment_with_these() if found else None
    return SettingsState(
        settings, _origin(found, experiment, is_conf_older=is_conf_older), experiment, found, None
    )


def _origin(
    found: tuple[SettingDifference, ...], experiment: str | None, *, is_conf_older: bool
) -> SettingsFrom:
    if not is_conf_older:
        return "edited conf"
    if not found:
        return "conf"
    return "experiment" if experiment else "override"


def _without_about(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in _ABOUT}


def _params() -> tuple[Mapping[str, Any], Settings]:
    raw = read_settings(PARAMS)
    return raw, check(raw, str(PARAMS))


def _composed() -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        params = Path(folder) / PARAMS
        compose([], params)
        return read_settings(params)


def _experiment_with_these() -> str | None:
    """The experiment whose `params.yaml` is this one, byte for byte; None if there is none, or no git."""
    listed = _git("for-each-ref", "--format=%(refname)", _EXPERIMENTS).split()
    refs = [ref for ref in listed if not ref.startswith(_NOT_RESULTS)]
    if not refs:
        return None
    wanted = _git("hash-object", str(PARAMS)).strip()
    asked = "".join(f"{ref}:./{PARAMS}\n" for ref in refs)
    found = _git("cat-file", "--batch-check=%(objectname)", given=asked).splitlines()
    same = [ref for ref, digest in zip(refs, found, strict=False) if digest == wanted]
    return same[-1].rpartition("/")[2] if same else None


def _git(*arguments: str, given: str = "") -> str:
    """What git prints; empty if it fails, such as outside a repository."""
    command = ["git", *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, check=True, text=True).stdout  # noqa: S603 - no shell
    except (OSError, subprocess.CalledProcessError):
        return ""
