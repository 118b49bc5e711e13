"""Decodes the sound of a video's media for speech recognition: one channel, 16,000 samples a second."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from gettok.errors import Unusable
from gettok.media.audio_track import opened_sound, sound_stream, taken_sound
from gettok.media.clock import read_starts
from gettok.media.container import picture_stream
from gettok.media.recording import RATE_HZ, Recording
from gettok.media.sound_packets import SoundPackets
from gettok.media.subprocess_decode import run_in_subprocess
from gettok.media.timeline import Timeline
from gettok.store.disk_space import full_disk_as_no_space

#: More than a codec needs to get going, which is decoded and not heard.
_PRIMING_S = 1


def decode_audio(path: Path | str, max_s: float) -> Recording:
    """Decode the taken sound track of a file in a child process.

    Raises `Unusable`: `no_audio`, `undecodable`, or `too_large` for more than `max_s` seconds. Damaged packets are
    replaced by silence, until more than a second is missing; a pause in the times is silence and nothing is missing.
    """
    return _decoded(write_samples, path, max_s)


def decode_beginning(path: Path | str, max_s: float) -> Recording:
    """The first `max_s` seconds of the taken sound track, in which damaged packets are silence.

    Raises `Unusable`: `no_audio` or `undecodable`.
    """
    recording = _decoded(write_beginning, path, max_s)
    return Recording(recording.samples[: round(max_s * RATE_HZ)])


def _decoded(write: Callable[[Path, Path, float], None], path: Path | str, max_s: float) -> Recording:
    with (
        full_disk_as_no_space(Path(tempfile.gettempdir())),
        tempfile.NamedTemporaryFile(suffix=".pcm") as file,
    ):
        run_in_subprocess(write, Path(path).absolute(), Path(file.name), max_s)
        # the mapping keeps the bytes while they are used; the file's name is deleted at once
        return Recording(np.memmap(file.name, np.int16, "r"))


def write_samples(path: Path, to: Path, max_s: float) -> None:
    """`decode_audio` in this process: write the samples as 16-bit integers to the file `to`."""
    with _taken_packets(path) as (packets, zero), to.open("wb") as file:
        timeline = Timeline(file, RATE_HZ, zero, max_s)
        timeline.write(packets.decoded())
        packets.check_complete()
    _refuse_empty(timeline)


def write_beginning(path: Path, to: Path, max_s: float) -> None:
    """`decode_beginning` in this process. The last frame may reach beyond `max_s`."""
    with _taken_packets(path) as (packets, zero), to.open("wb") as file:
        timeline = Timeline(file, RATE_HZ, zero, math.inf)
        timeline.write(_before(packets.decoded(), zero + Fraction(max_s), max_s))
    _refuse_empty(timeline)


@contextmanager
def _taken_packets(path: Path) -> Iterator[tuple[SoundPackets, Fraction]]:
    """The packets of the taken sound track, and the zero of the video's clock in the file's own time."""
    with opened_sound(path) as container:
        number = taken_sound(container, path)
        starts = read_starts(path, container, picture_stream(container), container.streams.audio[number])
    with opened_sound(path) as container:
        yield SoundPackets(container, sound_stream(container, number)), starts.zero


def _before(frames: Iterator[Any], end: Fraction, max_s: float) -> Iterator[Any]:
    """The frames that begin before the end; frames without times are counted."""
    decoded_s = 0.0
    for frame in frames:
        if frame is not None:
            if decoded_s > max_s + _PRIMING_S or (frame.time is not None and frame.time >= end):
                return
            decoded_s += frame.samples / frame.sample_rate
        yield frame


def _refuse_empty(timeline: Timeline) -> None:
    if not timeline.samples:
        raise Unusable("no_audio", "the sound track is empty")
