"""What `gettok status` says of a price: what is answered, what would be asked, and what is left of the budget."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest

from gettok.cli.status_facts import Status
from gettok.cli.status_lines import _short, lines
from gettok.cli.status_settings import SettingsState
from gettok.cli.status_stages import PipelineStatus
from gettok.pipeline.dvc_runs import DvcRuns
from gettok.pipeline.pricing import Cost, PricedPart, PricedPlan, PricedStage
from gettok.pipeline.pricing.costs import Budget
from gettok.settings import check
from gettok.settings.differences import ABSENT

COST = Cost(Decimal("0.5"), Decimal(1), Decimal(2))
NONE = PricedPart()
NO_BUDGET = Budget(Decimal(0), 0, 0, None)


def stage(name: str, exact: PricedPart, estimated: PricedPart = NONE, **more: str) -> PricedStage:
    return PricedStage(name, ("m",), exact, estimated, COST, 0, **more)


@pytest.fixture
def said(params):
    """The lines about the price, each as one text."""

    def say(*stages: PricedStage, videos: int = 9, **changed) -> str:
        settings = check(params, "test")
        price = PricedPlan(
            stages, changed.pop("expected", 9), changed.pop("ignored", None), changed.pop("budget", NO_BUDGET)
        )
        facts = Status(
            SettingsState(settings, "conf", None, (), None), DvcRuns((), (), None), PipelineStatus((), True, False),
            videos, price, {}, (), (), (),
        )  # fmt: skip
        return " ".join(" ".join(lines(replace(facts, **changed), 80)).split()).partition("to pay ")[2]

    return say


def test_answered_videos_and_those_to_ask_are_counted_by_stage(said):
    asked = stage("describe", PricedPart(5, 2, 3, COST), PricedPart(4, 0, 4, COST))
    variants = stage("prompt_injection", PricedPart(), PricedPart(8, 0, 8, COST))
    assert said(asked, variants) == (
        "about $3.00, at most $6.00 describe: 2 of 5 videos answered, about 4 videos more, 7 calls to ask "
        "prompt_injection: at most 8 variants more, 8 calls to ask"
    )


def test_each_group_of_the_codebook_has_a_line_and_a_bound_says_so(said):
    asked = stage("annotate", PricedPart(5, 5), group="stance")
    perhaps = stage("annotate", PricedPart(), PricedPart(5, 0, 5, COST), group="why", condition="stance is a")
    variants = stage("prompt_injection", PricedPart(6, 6), group="stance")
    assert said(asked, perhaps, variants).endswith(
        "annotate stance: 5 of 5 videos answered annotate why: at most 5 videos more, 5 calls to ask "
        "prompt_injection stance: 6 of 6 variants answered"
    )


def test_where_all_is_answered_nothing_is_to_pay(said):
    assert said(stage("describe", PricedPart(1, 1))) == "nothing describe: 1 of 1 video answered"


def test_the_rest_of_the_budget_is_told(said):
    text = said(stage("describe", PricedPart(1, 0, 1, COST)), budget=Budget(Decimal(3), 2, 0, Decimal(10)))
    assert text.startswith("about $1.00, at most $2.00; $7.00 of the budget are left describe")


def test_a_price_that_lacks_videos_or_tables_says_so(said):
    text = said(stage("describe", PricedPart()), expected=None, ignored="they were made from another source")
    assert text.startswith("nothing for what is known; more videos are to be found")
    assert "the tables in data/ are not this study's: they were made from another source" in text
    assert "describe: nothing is known yet" in text


def test_a_large_study_is_left_to_the_plan(said):
    assert said(videos=40_000, price=None) == "`gettok plan` prices the 40,000 videos, which may take minutes"


def test_without_prices_no_model_is_asked(said, params):
    params["llm"]["prices"] = None
    text = said(price=None)
    assert text == f"no price is set for {params['llm']['model']} (llm.prices), so no model is asked"


def test_of_two_long_values_the_part_is_shown_where_they_begin_to_differ():
    shown = [_short(value, other) for value, other in permutations(["a" * 60 + "x", "a" * 60 + "y"])]
    assert shown == ["…" + "a" * 12 + 'x"', "…" + "a" * 12 + 'y"']
    assert _short("b" * 60, ABSENT) == '"' + "b" * 35 + "…"
    assert _short("short", ABSENT) == '"short"'
