"""Have a model judge each video's stance towards the study's target from transcript, description, texts and a frame."""

from collections.abc import Iterable

from gettok.llm import interruptible_clock
from gettok.pipeline.annotating.models import asking_models
from gettok.pipeline.annotating.prompt_injection import judge_variants
from gettok.pipeline.annotating.stances import items, step_of
from gettok.pipeline.answering import Skipped, writer_by_day
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage
from gettok.stance.prompt_injection.variants import check
from gettok.stance.step import StanceInputs, StanceStep
from gettok.step import Item, Row
from gettok.store.atomic_write import atomic_dir
from gettok.tables import STANCES

PARAMS = ("llm", "prompts.stance", "study.stance", "prompt_injection")


def run(stage: Stage) -> None:
    settings = stage.settings
    entries = list(items(settings.prompts.stance.inputs))
    with addresses(settings.llm.base_url) as where:
        address, key = where.of(settings.llm.base_url, "model"), model_key(settings.llm)
        clock = interruptible_clock(stage.stop)
        step = step_of(settings, address, key, stage.store.root, clock)
        if settings.prompt_injection:
            check(settings.prompt_injection, step)
        with asking_models(stage, address, key) as asking:
            judge_variants(asking, step, entries, _judge(asking, step, entries))


def _judge(asking: Stage, step: StanceStep, entries: list[Item[StanceInputs] | Skipped]) -> dict[str, str]:
    """Write the table of stances; returns the label of each video that has one."""
    labels: dict[str, str] = {}
    with atomic_dir(DATA / "stances") as folder:
        write = writer_by_day(STANCES, folder)

        def keep(day: str, rows: Iterable[Row]) -> None:
            judged = list(rows)
            write(day, judged)
            labels.update((row["video_id"], row["label"]) for row in judged if row["status"] == "ok")

        asking.answer(step, entries, keep)
    return labels


if __name__ == "__main__":
    run_stage(globals())
