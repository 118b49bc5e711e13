"""Write down what is said in each video, with flags that tell how far to trust it."""

from gettok.tables import TRANSCRIPTS
from gettok.transcribe import TranscribeStep
from stages.answering import whole, writer_by_day
from stages.inputs import media_items
from stages.shell import DATA, Stage, main

PARAMS = ("asr",)


def run(stage: Stage) -> None:
    with whole(DATA / "transcripts") as folder:
        stage.answer(
            TranscribeStep(stage.settings.asr), list(media_items()), writer_by_day(TRANSCRIPTS, folder)
        )


if __name__ == "__main__":
    main(globals(), run)
