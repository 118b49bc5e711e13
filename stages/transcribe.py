"""Transcribe what is said in each video, with flags that say how far to trust the text."""

from gettok.pipeline.answering import writer_by_day
from gettok.pipeline.inputs import media_days
from gettok.pipeline.model_pins import refuse_changed
from gettok.pipeline.paths import DATA
from gettok.pipeline.runner import Stage, run_stage, say
from gettok.speech import TranscribeStep
from gettok.speech.word_timestamps import pinnable
from gettok.step import Row
from gettok.store.atomic_write import atomic_dir
from gettok.tables import TRANSCRIPTS

PARAMS = ("asr",)

#: There is a sound, but it could not be transcribed.
_FAILED = frozenset({"undecodable", "too_large"})


def run(stage: Stage) -> None:
    asr = stage.settings.asr
    step = TranscribeStep(asr)
    if step.warning:
        say(f"transcribe: {step.warning}")
    refuse_changed(stage.store.root, asr.model, step.model, "asr.revision to ")
    for name, model in pinnable(asr.align, asr.language):
        refuse_changed(stage.store.root, name, model, f"asr.align to {name}@")
    with atomic_dir(DATA / "transcripts") as folder:
        write = writer_by_day(TRANSCRIPTS, folder)
        stage.answer(step, media_days(), folder, lambda day, rows: write(day, map(_with_failures, rows)))


def _with_failures(row: Row) -> Row:
    return row | {"speech": "failed"} if row.get("reason") in _FAILED else row


if __name__ == "__main__":
    run_stage(globals())
