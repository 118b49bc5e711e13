"""What commands print and choose, without a run: orders, plurals, ties and missing numbers."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from small_study import CODEBOOK, STUDY

from gettok.books import Books
from gettok.cli.differences import _possible
from gettok.cli.experiments import _unique
from gettok.cli.multiverse import _counted, _events, _lines
from gettok.cli.plan_models import budget_lines, in_words
from gettok.cli.refresh import method_named
from gettok.cli.summary import _changed, summary, terminal_summary
from gettok.compare.text_sources import COMPARED
from gettok.errors import BadInput
from gettok.multiverse.analysis import analyse
from gettok.multiverse.compared_variable import compared_variable
from gettok.multiverse.specifications import SCHEMA, LeftOut, Specification
from gettok.pipeline.pricing import Cost
from gettok.pipeline.pricing.costs import Budget
from gettok.settings import Settings


def test_the_summary_has_the_most_frequent_reasons_first_and_then_by_name():
    reasons = {"removed": 2, "private": 2, "undecodable": 1500, "no_media": 1}
    text = terminal_summary(
        "A study", {"done": 9, "gap": 1}, {"download": Books(1510, 5, reasons), "describe": Books(5, 5)},
        {"call_to_action": "yes 3, no 0"}, {"report": "here"},
    )  # fmt: skip
    assert text.splitlines() == [
        "A study",
        "  days            done 9, gap 1",
        "  download        5 of 1,510 ok; undecodable 1,500, private 2, removed 2, no_media 1",
        "  describe        5 of 5 ok",
        "  call to action  yes 3, no 0",
        "  report          here",
    ]
    empty = terminal_summary("A study", {}, {}, {}, {})
    assert "days  none: the source is a list of videos" in empty


def test_two_text_sources_may_be_named_in_either_order_and_the_compared_ones_come_first():
    assert _possible("whisper", "captions") == [("whisper", "captions")]
    assert _possible("whisper", "whisper") == []
    assert _possible(None, None)[: len(COMPARED)] == list(COMPARED)
    assert _possible("whisper", None) == [("whisper", "voice_to_text"), ("whisper", "captions")]
    assert _possible(None, "whisper") == [("voice_to_text", "whisper"), ("captions", "whisper")]
    assert _possible("captions", None) == [("captions", "whisper"), ("captions", "voice_to_text")]


def test_an_experiment_whose_name_is_not_its_own_has_its_commit_too():
    assert _unique("a", ["a", "b"], "0123456789") == "a"
    assert _unique("a", ["a", "a"], "0123456789") == "a@0123456"


@pytest.mark.parametrize(("name", "method"), [("auto", None), ("ids", "ids"), ("compliance", "compliance")])
def test_each_method_has_its_name(name, method):
    assert method_named(name) == method


def test_a_method_that_does_not_exist_is_refused():
    with pytest.raises(BadInput, match="there is no method 'id' to refresh"):
        method_named("id")


def test_events_are_the_study_s_or_the_given_ones():
    assert _events(STUDY, []) == list(STUDY.events)
    second = STUDY.events[1]
    assert _events(STUDY, [second.label]) == _events(STUDY, ["2022-12-08"]) == [second]
    (other,) = _events(STUDY, ["2022-12-09"])
    assert (other.day, other.label) == (date(2022, 12, 9), "a chosen day")
    with pytest.raises(BadInput):
        _events(STUDY, ["never"])


@pytest.mark.parametrize(
    ("count", "duplicates", "text"),
    [
        (0, 0, "0 specifications"),
        (1, 0, "1 specification"),
        (2, 1, "2 specifications; 1 more is identical to one of these"),
        (1, 2, "1 specification; 2 more are identical to one of these"),
    ],
)
def test_specifications_are_counted_in_words(count, duplicates, text):
    assert _counted(count, duplicates) == text


def specification(name, *labels):
    rows = [(str(place), date(2022, 12, 6 + place), label, None) for place, label in enumerate(labels)]
    return Specification(name, {"x": name}, pl.DataFrame(rows, SCHEMA, orient="row"))


NO_SIGN = "no sign is more frequent than the others among 2"


@pytest.mark.parametrize(
    ("labels", "alpha", "sign"),
    [
        ([("support", "neutral"), ("support", "neutral")], "1.00, over 2 videos; 0", "negative in 2 of 2"),
        ([("neutral", "support"), ("neutral", "support")], "1.00, over 2 videos; 0", "positive in 2 of 2"),
        ([("support", "support")] * 2, "not defined, over 2 videos; 0", "zero in 2 of 2"),
        ([("support", "neutral"), ("neutral", "support")], "-0.50, over 2 videos; 2", NO_SIGN),
        ([("support",), ("neutral",)], "0.00, over 1 video; 1", "no specification has videos on both sides"),
    ],
)  # fmt: skip
def test_each_result_is_in_words(labels, alpha, sign):
    found = [specification(str(place), *of) for place, of in enumerate(labels)]
    stance = compared_variable(CODEBOOK, "t", None, None)
    made = analyse(STUDY, stance, STUDY.events[:1], found, [LeftOut("old", "why")])
    variable, first, left_out, agreement, difference = _lines(made)
    assert variable == "variable stance: Which stance?"
    assert first == "2 specifications"
    assert left_out == "left out: old: why"
    assert agreement == f"Krippendorff's alpha: {alpha} of them flip"
    assert difference == f"share of 'support' after minus before 2022-12-07: {sign}"


@pytest.mark.parametrize(
    ("most", "is_complete", "verdict"),
    [
        ("1.5", True, "it is enough"),
        ("1.5", False, "it is enough for what is priced here"),
        ("1.5001", True, "it may not be enough"),
        ("1.5001", False, "it may not be enough"),
    ],
)
def test_a_budget_is_enough_if_the_highest_cost_is_no_more_than_it(most, is_complete, verdict):
    budget = Budget(Decimal("0.5"), 1, 0, Decimal(2))
    spent, line = budget_lines(budget, Cost(most=Decimal(most)), is_complete=is_complete)
    assert spent == "spent so far: $0.5000 in 1 call"
    assert line == f"budget: $2.0000, of which $1.5000 are left; {verdict}"


def test_a_budget_that_is_spent_is_enough_for_what_costs_nothing():
    budget = Budget(Decimal("0.5"), 1, 0, Decimal("0.4"))
    _, line = budget_lines(budget, Cost(), is_complete=True)
    assert line == "budget: $0.4000, all of which is spent; it is enough"
    _, line = budget_lines(budget, Cost(most=Decimal("0.1")), is_complete=True)
    assert line == "budget: $0.4000, all of which is spent; it may not be enough"


def test_a_summary_of_no_run_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    books = tmp_path / "data" / "books"
    books.mkdir(parents=True)
    (books / "tabulate.json").write_text("{}", "utf-8")
    with pytest.raises(BadInput, match="lacks the results of download, extract_frames") as refused:
        summary()
    assert "dvc repro" in refused.value.can


def test_a_summary_names_the_study_once_though_it_was_extended(params):
    settings, changed = Settings.model_validate(params), {"collect": ["study.end"]}
    first, second = _changed(settings.study.title, settings, changed)
    assert first.endswith("; params.yaml has since been composed anew")
    assert "changed settings: study.end; they matter to collect: `dvc repro` runs them" in second
    assert _changed("Another", settings, changed)[0].endswith(f"anew for {settings.study.title!r}")
    assert _changed("Another", settings, {}) == []


def test_a_price_is_in_words():
    cost = Cost(Decimal(0), Decimal("0.00005"), Decimal("0.1"))
    assert in_words(cost) == "about $0.0000, at least $0.0000, at most $0.1000"
