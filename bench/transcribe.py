"""Transcribe the same videos in the paper's way, by whisperx as it comes, and by our step; print a table.

    python bench/transcribe.py [--asr conf/asr/large_v3.yaml] [FILES]

The paper's way is one video at a time: sound written as mp3, read again, recognised in one stream. It runs here on
faster-whisper, which is kinder to it than the reference implementation. Loading is not counted.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import av
import typer
import yaml
from faster_whisper import WhisperModel
from whisperx.asr import load_model

from gettok.errors import Unusable
from gettok.media import MediaFile
from gettok.settings import Asr
from gettok.sound import record
from gettok.speech import TranscribeStep
from gettok.speech.models import compute_type_of, device_of

ROOT = Path(__file__).parent.parent
Way = Callable[[Path], str]


def paper(step: TranscribeStep) -> Way:
    model = WhisperModel(step.asr.model, device=step.asr.device, compute_type=_compute_type(step))

    def say(file: Path) -> str:
        with tempfile.TemporaryDirectory() as folder:
            segments, _ = model.transcribe(
                _mp3(file, Path(folder, "sound.mp3")), beam_size=step.asr.beam_size
            )
            return " ".join(segment.text.strip() for segment in segments)

    return say


def _mp3(file: Path, to: Path) -> str:
    with av.open(str(file)) as source, av.open(str(to), "w") as target:
        sound = source.streams.audio[0]
        made: Any = target.add_stream("libmp3lame", rate=sound.rate)
        for frame in source.decode(sound):
            frame.pts = None
            target.mux(made.encode(frame))
        target.mux(made.encode(None))
    return str(to)


def whisperx(step: TranscribeStep) -> Way:
    asr = step.asr
    pipeline: Any = load_model(
        str(step.model.folder),
        device_of(asr),
        compute_type=compute_type_of(asr),
        vad_method="pyannote",
        asr_options={"beam_size": asr.beam_size},
    )

    def say(file: Path) -> str:
        recording = record(file, 3600)
        heard = pipeline.transcribe(
            recording.cut(0, recording.seconds),
            batch_size=asr.batch_size,
            language=asr.language,
            chunk_size=asr.chunk_s,
        )
        return " ".join(segment["text"].strip() for segment in heard["segments"])

    return say


def ours(step: TranscribeStep) -> Way:
    def say(file: Path) -> str:
        try:
            return str(step.read(step.ask(MediaFile(str(file), "0" * 64)))[0]["text"])
        except Unusable:
            return ""

    return say


def _compute_type(step: TranscribeStep) -> str:
    return "default" if step.asr.compute_type == "auto" else step.asr.compute_type


def _with_sound(file: Path) -> float:
    try:
        return record(file, 3600).seconds
    except Unusable:
        return 0.0


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="Videos; the demo's, if none are named.")] = None,
    asr: Annotated[Path, typer.Option(help="Settings of the recogniser.")] = ROOT
    / "conf"
    / "asr"
    / "demo.yaml",
) -> None:
    """Videos without sound are left out for all three."""
    step = TranscribeStep(Asr.model_validate(yaml.safe_load(asr.read_text("utf-8"))))
    step.open()
    videos = files or sorted((ROOT / "sandbox" / "corpus" / "media").glob("*.mp4"))
    lengths = {file: length for file in videos if (length := _with_sound(file))}
    total_s = sum(lengths.values())
    print(f"{len(lengths)} videos with {total_s:.0f} s of sound")
    figures: dict[str, float] = {}
    for way in (paper(step), whisperx(step), ours(step)):
        started = time.perf_counter()
        characters = sum(len(way(file)) for file in lengths)
        took_s = time.perf_counter() - started
        name = way.__qualname__.partition(".")[0]
        print(f"{name:10} {took_s:7.1f} s  {total_s / took_s:6.1f} × real time", end="  ")
        print(f"{len(lengths) / took_s * 3600:7.0f} videos an hour  {characters} characters")
        figures |= {f"{name}_s": round(took_s, 2), f"{name}_characters": characters}
    print(json.dumps(figures | {"ratio_to_whisperx": round(figures["ours_s"] / figures["whisperx_s"], 2)}))


if __name__ == "__main__":
    typer.run(main)
