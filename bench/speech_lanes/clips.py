"""Clips of 10 to 60 s out of what is said in the demo's videos, with their true words."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from bench.speech_lanes.task import Clip
from gettok.media.audio import RATE_HZ, Sound, decode_audio
from sandbox.corpus import truth

SHORTEST_S, LONGEST_S = 10, 60
PAUSE_S = (0.3, 3.0)
#: A clip is filled up to a length between the shortest and this one, and the last video goes beyond it.
_FILLED_S = 50


class Speech(NamedTuple):
    sound: Sound
    words: str


def write(folder: Path, count: int, seed: int) -> Iterator[Clip]:
    """Write so many clips; the same seed gives the same clips."""
    dice = random.Random(f"{seed}/clips")
    speeches = _speeches()
    for number in range(count):
        chosen = _joined(speeches, dice)
        name = f"{number:05}.m4a"
        _write(folder / name, chosen.sound)
        yield Clip(name, round(chosen.sound.size / RATE_HZ, 3), chosen.words)


def _speeches() -> list[Speech]:
    """The videos of the demo in which somebody speaks Spanish, and which are whole."""
    known = truth.truth()
    rows = json.loads((truth.HERE / "videos.json").read_text("utf-8"))
    videos = [(known[row["api"]["id"]], row["page"]) for row in rows]
    return [
        Speech(_whole(truth.media_path(page["media"])), told.words)
        for told, page in videos
        if page["media"] and page["serve"] == "whole" and told.words and told.language == "es"
    ]


def _joined(speeches: list[Speech], dice: random.Random) -> Speech:
    """Some of them in a random order, a pause of digital silence before and after each."""
    filled_s = dice.uniform(SHORTEST_S, _FILLED_S)
    parts, words = [_pause(dice)], []
    for speech in dice.sample(speeches, len(speeches)):
        length_s = sum(part.size for part in parts) / RATE_HZ
        if length_s >= filled_s:
            break
        if length_s + speech.sound.size / RATE_HZ + PAUSE_S[1] <= LONGEST_S:
            parts += [speech.sound, _pause(dice)]
            words.append(speech.words)
    return Speech(np.concatenate(parts), " ".join(words))


def _whole(file: Path) -> Sound:
    recording = decode_audio(file, 3600)
    return recording.cut(0, recording.seconds)


def _pause(dice: random.Random) -> Sound:
    return np.zeros(int(dice.uniform(*PAUSE_S) * RATE_HZ), np.float32)


def _write(path: Path, sound: Sound) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        stream: Any = file.add_stream("aac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray((sound * 32_767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE_HZ
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
