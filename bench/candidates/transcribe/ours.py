"""Our step, run by the engine that runs it in a study; and the same with one clip and one segment at a time."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

from bench.candidates.transcribe.task import Task, Transcriber
from gettok.engine import LocalEngine, Outcome
from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.settings import Asr
from gettok.speech import TranscribeStep
from gettok.step import Answer, Item


def load(task: Task) -> Transcriber:
    return _transcriber(TranscribeStep(Asr.model_validate(task.asr)), LocalEngine())


def one_by_one(task: Task) -> Transcriber:
    return _transcriber(TranscribeStep(Asr.model_validate({**task.asr, "batch_size": 1})), LocalEngine(1))


def _transcriber(step: TranscribeStep, engine: LocalEngine) -> Transcriber:
    def texts(files: Sequence[Path]) -> list[str]:
        items = [_item(number, file) for number, file in enumerate(files)]
        text_of = {item.video_id: _text(step, outcome) for item, outcome in engine.run(step, items, Event())}
        return [text_of[item.video_id] for item in items]

    return texts


def _item(number: int, file: Path) -> Item[MediaFile]:
    return Item(str(number), "2022-12-07", {}, MediaFile.of(file))


def _text(step: TranscribeStep, outcome: Outcome) -> str:
    try:
        if isinstance(outcome, Answer):
            return str(step.read(outcome)[0]["text"])
        raise outcome
    except Unusable:
        return ""
