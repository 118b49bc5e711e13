"""A run can be repeated: nothing runs twice, a fresh clone gives the same bytes, and going back is free.

And what a person does by mistake is told; what must stay secret stays so.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from repository import files, stages_run

from gettok.books import STAGES
from gettok.store import Store
from gettok.tables import VIDEOS

NOTHING = {"queries": {}, "pages": {}, "media": {}, "model": {}}


def test_every_stage_has_done_its_work(finished):
    assert len(list((finished.data / "media").glob("*.mp4"))) == 8, (
        "of ten videos one is removed, one is cut off"
    )
    assert (finished.data / "report" / "index.html").stat().st_size > 20_000
    said = finished.run("gettok", "summary")
    assert "download" in said
    assert "word error rate" in said


def test_dvc_shows_the_metrics_and_draws_the_plots(repository):
    shown = json.loads(repository.dvc("metrics", "show", "--json"))
    metrics = shown[""]["data"]["data/metrics.json"]["data"]
    assert metrics["totals"]["videos"] == 10
    assert set(metrics["stance_share"]) == {"support", "no support", "neutral"}
    by_people = metrics["stance_by_people"]
    assert by_people["videos"] == metrics["ok"]["detect_stance"] > 0, "people judged every video of the demo"
    assert 0 <= by_people["accuracy"] <= 1
    repository.dvc("plots", "show")
    page = (repository.folder / "dvc_plots" / "index.html").read_text("utf-8")
    assert page.count("vegaEmbed(") == 4
    assert page.count('"type": "temporal"') == 2, "a day is a time, not a number"
    assert repository.git("status", "--porcelain") == ""


def test_a_second_repro_runs_nothing(repository, asked):
    said = repository.dvc("repro")
    assert stages_run(said) == []
    assert "up to date" in said
    assert asked() == NOTHING


@pytest.mark.slow
def test_a_fresh_clone_with_nothing_kept_reproduces_dvc_lock_to_the_byte(finished, tmp_path, asked):
    clone = finished.clone(tmp_path / "clone")
    said = clone.dvc("repro")
    assert stages_run(said) == [stage.name for stage in STAGES]
    assert clone.git("status", "--porcelain") == ""
    assert files(clone.data) == files(finished.data)
    assert len(asked()["model"]) > 0, "it asked for itself"


def test_another_stance_prompt_runs_three_stages_and_going_back_asks_nothing(repository, asked):
    before = files(repository.data)
    said = repository.dvc("exp", "run", "-S", "prompts/stance=paper")
    assert stages_run(said) == ["detect_stance", "release", "report"]
    first = asked()
    assert first["model"].total() == len(first["model"]) > 0
    assert {service: first[service] for service in ("queries", "pages", "media")} == {
        "queries": {},
        "pages": {},
        "media": {},
    }

    theirs = (repository.folder / "params.yaml").read_bytes()
    repository.compose("prompts/stance=paper")
    assert (repository.folder / "params.yaml").read_bytes() == theirs, "we compose what DVC composes"

    repository.dvc("exp", "run", "-S", "prompts/stance=evidence")
    assert asked()["model"] == {}, "every answer was there already"
    assert files(repository.data) == before


@pytest.mark.slow
def test_f35_what_dvc_does_to_outputs_and_cache_leaves_the_store_alone(repository, asked):
    store = files(repository.store / "blobs")
    repository.dvc("gc", "--workspace", "--force")
    (repository.data / "stances" / "2022-12-07.parquet").unlink()
    repository.dvc("checkout", "--force")
    repository.dvc(
        "exp", "run", "--temp", "--force", "-S", "study.start='2022-12-07'", "-S", "study.end='2022-12-08'"
    )
    assert asked() == NOTHING, "a forced run of everything asks for nothing that is kept"
    assert files(repository.store / "blobs") == store
    with Store(repository.store) as kept:
        assert list(kept.verify()) == []
    assert "all intact" in repository.run("gettok", "store", "verify")


def test_media_are_on_disk_once(finished):
    """Workspace, answer store and DVC's cache share the bytes: what all three take is what the media take."""
    media = [file for file in (finished.data / "media").rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in media)
    cached = {hashlib.md5(file.read_bytes()).hexdigest() for file in media}
    copies = [
        file
        for folder in (finished.folder / ".dvc" / "cache", finished.store / "blobs")
        for file in folder.rglob("*")
        if file.is_file() and hashlib.md5(file.read_bytes()).hexdigest() in cached
    ]
    assert len(copies) >= len(media), "nothing else holds them: there is nothing to compare"
    taken = {file.stat().st_ino: file.stat().st_size for file in (*media, *copies)}
    assert sum(taken.values()) + inline(finished.store, media) <= 1.1 * size


def test_editing_conf_and_forgetting_to_compose_is_told_and_asks_nothing(repository, asked):
    prompt = repository.folder / "conf" / "prompts" / "stance" / "evidence.yaml"
    prompt.write_text(prompt.read_text("utf-8").replace("Choose one of", "Pick one of"), "utf-8")
    code, said = repository.outcome("dvc", "repro")
    assert code != 0
    assert "conf/ was edited after params.yaml was composed" in said
    assert "gettok compose" in said
    assert asked()["model"] == {}
    repository.compose()
    assert stages_run(repository.dvc("repro", "detect_stance")) == ["detect_stance"]
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
        "llm.api_key_env=OPENAI_API_KEY",
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


def inline(root: Path, media: list[Path]) -> int:
    """Bytes of media that lie in the store's database, where files of less than 100 kB do."""
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in media}
    with closing(sqlite3.connect(root / "answers.sqlite")) as database:
        rows = database.execute("SELECT digest, size FROM blobs WHERE data IS NOT NULL").fetchall()
    return sum(size for digest, size in rows if digest in digests)


def edit(repository, path: str, old: str, new: str) -> None:
    file = repository.folder / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_edited_docstrings_rerun_the_digests_and_nothing_else(repository, asked):
    before = files(repository.data)
    for path in ("src/gettok/errors.py", "src/gettok/pipeline/runner.py", "stages/report.py"):
        edit(repository, path, '"""', '"""In other words: ')
    assert stages_run(repository.dvc("repro")) == ["code"]
    assert files(repository.data) == before
    assert asked() == NOTHING


def test_an_edited_style_of_the_report_reruns_the_report_alone(repository, asked):
    edit(repository, "src/gettok/report/style.css", "\n", "\n/* wider */\n")
    assert stages_run(repository.dvc("repro")) == ["code", "report"]
    assert asked() == NOTHING


def test_a_single_stage_refuses_to_run_on_code_that_was_not_digested(repository, asked):
    edit(repository, "stages/transcribe.py", "PARAMS = (", "MORE = 1\nPARAMS = (")
    lock = (repository.folder / "dvc.lock").read_bytes()
    code, said = repository.outcome("dvc", "repro", "--single-item", "--force", "transcribe")
    assert code != 0
    assert "the code of transcribe has changed" in said
    assert "dvc repro transcribe" in said
    assert (repository.folder / "dvc.lock").read_bytes() == lock
    assert asked() == NOTHING


def test_what_a_single_stage_skipped_is_said_by_the_summary(repository):
    edit(repository, "stages/transcribe.py", "PARAMS = (", "MORE = 1\nPARAMS = (")
    assert stages_run(repository.dvc("repro", "--single-item", "transcribe")) == [], "DVC sees no change"
    said = repository.run("gettok", "summary")
    assert "the code of transcribe has changed since this run: `dvc repro` runs it again" in said
    assert "of describe" not in said
