"""The sound of a video's media, as speech recognition wants it: one channel, 16,000 samples a second."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gettok.confined import confined
from gettok.errors import Unusable
from gettok.media.container import frames_of
from gettok.media.track import check_whole, opened_sound, resampled, sound_of

Sound = npt.NDArray[np.float32]

RATE_HZ = 16_000
_FULL_SCALE = np.float32(32_768)
_FLOOR_DB = -120.0


def decode(path: Path | str, max_s: float) -> Sound:
    """Decode the first sound track of an MP4 or MP3 file in a child process; samples lie between -1 and 1.

    Raises `Unusable`: `no_audio`, `undecodable`, or `too_large` for more than `max_s` seconds. A damaged
    packet is passed over as every player does, until more than a second is missing.
    """
    return confined(samples_of, Path(path).absolute(), max_s).astype(np.float32) / _FULL_SCALE


def samples_of(path: Path, max_s: float) -> npt.NDArray[np.int16]:
    """The same in this process, as whole numbers: half as many bytes to hand over."""
    with opened_sound(path) as container:
        stream = sound_of(container)
        frames = resampled(frames_of(container.demux(stream)), "s16", "mono", RATE_HZ)
        pieces = _up_to(max_s, (frame.to_ndarray()[0] for frame in frames))
        samples = np.concatenate([np.zeros(0, np.int16), *pieces])
        check_whole(container, stream, samples.size / RATE_HZ)
    if not samples.size:
        raise Unusable("no_audio", "the sound track is empty")
    return samples


def _up_to(max_s: float, pieces: Iterator[npt.NDArray[np.int16]]) -> Iterator[npt.NDArray[np.int16]]:
    samples = 0
    for piece in pieces:
        samples += piece.size
        if samples > max_s * RATE_HZ:
            raise Unusable("too_large", f"its sound is longer than {max_s:g} s")
        yield piece


def seconds(sound: Sound) -> float:
    return sound.size / RATE_HZ


def loudness_db(sound: Sound) -> float:
    """Root mean square against full scale, in dB; digital silence and no sound at all are -120."""
    if not sound.size:
        return _FLOOR_DB
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return max(10 * np.log10(power), _FLOOR_DB) if power else _FLOOR_DB
