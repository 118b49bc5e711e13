"""Write down what is said in each video, with flags that tell how far to trust it."""

from gettok.speech import TranscribeStep
from gettok.speech.timing import pinnable
from gettok.step import Row
from gettok.tables import TRANSCRIPTS
from stages.answering import whole, writer_by_day
from stages.inputs import media_items
from stages.models import refuse_changed
from stages.shell import DATA, Stage, main

PARAMS = ("asr",)

#: There is a sound, and why it could not be listened to.
_FAILED = frozenset({"undecodable", "too_large"})


def run(stage: Stage) -> None:
    asr = stage.settings.asr
    step = TranscribeStep(asr)
    refuse_changed(stage.store.root, asr.model, step.model, "asr.revision to ")
    for name, model in pinnable(asr.align, asr.language):
        refuse_changed(stage.store.root, name, model, f"asr.align to {name}@")
    with whole(DATA / "transcripts") as folder:
        write = writer_by_day(TRANSCRIPTS, folder)
        stage.answer(step, list(media_items()), lambda day, rows: write(day, map(_told, rows)))


def _told(row: Row) -> Row:
    return row | {"speech": "failed"} if row.get("reason") in _FAILED else row


if __name__ == "__main__":
    main(globals(), run)
