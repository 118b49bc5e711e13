"""Write `params.yaml` from `conf/`, by the code that `dvc exp run` itself uses."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

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
