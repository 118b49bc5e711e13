"""Replies are logged with their cost and are not paid for twice."""

from decimal import Decimal
from typing import Any

import pytest
from chat_bench import QUESTION, Bench, colour, conversation, new_client
from scripted_endpoint import Scripted, fails, says

from gettok.errors import BadSettings, BudgetSpent, NotNow
from gettok.llm import CallLog, Conversation, ModelCall, replies_to
from gettok.step import Answer


def test_a_stored_reply_is_not_asked_for_again(bench: Bench) -> None:
    bench.endpoint.plays(says({"colour": "red"}), says({"colour": "blue"}))
    first = new_client(bench, "log").run(conversation())
    assert new_client(bench, "log", timeout_s=9, max_attempts=1).run(conversation()) == first
    assert len(bench.endpoint.asked) == 1
    assert new_client(bench, "log").run(conversation(vote=1)) != first
    assert len(bench.endpoint.asked) == 2


def test_another_host_model_or_length_is_another_question(bench: Bench) -> None:
    changes: list[dict[str, Any]] = [{}, {"base_url": "https://x/v1"}, {"model": "b"}, {"max_tokens": 9}]
    for change in changes:
        bench.endpoint.plays(says({"colour": "red"}))
        new_client(bench, "log", **change).run(conversation())
    assert len(bench.endpoint.asked) == len(changes)


def test_votes_that_were_answered_before_the_server_failed_are_not_paid_for_twice(bench: Bench) -> None:
    def votes() -> Conversation:
        replies = yield from replies_to([ModelCall(QUESTION, vote) for vote in range(3)], colour)
        return Answer({"votes": [colour(given[-1]) for given in replies]})

    bench.endpoint.plays(says({"colour": "red"}), says({"colour": "blue"}), fails(500), fails(500))
    with pytest.raises(NotNow):
        new_client(bench, "log", max_attempts=1).run(votes())
    bench.endpoint.plays(says({"colour": "green"}))
    assert new_client(bench, "log").run(votes()).body == {"votes": ["red", "blue", "green"]}
    assert len(bench.endpoint.asked) == 5  # one of them is tiny


def test_f48_the_cost_of_a_call_is_logged_by_its_own_token_count(bench: Bench) -> None:
    bench.endpoint.plays(fails(429), says({"colour": "red"}))
    new_client(bench, "log").run(conversation())
    with CallLog(bench.folder / "log", None) as call_log:
        assert call_log.spent_usd() == Decimal("0.002")  # 1,000 tokens at $1 and 100 at $10 a million
        assert [(spent.calls, spent.unknown) for spent in call_log.by_model()] == [(2, 0)]


def test_f48_a_spent_budget_stops_before_the_call(bench: Bench) -> None:
    bench.endpoint.plays(says({"colour": "red"}))
    with pytest.raises(BudgetSpent, match="budget"):
        new_client(bench, "log", budget_usd=0.001).run(conversation())
    assert bench.endpoint.asked == []


def test_f48_without_a_price_nothing_is_asked(bench: Bench) -> None:
    with pytest.raises(BadSettings, match="no price is set for model-a"):
        new_client(bench, "log", prices=None)
    assert bench.endpoint.asked == []


def test_f47_a_silent_try_counts_in_full_and_is_asked_again(bench: Bench) -> None:
    bench.endpoint.plays(Scripted(does="hang"), says({"colour": "red"}))
    new_client(bench, "log", timeout_s=1).run(conversation())
    with CallLog(bench.folder / "log", None) as call_log:
        ((_, made, unknown, usd),) = call_log.by_model()
    assert (made, unknown) == (2, 1)
    assert usd > Decimal("0.004")  # the longest answer alone, which may have been made, is 0.003
