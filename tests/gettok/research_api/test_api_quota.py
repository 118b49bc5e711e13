"""The day's quota: what the client itself refuses, what the server says, and when a new day begins."""

from datetime import UTC, datetime, timedelta

import pytest
from api_caller import DATE, GRANTED, PAGE, QUESTION, Asker, RawServer, fails

from gettok.errors import NotNow
from gettok.research_api import ApiCall, Limits, QuotaExhausted, RequestFailing, RetryPolicy

SPENT = fails(429, "daily_quota_limit_exceeded", "The API daily quota limit exceeded. Please try again later")
REFRESH = ApiCall("video/query", QUESTION.body, "refresh", "r")
USERS = ApiCall("user/info", {"username": "u"}, "users", "u")
NOON = datetime(2023, 3, 15, 12, tzinfo=UTC)
BACK = datetime(2023, 3, 16, 0, 2, tzinfo=UTC)
TOMORROW = "Thu, 16 Mar 2023 00:02:00 GMT"


def dated(reply: bytes, date: str) -> bytes:
    assert DATE.encode() in reply
    return reply.replace(DATE.encode(), date.encode())


@pytest.mark.parametrize("hours_off", [-9, 9])
def test_f03_f14_a_spent_quota_ends_at_once_and_says_when_to_come_back_by_the_servers_clock(
    tmp_path, hours_off
):
    with RawServer([PAGE, SPENT]) as server, Asker(server.base, tmp_path) as asker:
        asker.clock.at = (NOON + timedelta(hours=hours_off)).timestamp()
        asker.ask()
        with pytest.raises(QuotaExhausted, match="TikTok says that the day's quota is spent") as error:
            asker.ask()
        assert asker.waits == []
        assert asker.used == len(server.questions) == 2
    assert error.value.exit_code == 75
    assert error.value.back_at == BACK
    assert "after 2023-03-16 00:02 UTC" in error.value.can


@pytest.mark.parametrize("hours_off", [-9, 9])
@pytest.mark.parametrize(
    ("date", "day"), [("15 Mar 2023 23:30", "2023-03-15"), ("16 Mar 2023 00:30", "2023-03-16")]
)
def test_f14_a_request_counts_for_the_servers_day(tmp_path, hours_off, date, day):
    header = f"Wed, {date}:00 GMT"
    now = datetime.strptime(header, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    with (
        RawServer([dated(PAGE, header)], [dated(GRANTED, header)]) as server,
        Asker(server.base, tmp_path) as asker,
    ):
        asker.clock.at = (now + timedelta(hours=hours_off)).timestamp()
        asker.ask()
        assert [request.day for request in asker.api.ledger.requests()] == [day]
        assert asker.used == 1


def test_f14_each_answer_sets_the_clock_again(tmp_path):
    with RawServer([dated(PAGE, TOMORROW)]) as server, Asker(server.base, tmp_path) as asker:
        assert asker.api.now() == NOON
        assert asker.ask().observed_at == BACK
        assert asker.api.now() == BACK
        assert [request.day for request in asker.api.ledger.requests()] == ["2023-03-16"]


def test_f14_midnight_brings_a_new_day(tmp_path):
    late, early = "Wed, 15 Mar 2023 23:59:00 GMT", "Thu, 16 Mar 2023 00:01:00 GMT"
    replies = [dated(PAGE, late), dated(PAGE, late), dated(PAGE, early)]
    limits = Limits(requests_per_day=2)
    with (
        RawServer(replies, [dated(GRANTED, late)]) as server,
        Asker(server.base, tmp_path, limits=limits) as asker,
    ):
        asker.ask()
        asker.ask()
        with pytest.raises(QuotaExhausted, match="2 of the day's 2 requests are used") as error:
            asker.ask()
        assert error.value.back_at == BACK
        asker.clock.at += 120
        asker.ask()
        assert len(server.questions) == 3
        assert asker.used == 1


def test_the_client_itself_refuses_what_is_over_its_limit_across_restarts(tmp_path):
    for before in (0, 3):
        with RawServer() as server, Asker(server.base, tmp_path, limits=Limits(requests_per_day=3)) as asker:
            for _ in range(3 - before):
                asker.ask()
            with pytest.raises(QuotaExhausted, match="3 of the day's 3 requests are used"):
                asker.ask()
            assert len(server.questions) == 3 - before
            assert asker.used == 3


def test_requests_reserved_for_refreshing_are_for_it_alone(tmp_path):
    limits = Limits(requests_per_day=5, reserve=2)
    with RawServer() as server, Asker(server.base, tmp_path, limits=limits) as asker:
        for _ in range(3):
            asker.ask()
        with pytest.raises(
            QuotaExhausted, match="3 of the day's 5 requests are used, 2 of them kept for refreshing"
        ):
            asker.ask()
        asker.ask(REFRESH)
        asker.ask(REFRESH)
        with pytest.raises(QuotaExhausted, match="5 of the day's 5 requests are used"):
            asker.ask(REFRESH)
        assert len(server.questions) == 5


def test_an_endpoint_keeps_to_its_part_of_the_day(tmp_path):
    with RawServer() as server, Asker(server.base, tmp_path) as asker:
        asker.ask()
        asker.ask(USERS.within(2))
        asker.ask(USERS.within(2))
        with pytest.raises(QuotaExhausted, match="2 requests of user/info are used, the day's share of it"):
            asker.ask(USERS.within(2))
        asker.ask(USERS)
        asker.ask(QUESTION.within(2))
        assert len(server.questions) == 5


def test_the_servers_word_is_kept_for_an_hour_and_then_tried_again(tmp_path):
    with RawServer([SPENT]) as server:
        with Asker(server.base, tmp_path) as asker, pytest.raises(QuotaExhausted):
            asker.ask()
        with Asker(server.base, tmp_path) as asker:
            for minutes, asked in ((0, 1), (59, 1), (2, 2), (0, 2)):
                asker.clock.at += minutes * 60
                with pytest.raises(QuotaExhausted, match="TikTok says that the day's quota is spent"):
                    asker.ask()
                assert len(server.questions) == asked, minutes


def test_a_run_that_may_wait_goes_on_with_the_same_question(tmp_path):
    back_at = []

    def waits(error: QuotaExhausted) -> None:
        back_at.append(error.back_at)
        asker.clock.at += (error.back_at - asker.api.server.now()).total_seconds()

    script, tokens = [SPENT, dated(PAGE, TOMORROW)], [GRANTED, dated(GRANTED, TOMORROW)]
    with RawServer(script, tokens) as server, Asker(server.base, tmp_path, on_quota=waits) as asker:
        assert asker.ask().observed_at == BACK
        assert back_at == [BACK]
        assert len({asked.body for asked in server.questions}) == 1
        assert asker.used == 1


def test_a_question_has_all_its_tries_again_after_the_wait_for_a_new_day(tmp_path):
    def waits(error: QuotaExhausted) -> None:
        asker.clock.at += (error.back_at - asker.api.server.now()).total_seconds()

    trouble, tokens = fails(500, "internal_error"), [GRANTED, dated(GRANTED, TOMORROW)]
    script = [trouble, trouble, SPENT, *[dated(trouble, TOMORROW)] * 2, dated(PAGE, TOMORROW)]
    settings = {"on_quota": waits, "policy": RetryPolicy(max_attempts=3)}
    with RawServer(script, tokens) as server, Asker(server.base, tmp_path, **settings) as asker:
        assert asker.ask().status == 200
        assert len(server.questions) == 6


def test_failures_of_a_run_end_it_before_they_use_up_the_quota(tmp_path):
    limits = Limits(requests_per_day=30, failure_share=0.3)
    with (
        RawServer([fails(500, "internal_error")]) as server,
        Asker(server.base, tmp_path, limits=limits) as asker,
    ):
        with pytest.raises(RequestFailing):
            asker.ask()
        with pytest.raises(QuotaExhausted, match="9 requests of this run failed") as error:
            asker.ask()
        assert (error.value.exit_code, error.value.back_at) == (75, BACK)
        assert asker.used == len(server.questions) == 9
        with pytest.raises(NotNow, match="9 requests of this run failed"):
            asker.ask()
        assert len(server.questions) == 9


def test_a_run_that_may_wait_has_a_new_share_of_failures_on_the_next_day(tmp_path):
    def waits(error: QuotaExhausted) -> None:
        asker.clock.at += (error.back_at - asker.api.server.now()).total_seconds()

    trouble, tokens = fails(500, "internal_error"), [GRANTED, dated(GRANTED, TOMORROW)]
    script = [trouble, trouble, dated(trouble, TOMORROW), dated(PAGE, TOMORROW)]
    limits = Limits(requests_per_day=10, failure_share=0.2)
    settings = {"on_quota": waits, "limits": limits, "policy": RetryPolicy(max_attempts=3)}
    with RawServer(script, tokens) as server, Asker(server.base, tmp_path, **settings) as asker:
        assert asker.ask().observed_at == BACK
        assert len(server.questions) == 4
        assert asker.api.failures == 1


def test_connections_that_fail_are_failures_of_the_run_too(tmp_path):
    with (
        RawServer([b""]) as server,
        Asker(server.base, tmp_path, limits=Limits(10, failure_share=0.3)) as asker,
    ):
        with pytest.raises(NotNow, match="3 requests of this run failed"):
            asker.ask()
        assert asker.used == len(server.questions) == 3


def test_answers_are_not_failures_of_the_run_and_the_next_run_has_a_share_of_its_own(tmp_path):
    limits = Limits(requests_per_day=20, failure_share=0.05)
    for _ in range(2):
        with (
            RawServer([PAGE, PAGE, fails(500, "internal_error")]) as server,
            Asker(server.base, tmp_path, limits=limits) as asker,
        ):
            asker.ask()
            asker.ask()
            with pytest.raises(NotNow, match="1 requests of this run failed"):
                asker.ask()
            assert len(server.questions) == 3
