"""How a stage's questions reach a model: each by a call of its own, or all in batches, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gettok.asking import Calls
from gettok.asking.batch_desk import BatchDesk
from gettok.asking.batch_host import BatchHost
from gettok.asking.batch_record import BatchRecord
from gettok.asking.batches import BatchEngine
from gettok.asking.client import client_of
from gettok.asking.verdict import Judge
from gettok.secrets import Secret
from gettok.settings import Llm
from stages.shell import Stage, say


@contextmanager
def asking_models(stage: Stage, address: str, key: Secret) -> Iterator[Stage]:
    """The stage, with the engine that the settings of its model ask for."""
    llm: Llm = stage.settings.llm
    if llm.batch is None:
        yield stage
        return
    with Calls(stage.store.root, llm.budget_usd) as calls, client_of(llm, address, key) as client:
        host, record = BatchHost(client, Judge(llm, key), llm.tries), BatchRecord(calls, llm.base_url)
        desk = BatchDesk(llm, llm.batch, host, record, lambda said: say(f"{stage.name}: {said}"))
        yield replace(stage, engine=BatchEngine(llm, llm.batch, desk))
