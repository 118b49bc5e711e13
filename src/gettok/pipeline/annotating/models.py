"""Whether a stage's questions are sent one by one or in batches, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gettok.llm import CallLog
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.connection import connect
from gettok.llm.error_mapping import ErrorClassifier
from gettok.pipeline.runner import Stage, say
from gettok.settings import Llm
from gettok.settings.secrets import Secret


@contextmanager
def asking_models(stage: Stage, address: str, key: Secret) -> Iterator[Stage]:
    """The stage, with the engine that its model's settings ask for."""
    llm: Llm = stage.settings.llm
    if llm.batch is None:
        yield stage
        return
    with CallLog(stage.store.root, llm.budget_usd) as call_log, connect(llm, address, key) as connection:
        client = BatchClient(connection, ErrorClassifier(llm, key), llm.max_attempts)
        log = BatchLog(call_log, llm.base_url)
        queue = BatchQueue(llm, llm.batch, client, log, lambda message: say(f"{stage.name}: {message}"))
        yield replace(stage, engine=BatchEngine(llm, llm.batch, queue))
