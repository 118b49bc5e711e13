"""A queued sweep gives every combination, pays for each distinct answer once, and is looked at side by side."""

import json
from collections import Counter

import polars as pl
import pytest


@pytest.mark.slow
def test_a_sweep_over_prompts_and_strides_pays_for_each_distinct_answer_once(repository, asked, sandbox):
    seen = len(sandbox.requests())
    sweep = ("-S", "prompts/codebook=paper,evidence", "-S", "frames=every_300,every_150")
    repository.dvc("exp", "run", "--queue", *sweep)
    repository.run_queue()
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
            revision["data"]["params"]["params.yaml"]["data"]["prompts"]["codebook"]["name"],
            revision["data"]["params"]["params.yaml"]["data"]["frames"]["stride"],
        )
        for commit in shown
        for experiment in commit.get("experiments") or []
        for revision in experiment["revs"]
    ]
    assert sorted(experiments) == [("evidence", 150), ("evidence", 300), ("paper", 150), ("paper", 300)]
    look_side_by_side(repository)
    look_at_the_runs(repository)
    assert asked()["model"] == {}


def look_side_by_side(repository) -> None:
    """`gettok multiverse` has the four as four, and the run that they started from is one of them."""
    said = repository.run("gettok", "multiverse", "--before-after", "2022-12-08")
    assert "4 specifications; 1 more is identical to one of these" in said
    assert "left out" not in said
    folder = repository.data / "multiverse"
    table = pl.read_parquet(folder / "multiverse.parquet")
    assert table.select("frames.stride", "prompts.codebook.name", "also").rows() == [
        (150, "evidence", []),
        (150, "paper", []),
        (300, "evidence", ["workspace"]),
        (300, "paper", []),
    ]
    lost = table.select(pl.sum_horizontal("n", "^lost_.*$")).to_series()
    assert lost.to_list() == table["videos"].to_list() == [10] * 4, "the books balance"
    numbers = json.loads((folder / "multiverse.json").read_text("utf-8"))
    assert [one["setting"] for one in numbers["differ_in"]] == ["frames.stride", "prompts.codebook.name"]
    assert numbers["agreement"]["alpha"]["n"] == max(table["n"])
    assert len(numbers["agreement"]["pairs"]) == 6
    (comparison,) = numbers["comparisons"]
    assert comparison["n"] == 4
    assert repository.git("status", "--porcelain") == "", (
        "nothing is checked out, and git ignores what is written"
    )


def look_at_the_runs(repository) -> None:
    """`gettok runs` has the workspace, the commit and the four, with the numbers that DVC's metrics have."""
    rows = json.loads(repository.run("gettok", "runs", "--json"))
    assert rows[0]["run"] == "workspace"
    assert rows[1]["run"].startswith("main ")
    experiments = rows[2:]
    chosen = [
        (row["settings"]["frames.stride"], row["settings"]["prompts.codebook.name"]) for row in experiments
    ]
    assert sorted(chosen) == [("150", "evidence"), ("150", "paper"), ("300", "evidence"), ("300", "paper")]
    assert {row["state"] for row in rows} == {"done"}
    assert rows[0]["cost_usd"] > 0
    metrics = json.loads((repository.data / "metrics.json").read_text("utf-8"))
    for row in rows[:2]:
        assert row["shares"] == metrics["variables"]["stance"]["share"]
        assert row["kappa"] == metrics["by_people"]["stance"]["kappa"]
        assert row["n"] == metrics["variables"]["stance"]["videos"]
    printed = repository.run("gettok", "runs", COLUMNS="80")
    table, _ = printed.split("\n\n")
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("frames.stride=150") == 2, "an experiment shows what differs from its commit"
