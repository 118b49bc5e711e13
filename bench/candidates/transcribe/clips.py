"""Clips of 10 to 60 s, joined from the speech of the demo's videos, with their true words."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from bench.candidates.transcribe.task import Clip
from gettok.media.audio import decode_audio
from gettok.media.recording import RATE_HZ, Sound
from sandbox.corpus import truth

SHORTEST_S, LONGEST_S = 10, 60
PAUSE_S = (0.3, 3.0)
#: Videos are added until a random length between `SHORTEST_S` and this one is reached; the last may exceed it.
_MAX_FILL_S = 50


class Speech(NamedTuple):
    sound: Sound
    words: str


def write(folder: Path, count: int, seed: int) -> Iterator[Clip]:
    """Write `count` clips; the same seed gives the same clips."""
    rng = random.Random(f"{seed}/clips")
    speeches = _speeches()
    for number in range(count):
        joined = _joined(speeches, rng)
        name = f"{number:05}.m4a"
        _write(folder / name, joined.sound)
        yield Clip(name, round(joined.sound.size / RATE_HZ, 3), joined.words)


def _speeches() -> list[Speech]:
    """The demo's intact videos with Spanish speech."""
    true = truth.truth()
    rows = json.loads((truth.HERE / "videos.json").read_text("utf-8"))
    videos = [(true[row["api"]["id"]], row["page"]) for row in rows]
    return [
        Speech(_whole(truth.media_path(page["media"])), of_video.words)
        for of_video, page in videos
        if page["media"] and page["serve"] == "whole" and of_video.words and of_video.language == "es"
    ]


def _joined(speeches: list[Speech], rng: random.Random) -> Speech:
    """Some of them in a random order, with digital silence before and after each."""
    fill_s = rng.uniform(SHORTEST_S, _MAX_FILL_S)
    parts, words = [_pause(rng)], []
    for speech in rng.sample(speeches, len(speeches)):
        length_s = sum(part.size for part in parts) / RATE_HZ
        if length_s >= fill_s:
            break
        if length_s + speech.sound.size / RATE_HZ + PAUSE_S[1] <= LONGEST_S:
            parts += [speech.sound, _pause(rng)]
            words.append(speech.words)
    return Speech(np.concatenate(parts), " ".join(words))


def _whole(file: Path) -> Sound:
    recording = decode_audio(file, 3600)
    return recording.cut(0, recording.seconds)


def _pause(rng: random.Random) -> Sound:
    return np.zeros(int(rng.uniform(*PAUSE_S) * RATE_HZ), np.float32)


def _write(path: Path, sound: Sound) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        stream: Any = file.add_stream("aac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray((sound * 32_767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE_HZ
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
