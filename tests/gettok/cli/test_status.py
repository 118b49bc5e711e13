"""The command `gettok status` on a real DVC repository, whose stages cost nothing."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from dvc_here import dvc, enter
from free_pipeline import make
from march_study import GIVEN
from repository import Repository, files
from waiting import wait_until

from gettok.cli import status_facts
from gettok.cli.app import app
from gettok.cli.compose import compose
from gettok.cli.status import as_json
from gettok.cli.status_lines import lines
from gettok.collect.tombstones import RefreshLists
from gettok.tables import DESCRIPTIONS

#: DVC's own code, which these tests run in this process, is warned by a library of its.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Repository:
    """To be copied, not changed."""
    return make(tmp_path_factory.mktemp("made") / "repo")


@pytest.fixture
def repository(made, tmp_path, monkeypatch) -> Repository:
    repository = made.copy(tmp_path / "repo")
    enter(repository, monkeypatch)
    return repository


@pytest.fixture
def status(repository):
    """What the command prints at 80 columns, and its facts."""

    def call() -> tuple[str, dict]:
        found = status_facts.status()
        return "\n".join(lines(found, 80)), json.loads(json.dumps(as_json(found), default=str))

    return call


def states(facts: dict) -> dict[str, str]:
    return {stage["name"]: stage["state"] for stage in facts["pipeline"]["stages"]}


def flat(text: str) -> str:
    """The text without the breaks of its lines."""
    return " ".join(text.split())


def edit(repository: Repository, path: str, old: str, new: str) -> None:
    file = repository.folder / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_after_a_run_nothing_is_to_do_and_nothing_was_changed(repository, status):
    before = files(repository.data)
    text, facts = status()
    assert text.startswith("Demo: the attempted coup in Peru, 2022, as synthetic videos (study demo,\n")
    assert "sandbox-vision: as conf/ composes them" in flat(text)
    assert "dvc repro has nothing to run" in flat(text)
    assert "data no output is missing" in flat(text)
    assert facts["study"]["name"] == "demo"
    assert facts["settings"] == {"origin": "conf", "experiment": None, "differences": [], "problem": None}
    assert set(states(facts).values()) == {"done"}
    assert files(repository.data) == before
    assert repository.git("status", "--porcelain") == ""
    assert not repository.store.exists()


def test_the_command_prints_the_facts_for_people_and_for_programs(repository, status, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text, facts = status()
    app(["status"], standalone_mode=False)
    assert capsys.readouterr().out == f"{text}\n"
    app(["status", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == facts


def test_an_override_is_named_with_both_values_and_the_stages_that_it_makes_run(repository, status):
    compose(["llm.votes=3", "study.title='Another title'"])
    text, facts = status()
    assert facts["settings"]["origin"] == "override"
    title, votes = facts["settings"]["differences"]
    assert (title["key"], title["old"]) == ("study.title", "Another title")
    assert votes == {"key": "llm.votes", "old": 3, "new": 1}
    assert "llm.votes: 3 in params.yaml, 1 in conf/" in flat(text)
    assert 'study.title: "Another title" in params.yaml, "Demo: the attempted coup in' in flat(text)
    assert "as synthetic videos" not in text, "a long value is cut"
    assert "`gettok compose` goes back to conf/" in flat(text)
    assert "dvc repro runs describe; then release, where what they read changes" in flat(text)
    assert "describe: llm.votes was 1, is 3" in flat(text)
    assert states(facts) == {"code": "done", "collect": "done", "describe": "runs", "release": "follows"}
    compose([])
    assert status()[1]["settings"]["origin"] == "conf"


def test_an_edit_of_conf_is_told_from_an_override(repository, status):
    edit(repository, "conf/study/demo.yaml", 'end: "2023-02-28"', 'end: "2023-03-01"')
    text, facts = status()
    assert facts["settings"]["origin"] == "edited conf"
    assert facts["settings"]["differences"] == [
        {"key": "study.end", "old": "2023-02-28", "new": "2023-03-01"}
    ]
    assert "a run stops until `gettok compose` takes it" in flat(text)
    assert states(facts)["release"] == "runs"


@pytest.mark.slow
def test_the_settings_of_an_experiment_have_its_name(repository, status):
    repository.dvc("exp", "run", "-n", "three-votes", "-S", "llm.votes=3")
    text, facts = status()
    assert (facts["settings"]["origin"], facts["settings"]["experiment"]) == ("experiment", "three-votes")
    assert "those of the experiment three-votes" in flat(text)
    assert set(states(facts).values()) == {"done"}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (None, "there is no params.yaml"),
        ("a: [", "params.yaml is not YAML: line 2: did not find"),
        ("llm: 1", "llm: must be a section with keys of its own (it is 1)"),
    ],
)
def test_settings_that_cannot_be_used_are_reported_beside_the_rest(repository, status, damage, said):
    params = repository.folder / "params.yaml"
    params.unlink()
    if damage is not None:
        params.write_text(damage, "utf-8")
    text, facts = status()
    assert facts["study"] is None
    assert said in facts["settings"]["problem"]
    assert "not valid: a run stops until `gettok compose` writes params.yaml anew from conf/" in flat(text)
    assert said in flat(text)


def test_conf_that_does_not_compose_is_reported_beside_the_rest(repository, status):
    edit(repository, "conf/config.yaml", "- study: demo", "- study: none_of_these")
    text, facts = status()
    assert "study has no choice 'none_of_these'" in facts["settings"]["problem"]
    assert "none_of_these" in text
    assert facts["study"]["name"] == "demo"


def test_code_inputs_and_tables_that_changed_are_reasons_to_run(repository, status):
    edit(repository, "stages/describe.py", "import time", "import time as time")
    (repository.folder / "inputs" / "collect" / "ids.csv").write_text("1\n", "utf-8")
    made = repository.data / "release" / "all.txt"
    made.unlink()
    made.write_text("by hand", "utf-8")
    text, facts = status()
    assert states(facts) == {"code": "runs", "collect": "runs", "describe": "runs", "release": "runs"}
    assert "runs every stage" in flat(text)
    for reason in (
        "describe: code changed",
        "collect: inputs/collect changed",
        "release: data/release is not what its last run made",
    ):
        assert reason in flat(text)


def test_a_changed_comment_makes_no_stage_run_but_code(repository, status):
    edit(repository, "stages/describe.py", "import time", "import time  # to wait")
    text, facts = status()
    assert states(facts) == {"code": "runs", "collect": "done", "describe": "done", "release": "done"}
    assert "dvc repro runs code" in flat(text)


def test_a_stage_that_never_ran_is_to_run(repository, status):
    pipeline = yaml.safe_load((repository.folder / "dvc.yaml").read_text("utf-8"))
    pipeline["stages"]["report"] = {"cmd": "true", "deps": ["data/release"], "outs": ["data/report"]}
    (repository.folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline), "utf-8")
    text, facts = status()
    assert states(facts)["report"] == "runs"
    assert "report: has not run yet" in flat(text)


def test_a_fresh_clone_lacks_outputs_and_says_where_they_are(repository, tmp_path, monkeypatch, status):
    dvc("remote", "add", "-d", "shared", str(tmp_path / "shared"))
    dvc("push")
    repository.commit("a remote")
    clone = repository.clone(tmp_path / "clone")
    enter(clone, monkeypatch)
    text, facts = status()
    assert set(states(facts).values()) == {"missing"}
    assert "data 7 outputs missing in data/: `dvc pull` fetches them" in flat(text)
    assert not clone.data.exists()
    assert not clone.store.exists()
    dvc("pull")
    text, facts = status()
    assert set(states(facts).values()) == {"done"}
    shutil.rmtree(clone.data)
    assert "`dvc checkout` brings them back" in flat(status()[0])


def test_without_a_remote_missing_outputs_are_made_again(repository, tmp_path, monkeypatch, status):
    enter(repository.clone(tmp_path / "clone"), monkeypatch)
    text, _ = status()
    assert "dvc repro makes the missing outputs of every stage again" in flat(text)
    assert "no remote is set up: `dvc remote add -d NAME URL`" in flat(text)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_answers_that_the_store_lacks_are_counted_unless_their_table_changed(repository, status, is_recorded):
    rows = [{"video_id": "1", "status": "ok", "answer_key": "a" * 64, "answer": "{}"}]
    DESCRIPTIONS.write(rows, repository.data / "descriptions" / "2022-12-07.parquet")
    if is_recorded:
        dvc("commit", "--force", "describe")
    text, facts = status()
    counts, names = (
        "lacks 1 answer of the tables (describe 1): `gettok store refill`",
        "is not what dvc.lock records",
    )
    assert facts["to_refill"] == ({"describe": 1} if is_recorded else {})
    assert (counts in flat(text), names in flat(text)) == (is_recorded, not is_recorded)
    assert not repository.store.exists()


def test_the_age_of_the_last_refresh_is_told_and_whether_the_next_is_due(repository, status):
    assert "refresh there was none yet" in flat(status()[0])
    for days, due in ((14, False), (15, True)):
        began = datetime.now(UTC) - timedelta(days=days, hours=1)
        round_ = {"round": began.strftime("%Y-%m-%dT%H:%M:%SZ"), "source": "sandbox", "method": "ids"}
        folder = repository.folder / "inputs" / "refresh"
        shutil.rmtree(folder)
        RefreshLists(folder).add({**round_, "asked": "1", "confirmed": "1", "missing": "0"}, [])
        text, facts = status()
        assert f"{days} days ago" in text
        assert ("`gettok refresh` is due" in flat(text)) == due
        assert facts["refreshes"] == [
            {
                "subject": "video",
                "round": round_["round"],
                "age_days": days,
                "is_due": due,
                "is_overdue": False,
            }
        ]


@pytest.mark.parametrize(("days", "is_overdue"), [(30, False), (31, True)])
def test_a_refresh_that_binding_terms_ask_for_is_said_to_be_overdue(repository, status, days, is_overdue):
    compose(["terms=research_tools"])
    began = datetime.now(UTC) - timedelta(days=days, hours=1)
    round_ = {"round": began.strftime("%Y-%m-%dT%H:%M:%SZ"), "source": "sandbox", "method": "ids"}
    folder = repository.folder / "inputs" / "refresh"
    RefreshLists(folder).add({**round_, "asked": "1", "confirmed": "1", "missing": "0"}, [])
    text = flat(status()[0])
    assert ("`gettok refresh` is overdue by your terms, and no release is made before" in text) == is_overdue
    assert ("`gettok refresh` is due" in text) == (not is_overdue)


def test_files_that_a_queued_experiment_would_not_see_are_named(repository, status):
    shutil.copy(
        repository.folder / "conf/prompts/codebook/paper.yaml",
        repository.folder / "conf/prompts/codebook/mine.yaml",
    )
    (repository.folder / "inputs" / "labels" / "mine.csv").write_text("x", "utf-8")
    text, facts = status()
    assert facts["not_committed"] == ["conf/prompts/codebook/mine.yaml", "inputs/labels/mine.csv"]
    assert "would not see conf/prompts/codebook/mine.yaml, inputs/labels/mine.csv" in flat(text)
    repository.commit("mine")
    assert status()[1]["not_committed"] == []


@pytest.mark.slow
def test_a_run_that_is_under_way_is_named_with_its_stage_and_is_not_disturbed(repository, status):
    (repository.folder / "hold").touch()
    run = repository.start("dvc", "repro", "-f", "-s", "describe", "release")
    try:
        wait_until(lambda: '"write": {"' in locks(repository) and "describe.json" in locks(repository))
        text, facts = status()
        assert facts["pipeline"] is None
        (seen,) = facts["runs"]["here"]
        assert (seen["command"], seen["stages"]) == ("dvc repro -f -s describe release", ["describe"])
        assert f"`dvc repro -f -s describe release` (process {run.pid}), now at describe" in flat(text)
        assert text.index("under way") < text.index("settings")
        warned = repository.run("gettok", "compose", "llm.votes=3")
        assert f"(process {run.pid}), now at describe is running" in flat(warned)
        assert "run `dvc repro` again" in flat(warned)
        assert "is running" not in repository.run("gettok", "compose", "llm.votes=3"), "nothing changed"
        before = {name: files(repository.folder / name) for name in ("conf", "inputs")}
        options = [part for option in GIVEN.items() for part in option]
        code, refused = repository.outcome("gettok", "new", "march", *options)
        assert code == 69, refused
        assert f"(process {run.pid}), now at describe is running, and would go on with" in flat(refused)
        assert "What we did: wrote nothing" in flat(refused)
        assert {name: files(repository.folder / name) for name in ("conf", "inputs")} == before
    finally:
        (repository.folder / "hold").unlink()
        said, _ = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert status()[1]["runs"]["here"] == []


def locks(repository: Repository) -> str:
    file = repository.folder / ".dvc" / "tmp" / "rwlock"
    return file.read_text("utf-8") if file.exists() else ""


def test_a_lock_that_a_killed_dvc_left_is_reported_with_the_file_to_delete(repository, status):
    (repository.folder / ".dvc" / "tmp" / "rwlock").write_text('{"write": {"da', "utf-8")
    text, facts = status()
    assert "a DVC command was killed" in facts["runs"]["broken_lock"]
    assert "delete that file" in flat(text)
    assert set(states(facts).values()) == {"done"}


def test_the_text_is_short_and_no_wider_than_the_terminal(repository, status):
    compose(["study=peru_2022", "llm.votes=3"])
    text, facts = status()
    assert len(facts["settings"]["differences"]) > 20
    assert facts["settings"]["differences"][0]["key"] == "study.name"
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 30
    assert "collect: " in text
    assert "settings changed" in flat(text)


def test_outside_a_repository_it_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    code, said = Repository(tmp_path / "empty", "no sandbox").outcome("gettok", "status")
    assert code == 66
    assert "is not a DVC repository" in said


def test_dvc_that_cannot_read_the_pipeline_does_not_hide_the_settings(repository, status):
    (repository.folder / "dvc.lock").write_text("<<<<<<< HEAD\n", "utf-8")
    text, facts = status()
    assert facts["pipeline"] is None
    assert any("DVC cannot read the pipeline" in problem for problem in facts["problems"])
    assert "as conf/ composes them" in flat(text)


@pytest.mark.slow
def test_an_experiment_with_an_uncommitted_prompt_is_refused_when_it_is_queued(repository, status):
    prompts = repository.folder / "conf" / "prompts" / "codebook"
    shutil.copy(prompts / "paper.yaml", prompts / "mine.yaml")
    queue = ("dvc", "exp", "run", "--queue", "-n", "mine", "-S", "prompts/codebook=mine")
    code, said = repository.outcome(*queue)
    assert code != 0
    assert "git does not have conf/prompts/codebook/mine.yaml" in said
    assert "commit it (`git add conf`, `git commit`)" in said
    assert "No experiment tasks in the queue" in repository.dvc("queue", "status")
    repository.commit("mine")
    assert "Queued experiment 'mine'" in repository.run(*queue)
