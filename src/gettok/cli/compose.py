"""Write params.yaml from conf/, byte for byte as `dvc exp run` does."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from dvc.utils.hydra import compose_and_dump
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from gettok.errors import BadSettings
from gettok.pipeline.paths import CONF, PARAMS
from gettok.settings import Settings, load


def compose(overrides: Sequence[str], output: Path = PARAMS) -> Settings:
    """Compose, check, and only then write; `BadSettings` leaves the file as it was."""
    with tempfile.TemporaryDirectory(dir=output.absolute().parent) as folder:
        composed = Path(folder) / output.name
        try:
            compose_and_dump(composed, str(CONF.absolute()), None, "config", str(CONF), list(overrides))
        except (HydraException, OmegaConfBaseException) as error:
            raise BadSettings(
                f"{CONF}/ does not compose: {error}",
                f"left {output} as it was",
                "correct the file or the override that the message names",
            ) from error
        settings = load(composed)
        composed.replace(output)
    return settings


def command(
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Settings to override, such as study=peru_2022 asr=turbo.")
    ] = None,
) -> None:
    settings = compose(overrides or [])
    chosen = f"{settings.source.name}, {settings.asr.model}, {settings.llm.model}"
    typer.echo(f"params.yaml now holds the study {settings.study.name} ({chosen}). Next: dvc repro")
    if overrides:
        typer.echo("Overrides apply to this call only; to keep a choice, put it into conf/config.yaml.")
