"""The table of waits: which answers are asked for again, when and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.research_api.error_mapping import Verdict
from gettok.research_api.retry import Attempts, Decision, RetryPolicy

POLICY = RetryPolicy()
GIVE_UP, RENEW = Decision("give_up"), Decision("renew")
AT_ONCE = (Verdict.QUOTA_SPENT, Verdict.DENIED, Verdict.BAD_QUESTION, Verdict.UNKNOWN_CODE, Verdict.DECLINED)
UNSOUND = (Verdict.SERVER_ERROR, Verdict.DAMAGED, Verdict.UNREACHABLE)
SEARCHING = (Verdict.SEARCH_UNKNOWN, Verdict.CURSOR_REFUSED)
RETRIED = (*UNSOUND, *SEARCHING, Verdict.RATE_LIMITED)
REFUSALS = sorted(set(Verdict) - {Verdict.ACCEPTED}, key=lambda verdict: verdict.value)


def test_the_lists_of_this_file_have_every_verdict():
    assert {*AT_ONCE, *RETRIED, Verdict.TOKEN_REFUSED, Verdict.ACCEPTED} == set(Verdict)


@pytest.mark.parametrize("verdict", AT_ONCE)
@pytest.mark.parametrize("retry_after_s", [None, 5.0])
def test_what_waiting_cannot_change_is_given_up_after_one_answer(verdict, retry_after_s):
    assert POLICY.next(verdict, Attempts(), 0.5, retry_after_s=retry_after_s) == GIVE_UP


@pytest.mark.parametrize("answers", [1, 2, 6, 7])
def test_a_refused_token_is_renewed_once_whenever_it_comes(answers):
    assert POLICY.next(Verdict.TOKEN_REFUSED, Attempts(answers), 0.5) == RENEW
    assert POLICY.next(Verdict.TOKEN_REFUSED, Attempts(answers, renewed=True), 0.5) == GIVE_UP


@pytest.mark.parametrize("verdict", UNSOUND)
@pytest.mark.parametrize(("jitter", "waits"), [(0.0, [0.5, 1, 2, 4, 8]), (0.5, [0.75, 1.5, 3, 6, 12])])
def test_server_trouble_is_waited_out_twice_as_long_each_time(verdict, jitter, waits):
    steps = [POLICY.next(verdict, Attempts(answers), jitter) for answers in range(1, 7)]
    assert steps == [*(Decision("wait", wait_s) for wait_s in waits), GIVE_UP]


@pytest.mark.parametrize(("jitter", "waits"), [(0.0, [10, 20, 40, 60, 60]), (0.5, [12.5, 25, 50, 60, 60])])
def test_asking_too_fast_is_answered_by_ten_seconds_and_more(jitter, waits):
    steps = [POLICY.next(Verdict.RATE_LIMITED, Attempts(answers), jitter) for answers in range(1, 7)]
    assert steps == [*(Decision("wait", wait_s) for wait_s in waits), GIVE_UP]


@pytest.mark.parametrize("verdict", SEARCHING)
@pytest.mark.parametrize(
    ("old", "waits"), [(False, [2, 4, 8, 15, 30]), (True, [2])], ids=["a new search", "an old search"]
)
def test_a_search_that_the_server_does_not_know_yet_is_waited_for_and_an_old_one_hardly(verdict, old, waits):
    steps = [
        POLICY.next(verdict, Attempts(answers), 0.9, old_search=old) for answers in range(1, len(waits) + 2)
    ]
    assert steps == [*(Decision("wait", wait_s) for wait_s in waits), GIVE_UP]


@pytest.mark.parametrize("verdict", [*UNSOUND, Verdict.RATE_LIMITED])
def test_an_old_search_is_not_given_up_for_other_reasons(verdict):
    assert POLICY.next(verdict, Attempts(5), 0.5, old_search=True).action == "wait"


@pytest.mark.parametrize("verdict", RETRIED)
@pytest.mark.parametrize(
    ("retry_after_s", "action"),
    [
        (0.0, "wait"),
        (7.0, "wait"),
        (120.0, "wait"),
        (600.0, "wait"),
        (601.0, "come_back"),
        (1e9, "come_back"),
    ],
)
def test_f03_retry_after_is_honoured_up_to_ten_minutes(verdict, retry_after_s, action):
    decision = POLICY.next(verdict, Attempts(), 0.5, retry_after_s=retry_after_s)
    assert decision == Decision(action, retry_after_s)


def test_the_bounds_of_the_settings_hold():
    policy = RetryPolicy(max_attempts=3, max_attempts_of_old_search=1, max_wait_s=5, max_total_s=9)
    assert policy.next(Verdict.RATE_LIMITED, Attempts(2), 0.0) == Decision("wait", 5)
    assert policy.next(Verdict.RATE_LIMITED, Attempts(3), 0.0) == GIVE_UP
    assert policy.next(Verdict.RATE_LIMITED, Attempts(2, waited_s=4), 0.0) == Decision("wait", 5)
    assert policy.next(Verdict.RATE_LIMITED, Attempts(2, waited_s=4.5), 0.0) == GIVE_UP
    assert policy.next(Verdict.SEARCH_UNKNOWN, Attempts(1), 0.0, old_search=True) == GIVE_UP
    assert policy.next(Verdict.RATE_LIMITED, Attempts(2, waited_s=4.5), 0.0, retry_after_s=5) == GIVE_UP


answers = st.tuples(
    st.sampled_from(REFUSALS),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 1e9),
)
policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 8),
    max_attempts_of_old_search=st.integers(1, 8),
    max_wait_s=st.floats(0, 100),
    max_total_s=st.floats(0, 500),
)


@given(policies, st.lists(answers, min_size=20, max_size=20), st.booleans())
def test_whatever_comes_a_question_ends_within_its_tries_and_its_time(policy, sequence, old):
    tried, steps = Attempts(0), []
    for verdict, jitter, retry_after_s in sequence:
        tried = Attempts(tried.answers + 1, tried.waited_s, tried.renewed)
        step = policy.next(verdict, tried, jitter, retry_after_s=retry_after_s, old_search=old)
        steps.append(step)
        if step.action in ("give_up", "come_back"):
            break
        assert 0 <= step.seconds <= (policy.max_wait_s if retry_after_s is None else policy.max_asked_s)
        tried = Attempts(
            tried.answers, tried.waited_s + step.seconds, tried.renewed or step.action == "renew"
        )
    most = max(policy.max_attempts, policy.max_attempts_of_old_search if old else 0)
    assert steps[-1].action in ("give_up", "come_back")
    assert len(steps) <= most + tried.renewed
    assert tried.waited_s <= policy.max_total_s
    assert steps.count(RENEW) <= 1
