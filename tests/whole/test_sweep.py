"""A queued sweep gives every combination, pays for each distinct answer once, and is looked at side by side."""

import json
from collections import Counter

import polars as pl
import pytest


@pytest.mark.slow
def test_a_sweep_over_prompts_and_strides_pays_for_each_distinct_answer_once(repository, asked, sandbox):
    seen = len(sandbox.requests())
    sweep = ("-S", "prompts/stance=paper,evidence", "-S", "frames=every_300,every_150")
    repository.dvc("exp", "run", "--queue", *sweep)
    repository.dvc("exp", "run", "--run-all")
    cost = asked()
    assert cost["model"].total() > 0
    assert set(cost["model"].values()) == {1}
    assert (cost["queries"], cost["pages"], cost["media"]) == ({}, {}, {})
    sent = Counter(one["body_sha256"] for one in sandbox.requests()[seen:] if one["method"] == "POST")
    assert sent.total() == cost["model"].total()
    assert set(sent.values()) == {1}, "no two requests of the whole sweep have the same body"
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
    look_side_by_side(repository)
    assert asked()["model"] == {}


def look_side_by_side(repository) -> None:
    """`gettok multiverse` has the four as four, and the run that they started from is one of them."""
    said = repository.run("gettok", "multiverse", "--before-after", "2022-12-08")
    assert "4 specifications; 1 more is identical to one of these" in said
    assert "left out" not in said
    folder = repository.data / "multiverse"
    table = pl.read_parquet(folder / "multiverse.parquet")
    assert table.select("frames.stride", "prompts.stance.name", "also").rows() == [
        (150, "evidence", []),
        (150, "paper", []),
        (300, "evidence", ["workspace"]),
        (300, "paper", []),
    ]
    lost = table.select(pl.sum_horizontal("n", "^lost_.*$")).to_series()
    assert lost.to_list() == table["videos"].to_list() == [10] * 4, "the books balance"
    numbers = json.loads((folder / "multiverse.json").read_text("utf-8"))
    assert [one["setting"] for one in numbers["differ_in"]] == ["frames.stride", "prompts.stance.name"]
    assert numbers["agreement"]["alpha"]["n"] == max(table["n"])
    assert len(numbers["agreement"]["pairs"]) == 6
    (comparison,) = numbers["comparisons"]
    assert comparison["n"] == 4
    assert repository.git("status", "--porcelain") == "", (
        "nothing is checked out, and git ignores what is written"
    )
