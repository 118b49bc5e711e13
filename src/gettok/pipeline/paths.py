"""Where things are: the folders of a repository, the answer store, and settings that are as new as `conf/`."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gettok.errors import BadInput, BadSettings

if TYPE_CHECKING:
    from gettok.settings import Settings

CONF = Path("conf")
PARAMS = Path("params.yaml")
DATA = Path("data")
#: The release of the last run.
RELEASE = DATA / "release"
#: Where releases in other forms go.
RELEASES = DATA / "releases"
#: Files that people provide, in a folder for each stage that reads them: a corrected label does not collect again.
INPUTS = Path("inputs")
NO_REMOTE = "no remote is set up: `dvc remote add -d NAME URL` adds the one that has the dataset"
#: Labels that people gave to some videos; optional.
HUMAN_LABELS = INPUTS / "labels" / "human_labels.csv"
#: Labels that people gave, by which a cascade chooses when to ask its large model; optional. They are apart from the
#: others, so that these still measure what they did not choose, and a new one does not annotate again.
CASCADE_LABELS = INPUTS / "cascade" / "human_labels.csv"
#: The lists that `gettok refresh` writes.
REFRESH_LISTS = INPUTS / "refresh"
#: The list of deposits in archives, which `gettok release deposit` writes.
DEPOSITS = INPUTS / "deposits.jsonl"


def store_root() -> Path:
    """`GETTOK_STORE`, or the folder `gettok-store` beside the cache folder that DVC reports.

    DVC gives every experiment workspace the same cache folder, so all arms of a sweep share one store. A relative
    `GETTOK_STORE` is below the main checkout, for the same reason.
    """
    if chosen := os.environ.get("GETTOK_STORE"):
        return (main_checkout() or Path.cwd()) / chosen
    return dvc_cache().parent / "gettok-store"


def dvc_cache() -> Path:
    """DVC's cache folder."""
    dvc = _dvc_folder()
    if not dvc.is_dir():
        raise BadInput(
            f"{dvc.parent} is not a DVC repository",
            "stopped before doing anything",
            "run this from the top of a gettok repository, or name a store with GETTOK_STORE",
        )
    cache = _dvc_config(dvc)["cache"].get("dir")
    return Path(cache).absolute() if cache else dvc / "cache"


def if_no_remote() -> str:
    """What to add to an advice to pull: how to set up the remote, if there is none."""
    dvc = _dvc_folder()
    has_remote = dvc.is_dir() and bool(_dvc_config(dvc)["remote"])
    return "" if has_remote else f" ({NO_REMOTE})"


def _dvc_config(dvc: Path) -> Mapping[str, Any]:
    from dvc.config import Config  # noqa: PLC0415 - of no use where GETTOK_STORE is set

    config: Mapping[str, Any] = Config(dvc_dir=str(dvc))
    return config


def _dvc_folder() -> Path:
    return Path(os.environ.get("DVC_ROOT", ".")).absolute() / ".dvc"


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


def refuse_stale(settings: "Settings") -> None:
    """Raise `BadSettings` when `conf/` was edited after `params.yaml` was composed from it."""
    if CONF.is_dir() and settings.conf_digest != conf_digest():
        raise BadSettings(
            f"{CONF}/ was edited after {PARAMS} was composed from it, so a run would use the old settings",
            "stopped before any request or model load",
            "run `gettok compose` and then `dvc repro`; or `dvc exp run`, which composes first",
        )


def current_settings() -> "Settings":
    """The settings of `params.yaml`; raises `BadSettings` if `conf/` was edited since they were composed."""
    from gettok.settings import load  # noqa: PLC0415 - a check of a release needs paths and no settings

    settings = load(PARAMS)
    refuse_stale(settings)
    return settings
