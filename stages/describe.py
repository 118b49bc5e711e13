"""Have a model describe each video from its frames, itself or its sound, and write down the text on the screen."""

from gettok.llm import interruptible_clock
from gettok.pipeline.annotating.descriptions import step_of
from gettok.pipeline.annotating.models import asking_models
from gettok.pipeline.annotating.ocr import read_screens
from gettok.pipeline.annotating.video_inputs import VideoInputs
from gettok.pipeline.answering import writer_by_day
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage
from gettok.store.atomic_write import atomic_dir
from gettok.tables import DESCRIPTIONS

PARAMS = ("llm", "prompts.describe", "ocr")


def run(stage: Stage) -> None:
    settings = stage.settings
    inputs = VideoInputs()
    with (
        addresses(settings.llm.base_url) as where,
        atomic_dir(DATA / "screen_texts") as screen_texts,
        atomic_dir(DATA / "descriptions") as descriptions,
    ):
        screens = read_screens(stage, inputs.frame_days(settings.llm.max_frames), screen_texts)
        address = where.of(settings.llm.base_url, "model")
        key = model_key(settings.llm)
        clock = interruptible_clock(stage.stop)
        step = step_of(settings, address, key, stage.store.root, clock)
        write = writer_by_day(DESCRIPTIONS, descriptions)
        days = screens.beside(inputs.describe_days(settings.llm))
        with asking_models(stage, address, key) as asking:
            asking.answer(step, days, descriptions, lambda day, rows: write(day, screens.compared(day, rows)))


if __name__ == "__main__":
    run_stage(globals())
