"""The engine that sends a stage's questions in batches."""

from collections.abc import Iterator
from contextlib import contextmanager

from gettok.llm import CallLog
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.pipeline.runner import Stage, say
from gettok.settings import Batch, Llm
from gettok.settings.secrets import Secret


@contextmanager
def batch_engine(stage: Stage, llm: Llm, batch: Batch, address: str, key: Secret) -> Iterator[BatchEngine]:
    """An engine with these settings, whose connection and log are open."""
    with (
        CallLog(stage.store.root, llm.budget_usd, llm.base_url) as call_log,
        connect(llm, address, key) as connection,
    ):
        client = BatchClient(connection, ErrorClassifier(llm, key), llm.max_attempts)
        log = BatchLog(call_log, llm.base_url)
        queue = BatchQueue(llm, batch, client, log, lambda message: say(f"{stage.name}: {message}"))
        yield BatchEngine(llm, batch, queue)
