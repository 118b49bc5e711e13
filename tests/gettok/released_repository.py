"""A DVC repository with a release of the made-up study, which `gettok release` can give a version."""

import shutil
from pathlib import Path

import yaml
from released_study import released
from repository import Repository
from root import ROOT

PIPELINE = {
    "stages": {
        "release": {
            "cmd": "mkdir -p data && cp -r made data/release",
            "deps": ["made"],
            "outs": ["data/release"],
        }
    },
    "artifacts": {"dataset": {"path": "data/release", "type": "dataset"}},
}


def prepare(folder: Path) -> Repository:
    """All that it needs before `dvc init`."""
    released(folder / "made")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE), "utf-8")
    (folder / ".gitignore").write_text("/data\n", "utf-8")
    shutil.copy(ROOT / "params.yaml", folder)
    repository = Repository(folder, "no sandbox")
    repository.git("init", "-q", "-b", "main")
    return repository


def change(repository: Repository) -> None:
    """Another release, made and committed."""
    shutil.rmtree(repository.folder / "made")
    released(repository.folder / "made", 7)
    repository.dvc("repro")
    repository.commit("one more video")
