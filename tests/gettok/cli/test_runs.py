"""The table of runs: short values, what differs from the commit, and no more columns than the terminal has."""

import csv
import io

import polars as pl
import pytest
from rich.console import Console
from small_study import CODEBOOK, EVERY_KIND, STUDY

from gettok.cli import experiments
from gettok.cli.experiments import ListedRun
from gettok.cli.runs import Run, _kept, as_csv, as_rows, as_table, lines_below, short
from gettok.multiverse.compared_variable import ComparedVariable, compared_variable
from gettok.multiverse.specifications import SCHEMA, Specification

COMPARED = compared_variable(CODEBOOK, STUDY.stance.target, None, None)
PROMPT = "Judge the stance of this video.\nAnswer with one word." * 40


def run(name: str, *labels: str, state: str = "success", why: str | None = None, **differs: str) -> Run:
    rows = [{"video_id": str(place), "label": label} for place, label in enumerate(labels)]
    made = Specification(name, {}, pl.DataFrame(rows, schema=SCHEMA), cost_usd=1234.5) if labels else None
    is_experiment = name not in ("workspace", "main 0123456")
    commit = None if name == "workspace" else "0" * 40
    return Run(
        ListedRun(name, commit, is_experiment, state, {}), {}, made, 0.5 if made else None, why, differs
    )


def printed(*made: Run, width: int = 80, compared: ComparedVariable = COMPARED) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(as_table(made, compared))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_an_experiment_shows_only_what_differs_from_its_commit():
    same = {"llm.votes": "1", "prompts.codebook.name": "evidence"}
    lines = printed(
        run("main 0123456", "support", "neutral", **same),
        run("three", "support", **{**same, "llm.votes": "3"}),
        run("none", "support", **{"llm.votes": "1"}),
    )
    assert [line.split() for line in lines[2:]] == [
        ["main", "0123456", "llm.votes=1", "2", "50%", "0%", "50%", "0.50", "$1,234.50"],
        ["prompts.codebook=evidence"],
        ["three", "llm.votes=3", "1", "100%", "0%", "0%", "0.50", "$1,234.50"],
        ["none", "prompts.codebook=none", "1", "100%", "0%", "0%", "0.50", "$1,234.50"],
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_value_is_lost(width):
    settings = {f"section.number_{place}": f"value-{place}" for place in range(8)}
    lines = printed(run("a-try", "support", **settings), width=width)
    assert max(map(len, lines)) <= width
    whole = "".join("".join(lines).split())
    assert [place for place in range(1, 8) if f"section.number_{place}=value-{place}" not in whole] == []


def test_a_run_without_a_result_has_its_state_and_below_the_table_the_reason():
    queued = run("waits", state="queued", why="it is queued and has not run")
    failed = run("unlucky", state="failed", why="its run failed")
    assert [line.split() for line in printed(queued, failed)[2:]] == [
        ["waits", "queued"],
        ["unlucky", "failed"],
    ]
    below = list(lines_below([queued, failed], COMPARED))
    assert below[0] == "waits: it is queued and has not run"
    assert below[1] == "unlucky: its run failed: `dvc queue logs unlucky` shows why"


def test_the_columns_are_the_labels_of_the_variable_that_is_shown():
    topics = compared_variable(EVERY_KIND, "t", "topics", "protest")
    lines = printed(run("a-try", "protest", "not protest", "not protest", "not protest"), compared=topics)
    assert [line.split() for line in lines] == [
        ["not"],
        ["run", "settings", "n", "protest", "protest", "κ", "cost"],
        ["a-try", "4", "25%", "75%", "0.50", "$1,234.50"],
    ]
    assert "n: videos with a label of topics;" in "\n".join(lines_below([], topics))


def test_brackets_in_a_name_are_no_markup():
    assert "a[bold]b" in printed(run("a[bold]b", "support"))[2]


def test_a_long_text_is_named_by_its_digest_and_a_short_one_is_itself():
    assert short("paper") == "paper"
    assert short(["transcript", "caption"]) == "transcript, caption"
    assert short(None) == "null"
    assert short(PROMPT)[0] == "#"
    assert len(short(PROMPT)) == 9
    assert short(PROMPT) != short(PROMPT + ".")
    assert short("two\nlines")[0] == "#"


def test_rows_and_csv_have_the_same_numbers():
    made = [
        run("workspace", "support", "neutral", **{"llm.votes": "1"}),
        run("waits", state="queued", why="w"),
    ]
    first, second = as_rows(made, COMPARED)
    assert first["shares"] == {"support": 0.5, "no support": 0.0, "neutral": 0.5}
    assert (second["settings"], second["n"]) == ({"llm.votes": None}, None)
    in_csv = list(csv.DictReader(io.StringIO(as_csv(made, COMPARED))))
    assert [row["run"] for row in in_csv] == ["workspace", "waits"]
    assert (in_csv[0]["llm.votes"], in_csv[0]["share_support"], in_csv[0]["n"]) == ("1", "0.5", "2")


def test_further_models_are_compared_by_name_and_settings_of_the_work_alone_are_left_out():
    settings = {
        "llm.extra_models": [{"model": "b", "prices": None}],
        "llm.max_concurrency": 8,
        "llm.votes": 1,
    }
    assert _kept(settings) == {"llm.extra_models": ["b"], "llm.votes": 1}


class Ending:
    """DVC's experiments, of which some end while they are listed: their files are gone when DVC reads them."""

    def __init__(self, gone: int) -> None:
        self.experiments, self.gone = self, gone

    def show(self, revs):
        self.gone -= 1
        if self.gone >= 0:
            raise FileNotFoundError("the file of a run")
        return revs


def test_an_experiment_that_ends_while_dvc_looks_is_looked_at_again(monkeypatch):
    monkeypatch.setattr(experiments, "_PAUSE_S", 0)
    assert experiments._shown(Ending(4), ["HEAD"]) == ["HEAD"]
    with pytest.raises(FileNotFoundError):
        experiments._shown(Ending(5), ["HEAD"])
