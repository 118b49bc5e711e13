"""faster-whisper: one file at a time from beginning to end, and the same in batches of one file's voiced segments.

It runs without timestamps and without the previous text as a prompt, as the demo's model has seen neither in training.
Everything else, except `task.temperatures`, has its default.
"""

from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel

from bench.candidates.transcribe.task import Task, Transcriber


def load(task: Task) -> Transcriber:
    return _transcriber(
        _model(task).transcribe,
        language=task.asr["language"],
        beam_size=task.asr["beam_size"],
        temperature=task.temperatures,
        without_timestamps=True,
        condition_on_previous_text=False,
    )


def batched(task: Task) -> Transcriber:
    return _transcriber(
        BatchedInferencePipeline(_model(task)).transcribe,
        language=task.asr["language"],
        beam_size=task.asr["beam_size"],
        batch_size=task.asr["batch_size"],
        chunk_length=task.asr["chunk_s"],
    )


def _model(task: Task) -> WhisperModel:
    asr = task.asr
    return WhisperModel(asr["model"], asr["device"], compute_type=task.number_format)


def _transcriber(transcribe: Any, **options: Any) -> Transcriber:
    def text(file: str) -> str:
        segments, _ = transcribe(file, **options)
        return " ".join(segment.text.strip() for segment in segments)

    return lambda files: [text(str(file)) for file in files]
