"""Let `params.yaml` say which `conf/` it was composed from: `${conf_digest:}` is the digest of its files.

Hydra imports this automatically, in `gettok compose` and in `dvc exp run` alike.
"""

from pathlib import Path

from omegaconf import OmegaConf

from gettok.pipeline.paths import conf_digest

OmegaConf.register_new_resolver(
    "conf_digest", lambda: conf_digest(Path(__file__).parent.parent), replace=True
)
