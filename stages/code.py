"""Digest the code that each stage reaches, so that an edit reruns only the stages that it may change."""

from gettok.books import STAGES
from gettok.pipeline.code_digest import as_json
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage
from gettok.store.atomic_write import atomic_dir

PARAMS = ()


def run(_: Stage) -> None:
    with atomic_dir(DATA / "code") as folder:
        for stage in STAGES:
            if stage.name != "code":
                (folder / f"{stage.name}.json").write_bytes(as_json(stage.name))


if __name__ == "__main__":
    run_stage(globals())
