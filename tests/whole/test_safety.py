"""What a person does by mistake is told; what must stay secret stays so."""

import pytest
from repository import files, stages_run

from gettok.tables import VIDEOS


def test_editing_conf_and_forgetting_to_compose_is_told_and_asks_nothing(repository, asked):
    prompt = repository.folder / "conf" / "prompts" / "stance" / "evidence.yaml"
    prompt.write_text(prompt.read_text("utf-8").replace("Choose one of", "Pick one of"), "utf-8")
    code, said = repository.outcome("dvc", "repro")
    assert code != 0
    assert "conf/ was edited after params.yaml was composed" in said
    assert "gettok compose" in said
    assert asked()["model"] == {}
    repository.compose()
    assert stages_run(repository.dvc("repro")) == ["detect_stance", "release", "report"]
    assert len(asked()["model"]) > 0


@pytest.mark.slow
def test_a_judgement_that_cannot_be_right_stops_the_report_alone_and_asks_nothing(repository, asked):
    video = VIDEOS.read(repository.data / "videos")["video_id"][0]
    file = repository.folder / "inputs" / "stances.csv"
    file.write_text(f"video_id,label\n1,of another study\n{video},maybe\n", "utf-8")
    code, said = repository.outcome("dvc", "repro")
    assert code != 0
    assert f"{file.relative_to(repository.folder)} has in line 3 the label 'maybe'" in said
    assert stages_run(said)[-1] == "report"
    assert not {"describe", "detect_stance"} & set(stages_run(said)), "no model is told what people think"
    file.unlink()
    repository.dvc("repro")
    assert asked() == {"queries": {}, "pages": {}, "media": {}, "model": {}}
    assert "put some into <code>inputs/stances.csv</code>" in (
        repository.data / "report" / "index.html"
    ).read_text("utf-8")
    repository.dvc("plots", "show")
    assert (repository.folder / "dvc_plots" / "index.html").read_text("utf-8").count("vegaEmbed(") >= 3


def test_f50_a_secret_is_in_no_file_and_in_nothing_that_was_said(repository, sandbox):
    canary = f"canary-{0x5D1F0C7E:x}"  # not spelled out, or it would be found here
    secrets = {"TIKTOK_CLIENT_KEY": "sandbox", "TIKTOK_CLIENT_SECRET": canary, "OPENAI_API_KEY": canary}
    repository.compose(
        f"source.api={sandbox.research_api}",
        f"llm.base_url={sandbox.model}",
        "llm.key_from=OPENAI_API_KEY",
        "study.query.any.keywords=[Castillo]",
    )
    spoken = ""
    for stage in ("collect", "describe"):
        code, said = repository.outcome("python", "-m", f"stages.{stage}", **secrets)
        assert code == 77, said
        spoken += said
    assert "TIKTOK_CLIENT_SECRET" in spoken
    assert "OPENAI_API_KEY" in spoken
    assert canary not in spoken
    assert [name for name, content in files(repository.folder).items() if canary.encode() in content] == []
