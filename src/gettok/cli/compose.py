"""Write params.yaml from conf/, exactly as `dvc exp run` does."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from dvc.utils.hydra import compose_and_dump
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from gettok.errors import BadSettings
from gettok.pipeline.paths import CONF, PARAMS
from gettok.settings import Settings, load


def compose(overrides: Sequence[str], output: Path = PARAMS) -> Settings:
    """Compose, check, and only then write; `BadSettings` leaves the file as it was."""
    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as folder:
        composed = Path(folder) / output.name
        try:
            compose_and_dump(composed, str(CONF.absolute()), None, "config", str(CONF), list(overrides))
        # a file that is not YAML or not UTF-8, and a choice that is not a name, come as errors of many kinds
        except (HydraException, OmegaConfBaseException, YAMLError, ValueError, TypeError) as error:
            raise _bad(f"{CONF}/ does not compose: {error}") from error
        try:
            settings = load(composed, f"{CONF}/")
        except BadSettings as error:
            raise _bad(error.what) from error
        composed.replace(output)
    return settings


def _bad(what: str) -> BadSettings:
    return BadSettings(
        what, f"left {PARAMS} as it was", f"correct the file under {CONF}/, or the override, and run it again"
    )


def command(
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Settings to override, such as study=peru_2022 asr=turbo.")
    ] = None,
) -> None:
    settings = compose(overrides or [])
    chosen = f"{settings.source.name}, {settings.asr.model}, {settings.llm.model}"
    typer.echo(f"params.yaml now holds the study {settings.study.name} ({chosen}). Next: dvc repro")
    if overrides:
        typer.echo(
            "Overrides apply until the next `gettok compose`; to keep a choice, put it into conf/config.yaml."
        )
