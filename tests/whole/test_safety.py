"""What a person does by mistake is told; what must stay secret stays so."""

from repository import files, stages_run


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
