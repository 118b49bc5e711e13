"""Write params.yaml from conf/, exactly as `dvc exp run` does."""

import tempfile
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from dvc.utils.hydra import compose_and_dump
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from gettok.cli.compose_errors import odd_file, sets_nothing, why_not_composed
from gettok.cli.conf_files import files_with_another_name
from gettok.cli.overrides import choices_of, wrong_override
from gettok.errors import BadSettings
from gettok.pipeline.dvc_runs import DvcRun, dvc_runs
from gettok.pipeline.paths import CONF, PARAMS
from gettok.settings import Settings, load
from gettok.settings.origins import NOWHERE, Origins
from gettok.settings.plausibility import warnings as doubts


def compose(overrides: Sequence[str], output: Path = PARAMS) -> Settings:
    """Compose, check, and only then write; `BadSettings` leaves the file as it was."""
    if wrong := wrong_override(overrides):
        raise _bad(wrong)
    if output.is_dir():
        raise BadSettings(f"{output} is a folder", "left it as it is", "move it away, and run it again")
    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as folder:
        composed = Path(folder) / output.name
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", "In '.*': Defaults list is missing")
                compose_and_dump(composed, str(CONF.absolute()), None, "config", str(CONF), list(overrides))
        # a file that is not YAML or not UTF-8, a choice that is not a name, and a list that holds itself come as errors
        # of many kinds
        except (
            HydraException,
            OmegaConfBaseException,
            YAMLError,
            ValueError,
            TypeError,
            RecursionError,
            UserWarning,
        ) as error:
            # what a file does not set may be what another refers to
            files = _chosen(list(overrides)) if isinstance(error, OmegaConfBaseException) else []
            raise _bad(sets_nothing(files) or why_not_composed(error, overrides)) from error
        settings = _checked(composed, list(overrides))
        composed.replace(output)
    return settings


def _checked(composed: Path, overrides: list[str]) -> Settings:
    try:
        return load(composed, f"{CONF}/", NOWHERE)
    except BadSettings:
        files = _chosen(overrides)  # only an error needs to know them
    try:
        # one that chooses a file sets nothing itself: the file does
        setting = (
            text for text in overrides if text.startswith("~") or not choices_of(text.partition("=")[0])
        )
        return load(composed, f"{CONF}/", Origins(CONF, tuple(files), tuple(setting)))
    except BadSettings as error:
        raise _bad(odd_file(files) or sets_nothing(files) or error.what) from error


def _bad(what: str) -> BadSettings:
    return BadSettings(
        what, f"left {PARAMS} as it was", f"correct the file under {CONF}/, or the override, and run it again"
    )


def _chosen(overrides: list[str]) -> list[Path]:
    """The files that are composed, in order: a later one wins."""
    with initialize_config_dir(str(CONF.absolute()), version_base=None):
        loader = GlobalHydra.instance().config_loader()
        defaults = loader.compute_defaults_list("config", overrides, RunMode.RUN).defaults
    files = [CONF / f"{each.config_path}.yaml" for each in defaults]
    return [file for file in files if file.is_file()]


def warn_of_runs(runs: Sequence[DvcRun]) -> None:
    """Say what new settings mean for the runs that are under way."""
    for run in runs:
        typer.echo(
            f"gettok: {PARAMS} changed while {run.in_words()} is running\n"
            "  What it means: the stage that is running stops at its end if its own settings changed, and a stage to "
            "come does if what it reads was made with others; all answers are kept\n"
            "  What you can do: let it end, or stop it with Ctrl-C; then run `dvc repro` again",
            err=True,
        )


def holds(settings: Settings) -> str:
    """What `params.yaml` now holds, in a sentence."""
    chosen = f"{settings.source.name}, {settings.asr.model}, {settings.llm.model}"
    return f"params.yaml now holds the study {settings.study.name} ({chosen})."


def warn(settings: Settings) -> None:
    """Print a line on stderr for each warning about the settings and their files."""
    for line in (*doubts(settings, datetime.now(UTC).date()), *files_with_another_name()):
        typer.echo(f"gettok: warning: {line}", err=True)


def command(
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Settings to override, such as study=peru_2022 asr=turbo.")
    ] = None,
) -> None:
    before = PARAMS.read_bytes() if PARAMS.is_file() else b""
    settings = compose(overrides or [])
    if before != PARAMS.read_bytes():
        warn_of_runs(dvc_runs().here)
    typer.echo(f"{holds(settings)} Next: dvc repro")
    warn(settings)
    if overrides:
        typer.echo(
            "Overrides apply until the next `gettok compose`; to keep a choice, put it into conf/config.yaml."
        )
