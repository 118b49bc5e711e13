"""Which inputs a stance rests on: a sweep over lists, each question of it paid for once, and read side by side."""

import json
from collections import Counter

import polars as pl
import pytest
import yaml

ARMS = (
    ["transcript"],
    ["caption"],
    ["frames"],
    ["transcript", "description", "on_screen_text", "caption"],
)


@pytest.mark.slow
def test_an_ablation_pays_for_each_distinct_question_once_and_is_read_as_a_multiverse(
    repository, asked, sandbox
):
    settings = yaml.safe_load((repository.folder / "params.yaml").read_text("utf-8"))
    usual = settings["codebook"]["variables"]["stance"]["inputs"]
    arms = [*ARMS, usual]
    seen = len(sandbox.requests())
    lists = ",".join(f"[{','.join(arm)}]" for arm in arms)
    said = repository.dvc(
        "exp",
        "run",
        "--queue",
        "-S",
        "prompt_injection=off",
        "-S",
        f"codebook.variables.stance.inputs={lists}",
    )
    assert said.count("Queueing with overrides") == len(arms)
    repository.run_queue()
    cost = asked()
    assert (cost["queries"], cost["pages"], cost["media"]) == ({}, {}, {})
    sent = Counter(one["body_sha256"] for one in sandbox.requests()[seen:] if one["method"] == "POST")
    assert sent.total() == cost["model"].total() > 0
    assert set(sent.values()) == {1}, "no two requests of the whole ablation have the same body"
    judged = read_side_by_side(repository, arms, usual)
    # what it starts from is paid for
    assert cost["model"].total() <= sum(judged[", ".join(arm)] for arm in ARMS)
    assert asked()["model"] == {}


def read_side_by_side(repository, arms: list[list[str]], usual: list[str]) -> dict[str, int]:
    """How many videos have a stance, by the inputs, as `gettok multiverse` and `dvc exp show` agree."""
    said = repository.run("gettok", "multiverse")
    assert f"{len(arms)} specifications; 1 more is identical to one of these" in said
    folder = repository.data / "multiverse"
    numbers = json.loads((folder / "multiverse.json").read_text("utf-8"))
    assert [one["setting"] for one in numbers["differ_in"]] == ["codebook.variables.stance.inputs"]
    table = pl.read_parquet(folder / "multiverse.parquet")
    by_inputs = {row["codebook.variables.stance.inputs"]: row for row in table.to_dicts()}
    assert by_inputs.keys() == {", ".join(arm) for arm in arms}
    assert by_inputs[", ".join(usual)]["also"] == ["workspace"]
    lost = table.select(pl.sum_horizontal("n", "^lost_.*$")).to_series()
    assert lost.to_list() == table["videos"].to_list() == [10] * len(arms), "the books balance"
    assert by_inputs["frames"]["lost_no_inputs"] == 2, "of ten videos two have no file, and so no frame"
    assert by_inputs["caption"]["n"] == 10, "and each has a caption"
    rates = rates_of_experiments(repository)
    judged = {inputs: row["n"] for inputs, row in by_inputs.items()}
    assert {inputs: videos for inputs, (videos, _) in rates.items()} == judged
    assert rates["caption"][1] < rates[", ".join(usual)][1], "a caption alone seldom tells"
    return judged


def rates_of_experiments(repository) -> dict[str, tuple[int, float]]:
    """How many stances of each experiment people judged, and how often these were right, by the inputs."""
    shown = json.loads(repository.dvc("exp", "show", "--json", "--no-pager"))
    experiments = [one for commit in shown for one in commit.get("experiments") or []]
    found = {}
    for revision in (one for experiment in experiments for one in experiment["revs"]):
        inputs = revision["data"]["params"]["params.yaml"]["data"]["codebook"]["variables"]["stance"][
            "inputs"
        ]
        rates = revision["data"]["metrics"]["data/metrics.json"]["data"]["by_people"]["stance"]
        found[", ".join(inputs)] = (rates["videos"], rates["accuracy"])
    return found
