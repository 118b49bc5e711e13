"""The engine changes no result: the same study on a Ray cluster gives the same `dvc.lock`, and the same files."""

import importlib.util
from typing import Any

import pytest
import yaml
from ray_nodes import ray_nodes
from repository import Repository, files, stages_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # two runs of the pipeline
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra: `make setup-ray`"),
]

ON_NODES = ("extract_frames", "transcribe", "describe")  # the last for its OCR


def lock(repository: Repository) -> Any:
    """What DVC noted of each stage; its file has them in the order in which they first ran."""
    return yaml.safe_load((repository.folder / "dvc.lock").read_text("utf-8"))["stages"]


@pytest.fixture(scope="module")
def on_ray(finished, tmp_path_factory) -> tuple[Repository, list[str]]:
    """The finished run once more, from nothing and on two Ray nodes, and the stages that ran."""
    repository = finished.clone(tmp_path_factory.mktemp("on_ray") / "repo")
    (repository.folder / "dvc.lock").unlink()
    with ray_nodes() as nodes:
        nodes.start_head()
        nodes.start_node()
        repository.compose("engine=ray", f"engine.address={nodes.address}")
        ran = stages_run(repository.dvc("repro", RAY_AUTH_MODE="disabled"))
        logs = nodes.folder.glob("session_*/logs/worker-*.out")
        assert sum("RayWorker" in log.read_text("utf-8") for log in logs) >= len(ON_NODES)
    return repository, ran


def test_every_file_and_the_lock_are_those_of_the_local_engine(finished, on_ray):
    repository, ran = on_ray
    assert len(ran) == 11
    there, here = lock(repository), lock(finished)
    assert len(there) == 11
    for stage, noted in there.items():
        assert noted == here[stage], stage
    assert files(repository.data) == files(finished.data)
    assert len(list(repository.data.glob("frames/*.parquet"))) == 2


def test_another_engine_is_no_reason_to_run_a_stage_again(on_ray):
    repository, _ = on_ray
    repository.compose("engine=local")
    assert stages_run(repository.dvc("repro")) == []
