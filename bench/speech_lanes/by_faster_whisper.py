"""faster-whisper: one file at a time from its beginning to its end, and by batches of voiced pieces of one file.

Without timestamps and without words from before, which the demo's model has never seen; `task.temperatures` apart,
everything else is as it comes.
"""

from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel

from bench.speech_lanes.task import Task, Transcriber


def opened(task: Task) -> Transcriber:
    return _by(
        _model(task).transcribe,
        language=task.asr["language"],
        beam_size=task.asr["beam_size"],
        temperature=task.temperatures,
        without_timestamps=True,
        condition_on_previous_text=False,
    )


def batched(task: Task) -> Transcriber:
    return _by(
        BatchedInferencePipeline(_model(task)).transcribe,
        language=task.asr["language"],
        beam_size=task.asr["beam_size"],
        batch_size=task.asr["batch_size"],
        chunk_length=task.asr["chunk_s"],
    )


def _model(task: Task) -> WhisperModel:
    asr = task.asr
    return WhisperModel(asr["model"], asr["device"], compute_type=asr["compute_type"])


def _by(transcribe: Any, **options: Any) -> Transcriber:
    def text(file: str) -> str:
        segments, _ = transcribe(file, **options)
        return " ".join(segment.text.strip() for segment in segments)

    return lambda files: [text(str(file)) for file in files]
