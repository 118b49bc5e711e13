"""A DVC repository whose stages cost nothing."""

import shutil
from pathlib import Path

import pytest
import yaml
from dvc_here import dvc, enter
from repository import Repository
from root import ROOT

from gettok.cli.compose import compose

STAGE = "python stages/{}.py"


PIPELINE = {
    "stages": {
        "code": {"cmd": STAGE.format("code"), "deps": ["stages"], "outs": ["data/code"]},
        "collect": {
            "cmd": STAGE.format("collect"),
            "params": ["study.query", "study.start", "study.end", "source"],
            "deps": ["data/code/collect.json", "inputs/collect"],
            "outs": ["data/pages", "data/books/collect.json"],
        },
        "describe": {
            "cmd": STAGE.format("describe"),
            "params": ["llm", "prompts.describe"],
            "deps": ["data/code/describe.json", "data/pages"],
            "outs": ["data/descriptions", "data/books/describe.json"],
        },
        "release": {
            "cmd": STAGE.format("release"),
            "deps": ["conf", "data/descriptions"],
            "outs": ["data/release", "data/books/release.json"],
        },
    }
}


CODE = """
from pathlib import Path
from gettok.pipeline.code_digest import as_json
Path("data/code").mkdir(parents=True)
for stage in ("collect", "describe", "release"):
    Path(f"data/code/{stage}.json").write_bytes(as_json(stage))
"""


#: A stage that waits while there is a file `hold`.
WRITE = """
import time
from pathlib import Path
while Path("hold").exists():
    time.sleep(0.02)
for path in ("data/{0}", "data/books"):
    Path(path).mkdir(parents=True, exist_ok=True)
Path("data/{0}/all.txt").write_text("{0}", "utf-8")
Path("data/books/{1}.json").write_text("made", "utf-8")
"""


OUTPUTS = {"collect": "pages", "describe": "descriptions", "release": "release"}


def make(folder: Path) -> Repository:
    """A repository whose pipeline has run."""
    for name in ("conf", "inputs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "stages").mkdir()
    (folder / "stages" / "code.py").write_text(CODE, "utf-8")
    for stage, out in OUTPUTS.items():
        (folder / "stages" / f"{stage}.py").write_text(WRITE.format(out, stage), "utf-8")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False), "utf-8")
    (folder / ".gitignore").write_text("/data\n/hold\n__pycache__\n", "utf-8")
    shutil.copy(ROOT / ".dvcignore", folder / ".dvcignore")
    repository = Repository(folder, "no sandbox")
    repository.git("init", "-q", "-b", "main")
    with pytest.MonkeyPatch.context() as patched:
        enter(repository, patched)
        dvc("init")
        dvc("config", "hydra.enabled", "true")
        dvc("config", "hydra.plugins_path", "conf")
        compose([])
        dvc("repro")
    repository.commit("made")
    return repository
