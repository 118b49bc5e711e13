"""A queued sweep gives every combination and pays for each distinct answer once."""

import json

import pytest


@pytest.mark.slow
def test_a_sweep_over_prompts_and_strides_pays_for_each_distinct_answer_once(repository, asked):
    sweep = ("-S", "prompts/stance=paper,evidence", "-S", "frames=every_300,every_150")
    repository.dvc("exp", "run", "--queue", *sweep)
    repository.dvc("exp", "run", "--run-all")
    cost = asked()
    assert cost["model"].total() > 0
    assert set(cost["model"].values()) == {1}
    assert (cost["queries"], cost["pages"], cost["media"]) == ({}, {}, {})
    shown = json.loads(repository.dvc("exp", "show", "--json", "--no-pager"))
    experiments = [
        (
            revision["data"]["params"]["params.yaml"]["data"]["prompts"]["stance"]["name"],
            revision["data"]["params"]["params.yaml"]["data"]["frames"]["stride"],
        )
        for commit in shown
        for experiment in commit.get("experiments") or []
        for revision in experiment["revs"]
    ]
    assert sorted(experiments) == [("evidence", 150), ("evidence", 300), ("paper", 150), ("paper", 300)]
