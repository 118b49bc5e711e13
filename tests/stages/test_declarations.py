"""dvc.yaml says what is so: each stage's description, settings, files and outputs."""

import ast
import importlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from import_closure import ROOT, reached_from

from gettok.settings import Settings

_DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
STAGES = (
    "collect",
    "tabulate",
    "download",
    "extract_frames",
    "transcribe",
    "describe",
    "detect_stance",
    "compare_transcripts",
    "release",
    "report",
)
AROUND = {"src/gettok/pipeline/runner.py", "src/gettok/pipeline/paths.py"}


def module(stage: str):
    return importlib.import_module(f"stages.{stage}")


def settings_read(stage: str) -> Iterator[str]:
    """Every `settings.x.y` in a stage's module and in what it reaches beside it, as `x.y`; the longest chains only."""
    beside = {path for path in reached_from(f"stages.{stage}") if path.startswith("stages/")}
    # what is around every stage reads how work is spread and whether conf/ is new, which are in no stage's params
    trees = [ast.parse((ROOT / path).read_text("utf-8")) for path in beside - AROUND]
    chains = set()
    for node in chain.from_iterable(ast.walk(tree) for tree in trees):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id == "settings" and parts:
            chains.add(".".join(parts))
        if isinstance(node, ast.Name) and node.id == "stage" and parts[:1] == ["settings"] and parts[1:]:
            chains.add(".".join(parts[1:]))
    return (one for one in chains if not any(other.startswith(one + ".") for other in chains))


def is_a_setting(key: str) -> bool:
    fields = Settings.model_fields
    for part in key.split("."):
        if part not in fields:
            return False
        fields = getattr(fields[part].annotation, "model_fields", {})
    return True


def test_there_are_the_ten_stages_in_their_order():
    assert tuple(_DVC["stages"]) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_s_description_is_its_module_s_docstring(stage):
    assert _DVC["stages"][stage]["desc"] == module(stage).__doc__
    assert _DVC["stages"][stage]["cmd"] == f"python -m stages.{stage}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_settings_that_it_reads_and_no_others(stage):
    declared = module(stage).PARAMS
    assert tuple(_DVC["stages"][stage]["params"]) == declared
    assert all(is_a_setting(key) for key in declared)
    read = {one.removesuffix(".model_dump") for one in settings_read(stage)}
    for key in declared:
        assert any(one == key or one.startswith(key + ".") for one in read), f"{key} is never read"
    for one in read:
        assert any(one == key or one.startswith(key + ".") for key in declared), f"{one} is not declared"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_file_of_ours_that_it_reaches(stage):
    deps = _DVC["stages"][stage]["deps"]
    ours = {dep for dep in deps if not dep.startswith(("data/", "conf", "inputs", "${"))}
    assert ours == reached_from(f"stages.{stage}")
    assert len(deps) == len(set(deps))


@pytest.mark.parametrize("stage", STAGES)
def test_every_output_is_a_plain_cached_one_of_its_own(stage):
    outputs = [*_DVC["stages"][stage]["outs"], *_DVC["stages"][stage].get("metrics", [])]
    assert all(isinstance(output, str) for output in outputs), (
        "persist or cache: false switches the run cache off"
    )
    assert f"data/books/{stage}.json" in outputs


def test_what_a_stage_reads_of_data_is_the_output_of_another():
    outputs = {output for stage in _DVC["stages"].values() for output in stage["outs"]}
    for name, stage in _DVC["stages"].items():
        for dep in stage["deps"]:
            assert not dep.startswith("data/") or dep in outputs, f"{name} reads {dep}, which no stage writes"


def test_the_library_knows_nothing_of_what_is_above_it():
    for file in (ROOT / "src" / "gettok").rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert not roots & {"stages", "sandbox", "hydra", "omegaconf", "dvc"}, file


def test_no_engine_setting_is_in_any_stage_s_params():
    assert not [key for stage in STAGES for key in module(stage).PARAMS if key.startswith("engine")]


def test_the_closure_finds_an_import_inside_a_function_and_a_template(tmp_path: Path):
    assert "src/gettok/report/page.html" in reached_from("stages.report")
    assert "src/gettok/cli/try_step.py" in reached_from("gettok.cli.app")
