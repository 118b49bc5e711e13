"""WhisperX: pyannote finds the speech segments, and faster-whisper transcribes those of one file in batches."""

import os

import whisperx
from faster_whisper.audio import decode_audio

from bench.candidates.transcribe.task import Task, Transcriber


def load(task: Task) -> Transcriber:
    """With its defaults, except that it uses all cores instead of four; its own number format is float32 on a CPU."""
    asr = task.asr
    pipeline = whisperx.load_model(
        asr["model"],
        asr["device"],
        compute_type=task.number_format,
        language=asr["language"],
        vad_method="pyannote",
        asr_options={"beam_size": asr["beam_size"]},
        threads=os.cpu_count(),
    )

    def text(file: str) -> str:
        # its own `load_audio` does the same, but needs the ffmpeg program, which not every machine has
        result = pipeline.transcribe(
            decode_audio(file), batch_size=asr["batch_size"], chunk_size=asr["chunk_s"]
        )
        return " ".join(segment["text"].strip() for segment in result["segments"])

    return lambda files: [text(str(file)) for file in files]
