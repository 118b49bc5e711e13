"""A run can be repeated: nothing runs twice, a fresh clone gives the same bytes, and going back is free.

And a person's mistakes are reported; what must stay secret stays so.
"""

import hashlib
import json
import re
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from bit_rot import Disturbed
from flipped import flip
from repository import Repository, files, stages_run
from waiting import wait_until

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
    assert re.search(r"(?m)^  collect +(\d+) of \1 ok$", said), "the sandbox gives every candidate"
    assert "word error rate" in said
    assert "voice: " not in said
    assert "voice: " in finished.run("gettok", "summary", "--verbose")


def test_dvc_shows_the_metrics_and_draws_the_plots(repository):
    shown = json.loads(repository.dvc("metrics", "show", "--json"))
    metrics = shown[""]["data"]["data/metrics.json"]["data"]
    assert metrics["totals"]["videos"] == 10
    assert set(metrics["variables"]["stance"]["share"]) == {"support", "no support", "neutral"}
    by_people = metrics["by_people"]["stance"]
    assert by_people["videos"] == metrics["ok"]["annotate"] > 0, "people judged every video of the demo"
    assert 0 <= by_people["accuracy"] <= 1
    repository.dvc("plots", "show")
    page = (repository.folder / "dvc_plots" / "index.html").read_text("utf-8")
    assert page.count("vegaEmbed('#") == 4
    assert "window.vegaEmbed=" in page, "the page has the library that draws"
    assert not re.search(r"""<(script|link|img)[^>]*\s(src|href)=["'](https?:)?//""", page), (
        "it loads nothing"
    )
    assert "default-src 'none'" in page
    assert page.count('"type": "temporal"') == 2, "a day is a time, not a number"
    assert repository.git("status", "--porcelain") == ""


def test_a_second_repro_runs_nothing(repository, asked):
    said = repository.dvc("repro")
    assert stages_run(said) == []
    assert "up to date" in said
    assert asked() == NOTHING


def test_dvc_keeps_its_notes_about_the_files_in_the_repository(repository):
    """Its default folder outlives the repository, and the names of media are video ids."""
    repository.dvc("repro")
    asked = "from dvc.repo import Repo; print(Repo('.').site_cache_dir)"
    notes = Path(repository.run("python", "-c", asked).strip())
    assert notes.is_relative_to(repository.folder)
    assert (notes / "hashes").is_dir(), "it is where DVC writes"
    assert not (Path("/var/tmp/dvc/repo") / notes.name).exists()
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_handful_of_changed_bits_are_found_by_what_reads_them(repository):
    kinds = (
        "data/pages",
        "data/annotations",
        "data/coverage.parquet",
        "data/release",
        ".dvc/gettok-store/answers.sqlite",
    )
    found = list(Disturbed.of(repository).flips(kinds, len(kinds)))
    assert [flip for flip in found if flip[2] not in ("right", "refused")] == []
    assert Counter(outcome for *_, outcome in found)["refused"] >= 4


def test_a_changed_bit_in_a_table_that_no_stage_reads_is_found_when_all_is_verified(repository):
    table = next((repository.data / "counts").glob("*.parquet"))
    flip(table, table.stat().st_size // 2)
    code, said = repository.outcome("gettok", "store", "verify", "--deep")
    assert code == 65
    assert f"data/counts/{table.name} is not what dvc.lock records" in said
    assert "data/videos" not in said


@pytest.mark.slow
def test_a_fresh_clone_with_nothing_kept_reproduces_dvc_lock_to_the_byte(finished, tmp_path, asked):
    clone = finished.clone(tmp_path / "clone")
    said = clone.dvc("repro")
    assert stages_run(said) == [stage.name for stage in STAGES]
    assert clone.git("status", "--porcelain") == ""
    assert files(clone.data) == files(finished.data)
    assert len(asked()["model"]) > 0, "it asked for itself"


@pytest.mark.slow
def test_status_says_what_runs_next_and_what_the_plan_says_that_it_costs(repository):
    """The next test runs the same change: it runs these three stages, and asks about one group."""
    repository.compose("prompts/codebook=paper")
    found = json.loads(repository.run("gettok", "status", "--json"))
    states = {stage["name"]: stage["state"] for stage in found["pipeline"]["stages"]}
    expected = {"annotate": "runs", "release": "runs", "report": "follows"}
    assert {name: state for name, state in states.items() if state != "done"} == expected
    code, said = repository.outcome("sh", "-c", "gettok plan --json 2> /dev/null")
    assert (code, found["price"]) == (0, json.loads(said))
    (stance,) = (
        part for part in found["price"]["stages"] if (part["stage"], part["group"]) == ("annotate", "stance")
    )
    assert (stance["known"]["answered"], stance["known"]["calls"]) == (0, stance["known"]["videos"])
    assert stance["known"]["calls"] > 0


@pytest.mark.slow
def test_another_stance_prompt_runs_three_stages_and_going_back_asks_nothing(repository, asked):
    before = files(repository.data)
    said = repository.dvc("exp", "run", "-S", "prompts/codebook=paper")
    assert stages_run(said) == ["annotate", "release", "report"]
    first = asked()
    assert first["model"].total() == len(first["model"]) > 0
    assert {service: first[service] for service in ("queries", "pages", "media")} == {
        "queries": {},
        "pages": {},
        "media": {},
    }

    theirs = (repository.folder / "params.yaml").read_bytes()
    repository.compose("prompts/codebook=paper")
    assert (repository.folder / "params.yaml").read_bytes() == theirs, "we compose what DVC composes"

    repository.dvc("exp", "run", "-S", "prompts/codebook=evidence")
    assert asked()["model"] == {}, "every answer was there already"
    assert files(repository.data) == before


@pytest.mark.slow
def test_f35_what_dvc_does_to_outputs_and_cache_leaves_the_store_alone(repository, asked):
    store = files(repository.store / "blobs")
    repository.dvc("gc", "--workspace", "--force")
    (repository.data / "annotations" / "stance" / "2022-12-07.parquet").unlink()
    repository.dvc("checkout", "--force")
    notes = repository.folder / ".dvc" / "tmp" / "site-cache" / "repo"
    before = {*notes.iterdir()}
    repository.dvc(
        "exp", "run", "--temp", "--force", "-S", "study.start='2022-12-07'", "-S", "study.end='2022-12-08'"
    )
    assert asked() == NOTHING, "a forced run of everything asks for nothing that is kept"
    assert len({*notes.iterdir()} - before) == 1, "the experiment's notes are beside those of the repository"
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


@pytest.mark.slow
def test_editing_conf_and_forgetting_to_compose_is_told_and_asks_nothing(repository, asked):
    prompt = repository.folder / "conf" / "prompts" / "codebook" / "evidence.yaml"
    prompt.write_text(prompt.read_text("utf-8").replace("Choose one of", "Pick one of"), "utf-8")
    code, said = repository.outcome("dvc", "repro")
    assert code != 0
    assert "conf/ was edited after params.yaml was composed" in said
    assert "gettok compose" in said
    assert asked()["model"] == {}
    repository.compose()
    assert stages_run(repository.dvc("repro", "annotate")) == ["annotate"]
    assert len(asked()["model"]) > 0


def test_a_file_in_inputs_makes_only_the_stages_stale_that_read_it(repository):
    read_by = {
        "inputs/collect": {"collect"},
        "inputs/refresh": {"collect", "tabulate"},
        "inputs/transcripts": {"compare_transcripts"},
        "inputs/labels": {"release", "report"},
        "inputs/cascade": {"annotate"},
    }
    for folder in read_by:
        (repository.folder / folder / "new.csv").write_text("new", "utf-8")
    status = json.loads(repository.dvc("status", "--json"))
    stale = {folder: set() for folder in read_by}
    for stage, changes in status.items():
        for folder in changes[0]["changed deps"]:
            stale[folder].add(stage)
    assert stale == read_by


@pytest.mark.slow
def test_a_judgement_that_cannot_be_right_stops_the_release_and_asks_nothing(repository, asked):
    video, other, *_ = VIDEOS.read(repository.data / "videos")["video_id"]
    file = repository.folder / "inputs" / "labels" / "human_labels.csv"
    file.write_text(f"video_id,label\n1,of another study\n{other},support\n{video},maybe\n", "utf-8")
    code, said = repository.outcome("dvc", "repro")
    assert code != 0
    assert f"{file.relative_to(repository.folder)} has in line 4 the label 'maybe'" in said
    assert stages_run(said) == ["release"], (
        "nothing is collected again, and no model learns what people think"
    )
    file.unlink()
    repository.dvc("repro")
    assert asked() == {"queries": {}, "pages": {}, "media": {}, "model": {}}
    assert "put some into <code>inputs/labels/human_labels.csv</code>" in (
        repository.data / "report" / "index.html"
    ).read_text("utf-8")
    repository.dvc("plots", "show")
    assert (repository.folder / "dvc_plots" / "index.html").read_text("utf-8").count("vegaEmbed('#") >= 3


@pytest.mark.slow
def test_f50_a_secret_is_in_no_file_and_in_nothing_that_was_said(repository, sandbox):
    canary = f"canary-{0x5D1F0C7E:x}"  # not spelled out, or it would be found here
    secrets = {"TIKTOK_CLIENT_KEY": "sandbox", "TIKTOK_CLIENT_SECRET": canary, "OPENAI_API_KEY": canary}
    addresses = f"source.api={sandbox.research_api}", f"llm.base_url={sandbox.model}"
    spoken = ""
    for stage, to_ask in (("collect", ["study.query.any.keywords=[Castillo]"]), ("describe", [])):
        repository.compose(*addresses, "llm.api_key_env=OPENAI_API_KEY", *to_ask)
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


@pytest.mark.slow
def test_edited_docstrings_rerun_the_digests_and_nothing_else(repository, asked):
    before = files(repository.data)
    for path in ("src/gettok/errors.py", "src/gettok/pipeline/runner.py", "stages/report.py"):
        edit(repository, path, '"""', '"""In other words: ')
    assert stages_run(repository.dvc("repro")) == ["code"]
    assert files(repository.data) == before
    assert asked() == NOTHING


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_a_single_stage_skipped_is_said_by_the_summary(repository):
    edit(repository, "stages/transcribe.py", "PARAMS = (", "MORE = 1\nPARAMS = (")
    assert stages_run(repository.dvc("repro", "--single-item", "transcribe")) == [], "DVC sees no change"
    said = repository.run("gettok", "summary")
    assert "the code of transcribe has changed since this run: `dvc repro` runs it again" in said
    assert "of describe" not in said


@pytest.mark.slow
def test_the_summary_after_composing_another_study_is_still_that_of_the_run(repository):
    before = repository.run("gettok", "summary").splitlines()
    repository.compose("study.title=Another", "study.end='2022-12-07'", "study.stance.labels=[for,against]")
    after = repository.run("gettok", "summary")
    assert after.splitlines()[0] == before[0], "the title of the study that was run"
    assert [line for line in before if line not in after.splitlines()] == []
    assert "params.yaml has since been composed anew for 'Another'" in after
    assert "study.end" in after
    assert "study.stance.labels" in after
    assert "collect, tabulate, annotate, release, report: `dvc repro` runs them" in after


def locked(repository: Repository, stage: str) -> bool:
    """Whether a run of the stage has begun since the lock file was deleted."""
    return (repository.store / f"{stage}.lock").exists()


@pytest.mark.slow
def test_settings_that_change_during_a_run_end_it_before_old_tables_get_new_labels(repository, asked):
    before = files(repository.data)
    params = repository.folder / "params.yaml"
    old = params.read_text("utf-8")
    (repository.store / "collect.lock").unlink()
    (repository.store / "tabulate.lock").unlink()
    run = repository.start("dvc", "repro", "--force")
    wait_until(lambda: locked(repository, "tabulate"))
    params.write_text(old.replace("- Pedro Castillo\n", "- Pedro\n"), "utf-8")
    said = run.communicate(timeout=240)[0]
    assert run.returncode != 0, said
    assert "would read tables that were made with other settings than those in params.yaml now" in said
    assert "(collect: study.query" in said
    assert "Traceback" not in said
    assert "report" not in stages_run(said)
    params.write_text(old, "utf-8")
    repository.dvc("repro")
    assert files(repository.data) == before
    assert asked() == NOTHING


@pytest.mark.slow
def test_f36_sigterm_ends_the_release_and_the_next_run_ends_with_the_same_bytes(repository):
    before = files(repository.data)
    (repository.store / "release.lock").unlink()
    process = repository.start(sys.executable, "-m", "stages.release")
    wait_until(lambda: locked(repository, "release"))
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 143, said
    assert "release: stopped as asked" in said
    assert "Traceback" not in said
    assert list(repository.data.rglob("*.unfinished")) == [], "nothing half-written is left"
    repository.run(sys.executable, "-m", "stages.release")
    assert files(repository.data) == before


@pytest.mark.slow
def test_f36_f38_sigterm_to_dvc_alone_leaves_a_stage_that_finishes_and_the_next_run_goes_on(
    repository, asked
):
    """DVC ends at once and its stage goes on, with the lock: no second run can ask the same beside it."""
    before = files(repository.data)
    (repository.store / "tabulate.lock").unlink()
    process = repository.start("dvc", "repro", "--force", "--single-item", "tabulate")
    wait_until(lambda: locked(repository, "tabulate"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)  # the stage has the same output, so it has ended as well
    assert process.returncode in {143, -signal.SIGTERM}
    assert list(repository.data.rglob("*.unfinished")) == []
    said = repository.dvc("repro")
    assert "had been killed. Auto removed it from the lock file" in said
    assert files(repository.data) == before
    assert asked() == {"queries": {}, "pages": {}, "media": {}, "model": {}}


@pytest.mark.slow
def test_f41_the_release_says_which_prompt_its_answers_are_from(repository):
    def prompt() -> str:
        provenance = json.loads((repository.data / "release" / "provenance.json").read_text("utf-8"))
        return provenance["settings"]["prompts"]["codebook"]["name"]

    assert prompt() == "evidence"
    repository.dvc("exp", "run", "-S", "prompts/codebook=paper")
    assert prompt() == "paper"
