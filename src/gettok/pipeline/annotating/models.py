"""How a stage's questions reach a model: each by a call of its own, or all in batches, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gettok.llm import Calls
from gettok.llm.batch.client import BatchClient
from gettok.llm.batch.engine import BatchEngine
from gettok.llm.batch.log import BatchLog
from gettok.llm.batch.queue import BatchQueue
from gettok.llm.client import client_of
from gettok.llm.error_mapping import ErrorClassifier
from gettok.pipeline.runner import Stage, say
from gettok.settings import Llm
from gettok.settings.secrets import Secret


@contextmanager
def asking_models(stage: Stage, address: str, key: Secret) -> Iterator[Stage]:
    """The stage, with the engine that the settings of its model ask for."""
    llm: Llm = stage.settings.llm
    if llm.batch is None:
        yield stage
        return
    with Calls(stage.store.root, llm.budget_usd) as calls, client_of(llm, address, key) as client:
        host, record = (
            BatchClient(client, ErrorClassifier(llm, key), llm.max_attempts),
            BatchLog(calls, llm.base_url),
        )
        desk = BatchQueue(llm, llm.batch, host, record, lambda said: say(f"{stage.name}: {said}"))
        yield replace(stage, engine=BatchEngine(llm, llm.batch, desk))
