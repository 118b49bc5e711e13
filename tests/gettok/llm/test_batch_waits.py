"""The batch client waits as long as the host asks, and ends the run if that is too long."""

from collections.abc import Callable
from contextlib import closing

import pytest
from scripted_endpoint import CANARY, Endpoint, Scripted, fails, llm

from gettok.errors import NotNow
from gettok.llm.batch.client import BatchClient
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.settings.secrets import Secret

DONE = Scripted(body=b'{"id": "batch-1", "status": "in_progress"}')


def asked_for(trouble: Scripted, then: Scripted, sleep: Callable[[float], None]) -> str:
    """The status of a batch after some trouble."""
    key = Secret(CANARY)
    with Endpoint() as endpoint, closing(connect(llm(), endpoint.url, key)) as connection:
        endpoint.plays(trouble, then)
        return BatchClient(connection, ErrorClassifier(llm(), key), 3, sleep).status("batch-1").status


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked_s", [7, 120, 600])
def test_a_time_to_wait_is_obeyed_up_to_ten_minutes(status: int, asked_s: int) -> None:
    pauses: list[float] = []
    assert asked_for(fails(status, Retry_After=str(asked_s)), DONE, pauses.append) == "in_progress"
    assert len(pauses) == 1
    assert asked_s <= pauses[0] <= asked_s + 1


def test_a_longer_one_ends_the_run_at_once() -> None:
    pauses: list[float] = []
    with pytest.raises(NotNow, match="asks to wait 60 minutes") as caught:
        asked_for(fails(429, Retry_After="3600"), DONE, pauses.append)
    assert "run the same command again after" in caught.value.can
    assert pauses == []
