"""Where things are: the folders of a repository, the answer store, and settings that are as new as `conf/`."""

import hashlib
import os
from pathlib import Path

from dvc.config import Config

from gettok.errors import BadInput, BadSettings
from gettok.settings import Settings, load

CONF = Path("conf")
PARAMS = Path("params.yaml")
DATA = Path("data")
#: Files that people provide, and the lists that `gettok refresh` writes.
INPUTS = Path("inputs")


def store_root() -> Path:
    """`GETTOK_STORE`, or the folder `gettok-store` beside the cache folder that DVC reports.

    DVC gives every experiment workspace the same cache folder, so all arms of a sweep share one store. A relative
    `GETTOK_STORE` is below the main checkout, for the same reason.
    """
    if chosen := os.environ.get("GETTOK_STORE"):
        return (main_checkout() or Path.cwd()) / chosen
    dvc = Path(os.environ.get("DVC_ROOT", ".")).absolute() / ".dvc"
    if not dvc.is_dir():
        raise BadInput(
            f"{dvc.parent} is not a DVC repository",
            "stopped before doing anything",
            "run this from the top of a gettok repository, or name a store with GETTOK_STORE",
        )
    cache = Config(dvc_dir=str(dvc))["cache"].get("dir")
    return (Path(cache).absolute() if cache else dvc / "cache").parent / "gettok-store"


def main_checkout() -> Path | None:
    """The repository for which this folder is an experiment's workspace; None in a repository itself.

    `dvc exp run --queue` and `--temp` work in a folder below `.dvc/tmp/exps` (DVC 3.67), which has only what git has.
    """
    for parent in Path.cwd().parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2]
    return None


def conf_digest(conf: Path = CONF) -> str:
    """SHA-256 over the names and bytes of every YAML file under `conf/`."""
    digest = hashlib.sha256()
    for file in sorted(conf.rglob("*.yaml")):
        digest.update(file.relative_to(conf).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def refuse_stale(settings: Settings) -> None:
    """Raise `BadSettings` when `conf/` was edited after `params.yaml` was composed from it."""
    if CONF.is_dir() and settings.conf_digest != conf_digest():
        raise BadSettings(
            f"{CONF}/ was edited after {PARAMS} was composed from it, so a run would use the old settings",
            "stopped before any request or model load",
            "run `gettok compose` and then `dvc repro`; or `dvc exp run`, which composes first",
        )


def current_settings() -> Settings:
    """The settings of `params.yaml`; raises `BadSettings` if `conf/` was edited since they were composed."""
    settings = load(PARAMS)
    refuse_stale(settings)
    return settings
