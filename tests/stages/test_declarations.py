"""dvc.yaml says what is so: each stage's description, settings, files and outputs."""

import ast
import importlib
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import yaml
from root import ROOT

from gettok.books import COUNTED, STAGES
from gettok.pipeline.code_digest import PACKAGES, reached_from
from gettok.settings import Settings

_DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
NAMES = tuple(stage.name for stage in STAGES)
AROUND = {f"src/gettok/pipeline/{name}.py" for name in ("runner", "paths", "experiment_inputs")}


def module(stage: str):
    return importlib.import_module(f"stages.{stage}")


def settings_read(stage: str) -> Iterator[str]:
    """Every `settings.x.y` in a stage's module and in what it reaches beside it, as `x.y`; the longest chains only."""
    near = ("stages/", "src/gettok/pipeline/")
    beside = {path for path in reached_from(f"stages.{stage}", ROOT) if path.startswith(near)}
    # what is around every stage reads how work is spread and whether conf/ is new, which are in no stage's params, and
    # looks for the files that are named in those that a stage declares
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


def test_the_stages_are_those_of_the_list_in_its_order():
    assert tuple(_DVC["stages"]) == NAMES
    assert {file.stem for file in (ROOT / "stages").glob("*.py")} == {"__init__", *NAMES}


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_s_description_is_its_module_s_docstring(stage):
    assert _DVC["stages"][stage]["desc"] == module(stage).__doc__
    assert _DVC["stages"][stage]["cmd"] == f"python -m stages.{stage}"


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_declares_the_settings_that_it_reads_and_no_others(stage):
    declared = module(stage).PARAMS
    assert tuple(_DVC["stages"][stage].get("params", ())) == declared
    assert all(is_a_setting(key) for key in declared)
    read = {re.sub(r"\.?model_(dump|copy)$", "", one) or one for one in settings_read(stage)} - {"model_copy"}
    if "model_dump" in read:  # the release writes down all settings that it declares
        read |= set(declared)
        read.remove("model_dump")
    for key in declared:
        assert any(one == key or one.startswith(key + ".") for one in read), f"{key} is never read"
    for one in read:
        assert any(one == key or one.startswith(key + ".") for key in declared), f"{one} is not declared"


@pytest.mark.parametrize("stage", NAMES[1:])
def test_a_stage_depends_on_the_digests_of_its_own_code_and_on_nothing_twice(stage):
    deps = _DVC["stages"][stage]["deps"]
    assert deps[0] == f"data/code/{stage}.json"
    assert len(deps) == len(set(deps))
    assert not [dep for dep in deps if dep.startswith(("src", "stages"))]


def test_the_digests_depend_on_every_folder_of_code_that_a_stage_can_reach():
    assert _DVC["stages"]["code"]["deps"] == [folder.as_posix() for folder in PACKAGES.values()]


def test_the_pipeline_file_fits_on_a_few_screens():
    assert len((ROOT / "dvc.yaml").read_text("utf-8").splitlines()) <= 160


@pytest.mark.parametrize("stage", NAMES)
def test_every_output_is_a_plain_cached_one_of_its_own(stage):
    outputs = [*_DVC["stages"][stage]["outs"], *_DVC["stages"][stage].get("metrics", [])]
    assert all(isinstance(output, str) for output in outputs), (
        "persist or cache: false switches the run cache off"
    )
    assert f"data/books/{stage}.json" in outputs or stage == "code"


@pytest.mark.parametrize("stage", ["release", "report"])
def test_what_contains_the_books_depends_on_those_of_every_stage_that_counts_videos(stage):
    assert {f"data/books/{counted}.json" for counted in COUNTED} <= set(_DVC["stages"][stage]["deps"])


def test_what_a_stage_reads_of_data_is_the_output_of_another():
    outputs = {output for stage in _DVC["stages"].values() for output in stage["outs"]}
    for name, stage in _DVC["stages"].items():
        for dep in stage["deps"]:
            made = dep in outputs or Path(dep).parent.as_posix() in outputs
            assert not dep.startswith("data/") or made, f"{name} reads {dep}, which no stage writes"


def test_no_engine_setting_is_in_any_stage_s_params():
    assert not [key for stage in NAMES for key in module(stage).PARAMS if key.startswith("engine")]
