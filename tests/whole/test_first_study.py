"""The whole way of a first study, as the pages describe it: from `gettok new` to a clone that goes on from it."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from repository import Repository, stages_run

from gettok.tables import ANNOTATIONS, VIDEOS

NEW = (
    *("gettok", "new", "first_days", "--source", "sandbox", "--keywords", "Castillo,Boluarte"),
    *("--hashtags", "golpedeestado,PedroCastillo", "--region", "PE", "--start", "2022-12-07"),
    *("--end", "2022-12-07", "--target", "Pedro Castillo as President of Peru"),
)


def facts(repository: Repository, *command: str) -> Any:
    return json.loads(repository.printed("gettok", *command, "--json"))


def bill(repository: Repository) -> tuple[int, Decimal]:
    """The calls that were paid for so far, and what they cost in US dollars."""
    budget = facts(repository, "plan")["budget"]
    return budget["calls"], Decimal(str(budget["spent"]))


def known(repository: Repository, stage: str) -> Mapping[str, Any]:
    """The price of a stage's known calls; nothing of it is estimated."""
    (priced,) = [priced for priced in facts(repository, "plan")["stages"] if priced["stage"] == stage]
    assert priced["estimated"]["videos"] == 0
    return priced["known"]


def pay_as_planned(repository: Repository, stage: str) -> None:
    """Run a stage: it makes as many calls as planned, and costs what was said, so far as answers differ in length."""
    (calls, usd), plan = bill(repository), known(repository, stage)
    assert plan["calls"] > 0
    repository.dvc("repro", stage)
    calls_after, usd_after = bill(repository)
    assert calls_after - calls == plan["calls"]
    assert plan["cost"]["low"] <= usd_after - usd <= plan["cost"]["most"]


def extend(repository: Repository, old: str, new: str) -> None:
    """A day more, as a person edits it."""
    file = repository.folder / "conf" / "study" / "first_days.yaml"
    text = file.read_text("utf-8")
    assert f'end: "{old}"' in text
    file.write_text(text.replace(f'end: "{old}"', f'end: "{new}"'), "utf-8")
    repository.compose()


def stale(repository: Repository) -> list[str]:
    stages = facts(repository, "status")["pipeline"]["stages"]
    return [stage["name"] for stage in stages if stage["state"] != "done"]


def videos(repository: Repository) -> set[str]:
    return set(VIDEOS.read(repository.data / "videos", ["video_id"])["video_id"])


@pytest.mark.slow
def test_the_whole_way_of_a_first_study(sandbox, asked, tmp_path):
    repository = Repository.from_working_tree(tmp_path / "first", sandbox.base)
    _from_nothing_to_a_report(repository)
    _a_day_more(repository, asked)
    _two_prompts(repository)
    _on_from_a_clone(repository, asked, tmp_path)


def _from_nothing_to_a_report(repository: Repository) -> None:
    assert "first_days" in repository.run(*NEW)
    assert facts(repository, "status")["study"]["name"] == "first_days"
    said = repository.run("gettok", "plan")
    assert "gettok plan --probe" in said
    assert bill(repository) == (0, 0)
    assert not re.search(r"dvc repro.*(describe|annotate)", said), "only what costs nothing is advised"

    repository.dvc("repro", "extract_frames", "transcribe")
    assert bill(repository) == (0, 0)
    pay_as_planned(repository, "describe")
    repository.dvc("repro", "transcribe")
    assert known(repository, "annotate")["calls"] > 0
    repository.dvc("repro")
    assert facts(repository, "plan")["total"]["most"] == 0
    assert repository.run("gettok", "summary").startswith("First days\n")
    assert (repository.data / "report" / "index.html").is_file()
    repository.commit("the first day")
    assert stale(repository) == []


def _a_day_more(repository: Repository, asked: Any) -> None:
    before = videos(repository)
    extend(repository, "2022-12-07", "2022-12-08")
    assert {"collect", "tabulate"} <= set(stale(repository))
    plan = facts(repository, "plan")
    assert plan["known"]["most"] == 0, "of the videos that are known, all is answered"
    repository.dvc("repro", "tabulate")
    assert videos(repository) > before
    plan = facts(repository, "plan")
    assert plan["estimated"]["most"] > 0, "the new videos have no frames yet"
    repository.dvc("repro", "extract_frames", "transcribe")
    asked()
    pay_as_planned(repository, "describe")
    assert not asked()["pages"], "no video is downloaded twice"
    repository.dvc("repro")
    repository.commit("a day more")


def _two_prompts(repository: Repository) -> None:
    repository.dvc("exp", "run", "--queue", "-S", "prompts/codebook=evidence,paper", "-S", "llm.votes=1")
    repository.run_queue()
    runs = facts(repository, "runs")
    assert [run["state"] for run in runs] == ["done"] * 4
    assert all(run["n"] == runs[0]["n"] > 0 for run in runs)
    prompts = [json.dumps(run["settings"]) for run in runs]
    assert prompts[2] != prompts[3]
    printed = repository.run("gettok", "runs", COLUMNS="100")
    assert max(map(len, printed.splitlines()[:6])) <= 100

    judged = ANNOTATIONS.read(repository.data / "annotations").filter(status="ok").row(0, named=True)
    assert judged["label"] in repository.run("gettok", "show", judged["video_id"])


def _on_from_a_clone(repository: Repository, asked: Any, place: Any) -> None:
    repository.git("init", "-q", "--bare", str(place / "origin"))
    repository.git("push", "-q", str(place / "origin"), "main")
    repository.dvc("remote", "add", "-d", "ours", str(place / "remote"))
    repository.commit("a remote")
    repository.git("push", "-q", str(place / "origin"), "main")
    repository.dvc("push")

    theirs = repository.clone(place / "theirs")
    assert "dvc pull" in theirs.run("gettok", "status")
    theirs.dvc("pull")
    assert "gettok store refill" in theirs.run("gettok", "status")
    theirs.run("gettok", "store", "refill")
    assert facts(theirs, "plan")["total"]["most"] == 0
    asked()
    assert stages_run(theirs.dvc("repro")) == []
    extend(theirs, "2022-12-08", "2022-12-09")
    theirs.dvc("repro")
    cost = asked()
    new = videos(theirs) - videos(repository)
    assert new
    assert set(cost["pages"]) == new
    assert "2022-12-09" in repository_days(theirs)


def repository_days(repository: Repository) -> set[str]:
    return {file.stem for file in (repository.data / "videos").glob("*.parquet")}
