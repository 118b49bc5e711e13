"""WhisperX: pyannote finds the voices, and the pieces of one file at a time go through faster-whisper in batches."""

import os

import whisperx
from faster_whisper.audio import decode_audio

from bench.speech_lanes.task import Task, Transcriber


def opened(task: Task) -> Transcriber:
    """As it comes, but for its own four threads, which is more than some machines have and less than others."""
    asr = task.asr
    pipeline = whisperx.load_model(
        asr["model"],
        asr["device"],
        compute_type=asr["compute_type"],
        language=asr["language"],
        vad_method="pyannote",
        asr_options={"beam_size": asr["beam_size"]},
        threads=os.cpu_count(),
    )

    def text(file: str) -> str:
        # its own `load_audio` does the same by an FFmpeg program, which is not everywhere
        found = pipeline.transcribe(
            decode_audio(file), batch_size=asr["batch_size"], chunk_size=asr["chunk_s"]
        )
        return " ".join(segment["text"].strip() for segment in found["segments"])

    return lambda files: [text(str(file)) for file in files]
