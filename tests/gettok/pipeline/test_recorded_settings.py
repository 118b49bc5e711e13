"""Which settings the outputs were made with, and which have changed since."""

import re

import pytest
import yaml

from gettok.errors import BadSettings, Damaged
from gettok.pipeline.outputs import locked_stages
from gettok.pipeline.recorded_settings import changed_settings, recorded_settings, refuse_other_settings

NOW = {
    "study": {"title": "new", "end": "2022-12-08", "query": {"any": {"keywords": ["a"]}}},
    "source": {"name": "x"},
}


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Writes `params.yaml`, and a `dvc.lock` with these settings of each stage."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(NOW), "utf-8")

    def write(**stages):
        entries = {
            name: {"cmd": "x", "params": {"params.yaml": settings}} for name, settings in stages.items()
        }
        (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": entries}), "utf-8")
        locked_stages.cache_clear()  # a process reads it once

    return write


def test_a_stage_whose_settings_have_changed_is_named_with_the_innermost_keys(recorded):
    recorded(
        collect={"study.query": {"any": {"keywords": ["b"], "hashtags": ["c"]}}, "source": {"name": "x"}},
        tabulate={"study.end": "2022-12-08"},
        report={"study": {**NOW["study"], "title": "old"}},
        download={"download": {"pause_s": 0}},
    )
    assert changed_settings() == {
        "collect": ["study.query.any.hashtags", "study.query.any.keywords"],
        "download": ["download"],
        "report": ["study.title"],
    }
    assert recorded_settings("tabulate") == {"study.end": "2022-12-08"}


def test_without_a_run_nothing_has_changed(recorded, tmp_path):
    assert (changed_settings(), recorded_settings("collect")) == ({}, {})
    (tmp_path / "dvc.lock").write_text("stages: {code: {cmd: x}}", "utf-8")


def test_a_damaged_lock_is_refused(recorded, tmp_path):
    (tmp_path / "dvc.lock").write_text("stages: [", "utf-8")
    with pytest.raises(Damaged, match=r"dvc\.lock cannot be read"):
        changed_settings()


PIPELINE = {
    "stages": {
        "collect": {"outs": ["data/pages", "data/books/collect.json"]},
        "tabulate": {"deps": ["data/pages/day"], "outs": ["data/videos"]},
        "download": {"deps": ["${download.folder}", "data/videos"], "outs": ["data/media"]},
        "describe": {"deps": ["data/media"], "outs": ["data/descriptions"]},
        "transcribe": {"deps": ["data/media"], "outs": ["data/transcripts"]},
    }
}
OTHER_QUERY = {"study.query": {"any": {"keywords": ["b"]}}, "source": {"name": "x"}}


@pytest.fixture
def pipeline(recorded, tmp_path):
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False), "utf-8")
    return recorded


@pytest.mark.parametrize("stage", ["tabulate", "download", "describe", "transcribe"])
def test_a_stage_refuses_tables_that_were_made_with_other_settings(pipeline, stage):
    pipeline(collect=OTHER_QUERY)
    with pytest.raises(BadSettings, match=f"{stage} would read tables that were made with other") as refused:
        refuse_other_settings(stage)
    assert "(collect: study.query.any.keywords)" in refused.value.what
    assert "dvc repro" in refused.value.can


def test_only_the_first_few_settings_are_named(pipeline):
    pipeline(tabulate={f"study.{name}": 1 for name in "abcde"})
    with pytest.raises(BadSettings, match=re.escape("(tabulate: study.a, study.b, study.c, study.d)")):
        refuse_other_settings("download")


def test_what_a_stage_does_not_build_on_and_its_own_settings_may_have_changed(pipeline):
    pipeline(collect=OTHER_QUERY, describe={"llm": {"model": "old"}})
    refuse_other_settings("collect")
    pipeline(describe={"llm": {"model": "old"}}, transcribe={"asr": {"model": "old"}})
    refuse_other_settings("describe")
    refuse_other_settings("transcribe")


def test_settings_that_change_no_result_may_have_changed_before(pipeline):
    pipeline(collect={"source": {"name": "x", "window_days": 7, "api": "http://old"}})
    refuse_other_settings("tabulate")


def test_without_a_pipeline_or_a_run_there_is_nothing_to_refuse(recorded):
    recorded(collect=OTHER_QUERY)
    refuse_other_settings("tabulate")
