"""One step over the files of a folder, by one engine.

    python -m bench.candidates.engine STEP FOLDER ADDRESS REPEAT

STEP is `frames` or `transcribe`, with the settings in the folder's `settings.json`. ADDRESS is that of a Ray cluster,
or `local` for one worker in this process. Each file is asked about so many times. Prints a line of JSON: the seconds
until the last outcome, those that the middle half of the outcomes took, and a digest of all outcomes.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

from gettok.engine import Engine, LocalEngine, Outcome
from gettok.engine.ray import ray_engine
from gettok.errors import Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.settings import Asr, Frames
from gettok.speech import TranscribeStep
from gettok.step import Answer, Item, Json, Step, digest_of

#: As in conf/engine.
_BYTES_IN_FLIGHT = 500_000_000


def _step(name: str, settings: Mapping[str, Any]) -> Step[Any]:
    if name == "frames":
        return FramesStep(Frames.model_validate(settings["frames"]))
    return TranscribeStep(Asr.model_validate(settings["asr"]))


def _engine(address: str) -> Engine:
    if address == "local":
        return LocalEngine(1)
    return ray_engine(
        SimpleNamespace(
            workers=None,
            address=address,
            cpus=1.0,
            gpus=0.0,
            memory_bytes=None,
            media="bytes",
            bytes_in_flight=_BYTES_IN_FLIGHT,
        )
    )


def _plain(outcome: Outcome) -> Json:
    if isinstance(outcome, Answer):
        return [dict(outcome.body), {name: blob.digest for name, blob in outcome.blobs.items()}]
    if isinstance(outcome, Unusable):
        return [outcome.reason, outcome.detail]
    raise outcome


def main(name: str, folder: str, address: str, repeat: str) -> None:
    settings = json.loads(Path(folder, "settings.json").read_text("utf-8"))
    files = sorted(Path(folder, name).iterdir())
    items = [
        Item(f"{file.stem}/{number}", "2022-12-07", {}, MediaFile.of(file))
        for number in range(int(repeat))
        for file in files
    ]
    began = time.perf_counter()
    at, outcomes = [], {}
    for item, outcome in _engine(address).run(_step(name, settings), items, Event()):
        at.append(time.perf_counter() - began)
        outcomes[item.video_id] = _plain(outcome)
    figures = {"seconds": at[-1], "middle_s": at[3 * len(at) // 4] - at[len(at) // 4]}
    print(json.dumps(figures | {"digest": digest_of(outcomes)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
