"""However often and wherever a run with batches is killed, no question is paid for twice and none is lost."""

from collections import Counter
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import openai
import pytest
from batch_bench import asked, asked_in_batches, items, run_to_be_killed
from deadly_proxy import DeadlyProxy
from hypothesis import given, settings
from hypothesis import strategies as st

from gettok.llm import CallLog
from gettok.llm.batch.client import FINAL
from gettok.llm.client import chat_client
from gettok.step import Answer
from sandbox.server import Sandbox

COUNT = 5
#: A run makes about 20 requests: upload, create, poll, download and delete, for a first batch and for repairs.
KILLS = st.lists(st.integers(0, 44).map(lambda half: half / 2), max_size=4)
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["gettok.llm.batch.engine", "gettok.annotate", "PIL.ImageFont", "http.server"])


def killed_at(url: str, folder: Path, at: float) -> bool:
    """Run it in a process of its own until that request; whether it was killed there."""
    with DeadlyProxy(url, at, lambda: process.pid or 0) as proxy:
        process = _FORKS.Process(target=run_to_be_killed, args=(proxy.url, str(folder), COUNT))
        process.start()
        process.join(60)
        assert process.exitcode is not None
        assert process.exitcode in (0, -9)
        return process.exitcode != 0


def finish_all_batches(sandbox: Sandbox) -> None:
    """A host answers a batch and charges for it even if its client does not know of it; this one when it is polled."""
    with openai.OpenAI(base_url=sandbox.model, api_key="sandbox") as client:
        while any(batch.status not in FINAL for batch in client.batches.list(limit=100)):
            continue


def holds(kills: list[float]) -> int:
    """Runs with these kills, then one to the end; how many runs were killed."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "videos.json").write_text("[]")
        with Sandbox(
            corpus=folder, script=[{"do": "malformed", "match": "v1/batches", "share": 0.4}]
        ) as sandbox:
            struck = sum(killed_at(sandbox.model, folder, at) for at in kills)
            found = asked(asked_in_batches(), sandbox.model, folder, items(COUNT))
            finish_all_batches(sandbox)
            answered = [e for e in sandbox.requests() if e["path"] == "/v1/chat/completions"]
        chat_client.cache_clear()
        assert all(isinstance(outcome, Answer) for outcome in found.values())
        paid = Counter(entry["subject"] for entry in answered)
        assert paid == Counter(dict.fromkeys(paid, 1))
        with CallLog(folder, None) as call_log:
            ((_, made, unknown, usd),) = call_log.by_model()
        assert unknown == 0
        assert made >= paid.total() >= COUNT
        assert usd < Decimal("0.02")  # the worst case of one call alone is 0.008
        return struck


@given(KILLS)
@settings(max_examples=8, deadline=None)
def test_f49_wherever_it_is_killed_no_question_of_a_batch_is_paid_for_twice(kills: list[float]) -> None:
    holds(kills)


@pytest.mark.slow
def test_f49_a_kill_at_each_of_its_requests_in_turn() -> None:
    """Before the server gets it and after it, until the first point after a run's end."""
    first_beyond = next(at for at in range(100) if not holds([at / 2]))
    assert first_beyond > 20


@pytest.mark.slow
@given(KILLS)
@settings(max_examples=40, deadline=None)
def test_f49_wherever_it_is_killed_forty_times(kills: list[float]) -> None:
    holds(kills)
