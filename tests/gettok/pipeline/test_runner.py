"""The runner around a stage, with a run of a test's own."""

from threading import Event
from types import SimpleNamespace

import pytest
import yaml

from gettok.errors import BadSettings, Interrupted
from gettok.pipeline.runner import _run


@pytest.fixture
def run(tmp_path, monkeypatch, params):
    """Runs a stage that declares `llm`, and rewrites `params.yaml` with other settings while it runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GETTOK_STORE", str(tmp_path / "store"))

    def start(section: str, check=lambda: None, **new) -> None:
        write(params)
        signals = SimpleNamespace(stop=Event(), check=check)
        _run("describe", ["llm"], lambda _: write({**params, section: {**params[section], **new}}), signals)

    def write(settings) -> None:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), "utf-8")

    return start


def test_a_stage_whose_settings_changed_while_it_ran_stops_before_dvc_records_the_new_ones(run):
    with pytest.raises(
        BadSettings, match=r"settings of describe in params\.yaml were changed while it ran"
    ) as stopped:
        run("llm", votes=3)
    assert "all answers are kept" in stopped.value.did
    assert "dvc repro" in stopped.value.can


def test_other_settings_may_change_while_a_stage_runs(run):
    run("llm")
    run("frames", stride=7)


def test_a_stage_that_finished_though_a_signal_came_does_not_end_as_done(run):
    """Or DVC would go on to the next one."""

    def came() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        run("llm", check=came)
