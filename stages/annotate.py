"""Have a model code each video by the codebook, from the inputs of each variable: one call for each group of them."""

from gettok.llm import interruptible_clock
from gettok.pipeline.annotating.annotations import Annotations, steps_of
from gettok.pipeline.annotating.cascade import CascadeAsking, CascadeTable, cascade_labels
from gettok.pipeline.annotating.models import asking_models
from gettok.pipeline.annotating.prompt_injection import VariantTable
from gettok.pipeline.annotating.video_inputs import VideoInputs
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage
from gettok.store.atomic_write import atomic_dir

PARAMS = ("llm", "codebook", "prompts.codebook", "study.stance", "prompt_injection")


def run(stage: Stage) -> None:
    settings = stage.settings
    with (
        addresses(settings.llm.base_url) as where,
        atomic_dir(DATA / "annotations") as folder,
        atomic_dir(DATA / "cascade") as cascade_folder,
    ):
        address, key = where.of(settings.llm.base_url, "model"), model_key(settings.llm)
        clock = interruptible_clock(stage.stop)
        steps = steps_of(settings, address, key, stage.store.root, clock)
        variants = VariantTable(settings.prompt_injection, steps)
        inputs = VideoInputs()
        annotations = Annotations(settings.codebook)
        cascade = CascadeTable(cascade_folder, cascade_labels(settings))
        with asking_models(stage, address, key) as asking:
            for step in steps:
                name = step.group.name
                days = annotations.applying(step.group, inputs.annotate_days(step))
                asked = cascade.asking(asking, step)
                annotations.add(asked, step, days, asking.shards(step, folder / name, name))
                second = asked.second if isinstance(asked, CascadeAsking) else None
                variants.add(asking, step, days, annotations.labels, second)
        variants.write(stage.name)
        cascade.write(stage)
        books = annotations.books()
    stage.keep_books(books)


if __name__ == "__main__":
    run_stage(globals())
