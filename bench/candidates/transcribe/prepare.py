"""Writes the task of a run: the clips, the model if it is a random one, and the settings.

    python -m bench.candidates.transcribe.prepare DIR --clips 200 --model demo --device cpu

Prints a line of JSON.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import ctranslate2
import yaml

from bench.candidates import real_whisper
from bench.candidates.transcribe.clips import write
from bench.candidates.transcribe.task import Task

CONF = Path(__file__).parents[3] / "conf" / "asr"
#: The clips' language. Detecting it is not measured.
LANGUAGE = "es"


def settings(given: argparse.Namespace) -> dict[str, Any]:
    """The recogniser's settings; without `--own-formats`, one number format for all candidates."""
    own = {"demo": "demo", "real": "_base"}.get(given.model, "large_v3")
    asr = _read(CONF / "_base.yaml") | _read(given.asr or CONF / f"{own}.yaml")
    asr |= {"device": given.device, "language": asr["language"] or LANGUAGE}
    if asr["compute_type"] == "auto" and not given.own_formats:
        asr["compute_type"] = "float16" if given.device == "cuda" else "float32"
    if given.model == "real":
        asr |= {"model": str(real_whisper.folder())}
    elif given.model != "demo":
        asr |= {"model": str(_random_model(given, asr["compute_type"])), "revision": None}
    return asr


def _read(file: Path) -> dict[str, Any]:
    """The keys of a file of conf/asr, without the list of the files that it builds on."""
    keys: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return {key: value for key, value in keys.items() if key != "defaults"}


def _random_model(given: argparse.Namespace, compute_type: str) -> Path:
    from sandbox.speech import random_model  # noqa: PLC0415 - slow to import, and not needed for the demo's model

    number_format = "float16" if compute_type.endswith("float16") else "float32"
    transformers_folder, ctranslate2_folder = random_model.write(
        given.folder, given.model, tokens=given.tokens, number_format=number_format
    )
    shutil.rmtree(transformers_folder)  # no candidate reads it, and a large model takes gigabytes
    return ctranslate2_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--asr", type=Path)
    parser.add_argument("--own-formats", action="store_true")
    given = parser.parse_args()
    if given.device == "cuda" and not ctranslate2.get_cuda_device_count():
        sys.exit(
            "There is no GPU that CTranslate2 can use.\n  What we did: measured nothing\n"
            "  What you can do: run it on a machine with an NVIDIA GPU, or with --device cpu"
        )
    clips = tuple(write(given.folder, given.clips, given.seed))
    Task(settings(given), given.model not in ("demo", "real"), clips).save(given.folder)
    print(json.dumps({"clips": len(clips), "sound_s": round(sum(clip.sound_s for clip in clips), 1)}))


if __name__ == "__main__":
    main()
