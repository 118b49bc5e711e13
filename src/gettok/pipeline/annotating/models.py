"""Whether a stage's questions are sent one by one or in batches, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gettok.pipeline.runner import Stage
from gettok.settings import Llm
from gettok.settings.secrets import Secret


@contextmanager
def asking_models(stage: Stage, address: str, key: Secret) -> Iterator[Stage]:
    """The stage, with the engine that its model's settings ask for."""
    llm: Llm = stage.settings.llm
    if llm.batch is None:
        yield stage
        return
    from gettok.pipeline.annotating.batches import batch_engine  # noqa: PLC0415 - openai takes a second to import

    with batch_engine(stage, llm, llm.batch, address, key) as engine:
        yield replace(stage, engine=engine)
