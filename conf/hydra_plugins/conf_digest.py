"""Let `params.yaml` say which `conf/` it was composed from: `${conf_digest:}` is the digest of its files.

`${oc.env:NAME}` is refused: the value, which may be a secret, would be written into `params.yaml` and into git. Wrong
settings of `dvc exp run` are refused in our words.

Hydra imports this automatically, in `gettok compose` and in `dvc exp run` alike.
"""

import sys
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from gettok.cli.experiment_check import is_experiment, refuse_wrong_experiment
from gettok.pipeline.paths import conf_digest

_CONF = Path(__file__).parent.parent


class ExperimentCheck(SearchPathPlugin):
    """Hydra calls it before it composes. The check composes too, so that it is done once."""

    is_done = False

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:  # noqa: ARG002 - Hydra's signature
        if is_experiment(sys.argv) and not ExperimentCheck.is_done:
            ExperimentCheck.is_done = True
            refuse_wrong_experiment(_CONF, sys.argv)


def _digest() -> str:
    return conf_digest(_CONF)


def _refuse_environment(name: str, *_: object) -> str:
    raise ValueError(
        f"${{oc.env:{name}}} would write a variable of the environment into params.yaml, which git keeps: "
        "write the value itself; secrets are read from the environment by name, as llm.api_key_env is"
    )


OmegaConf.register_new_resolver("conf_digest", _digest, replace=True)
OmegaConf.register_new_resolver("oc.env", _refuse_environment, replace=True)
