"""An unattended collection: with `on_quota: wait` it outlasts every problem that passes with time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from gettok.errors import Interrupted, NotNow
from gettok.tables import COVERAGE
from sandbox.profiles import Profile
from stages.collect import run

WAIT = "collect.on_quota=wait"
WORDS_ALONE = (
    "study.query.any.keywords=[Castillo]",
    "study.query.any.hashtags=[]",
    "study.query.all.regions=[]",
)
NO_TOKEN = {"do": "503_html", "match": "oauth/token"}


def states() -> set[str]:
    return set(COVERAGE.read(Path("data/coverage.parquet"))["state"])


def test_f04_a_token_endpoint_that_is_down_for_hours_does_not_end_a_run_that_waits(collecting, capsys):
    with collecting(WAIT, script=[NO_TOKEN | {"times": 3 * 8 * 6}]) as (sandbox, stage):
        began = sandbox.clock.now()
        run(stage)
        assert (sandbox.clock.now() - began).total_seconds() > 3 * 3600
    assert states() == {"complete"}
    output = capsys.readouterr().err
    assert "gives no access token: HTTP 503" in output
    assert "trying again in 0 h 01 min. Ctrl-C ends the run; nothing is lost" in output


def test_f03_a_rate_limit_that_lasts_for_minutes_does_not_end_a_run_that_waits(collecting):
    with collecting(WAIT, script=["ok", {"do": "429_rate", "times": 2 * 6 + 3}]) as (_, stage):
        run(stage)
    assert states() == {"complete"}


def test_a_search_that_finds_nothing_for_hours_is_waited_for_longer_each_time(collecting, capsys):
    with collecting(WAIT, *WORDS_ALONE, profile=Profile(keyword_blackout=True)) as (sandbox, stage):
        again = sandbox.clock.now().timestamp() + 5 * 3600
        advance = sandbox.clock.advance

        def seeing(seconds: float) -> None:
            advance(seconds)
            if sandbox.clock.now().timestamp() > again:
                switches = f"{sandbox.base}/__sandbox__/switches"
                requests.post(switches, json={"keyword_blackout": False}, timeout=9)

        sandbox.clock.advance = seeing
        run(stage)
    assert states() == {"complete"}
    pauses = [line.partition("trying again in ")[2][:11] for line in capsys.readouterr().err.splitlines()]
    assert [pause for pause in pauses if pause][:8] == [
        "0 h 01 min.",
        "0 h 02 min.",
        "0 h 04 min.",
        "0 h 08 min.",
        "0 h 16 min.",
        "0 h 32 min.",
        "1 h 00 min.",
        "1 h 00 min.",
    ]


def test_f04_a_run_that_does_not_wait_backs_off_for_an_hour_and_ends_with_what_is_wrong(collecting):
    with collecting(script=[NO_TOKEN | {"times": None}]) as (sandbox, stage):
        with pytest.raises(NotNow, match="nothing else is answered for an hour"):
            run(stage)
        assert 3600 < (sandbox.clock.now() - datetime(2023, 3, 15, 12, tzinfo=UTC)).total_seconds() < 7200


def test_f36_a_run_that_backs_off_notices_a_signal(collecting):
    with collecting(WAIT, script=["429_rate"] * 6) as (sandbox, stage):
        advance = sandbox.clock.advance

        def signalled(seconds: float) -> None:
            advance(seconds)
            if seconds > 60:
                stage.stop.set()

        sandbox.clock.advance = signalled
        with pytest.raises(Interrupted):
            run(stage)
